import { Mic, MicOff } from 'lucide-react';
import { Select } from '../../ui/parts';
import { useLevel } from './preview';

interface PickerProps {
  label: string;
  devices: MediaDeviceInfo[];
  /** See {@link DeviceList.unnamed}. */
  unnamed: boolean;
  value: string;
  choose: (deviceId: string) => void;
  busy?: boolean;
  testId?: string;
}

/** Which of the cameras or microphones. */
export function Picker({ label, devices, unnamed, value, choose, busy, testId }: PickerProps) {
  const known = devices.some(({ deviceId }) => deviceId === value);
  return (
    <label className="field">
      <span className="field__label">{label}</span>
      <Select value={known ? value : (devices[0]?.deviceId ?? '')} disabled={devices.length === 0} aria-busy={busy} data-testid={testId} onChange={(change) => choose(change.target.value)}>
        {devices.length === 0 && <option value="">{unnamed ? 'Turn it on once to choose' : 'None found'}</option>}
        {devices.map((device, index) => (
          <option key={device.deviceId} value={device.deviceId}>
            {device.label || `${label} ${index + 1}`}
          </option>
        ))}
      </Select>
    </label>
  );
}

/** Where sound goes: nothing where there is no choice, or where the browser gives none. */
export function SpeakerPicker({ devices, ...rest }: Omit<PickerProps, 'label' | 'unnamed'>) {
  if (devices.length === 0) return null;
  // Chromium lists the system's choice as one of its own; others do not, and one that was picked could not be left again.
  const systems = { deviceId: '', label: 'As the system has it' } as MediaDeviceInfo;
  const all = devices.some(({ deviceId }) => deviceId === 'default') ? devices : [systems, ...devices];
  return all.length > 1 ? <Picker label="Speaker" devices={all} unnamed={false} {...rest} /> : null;
}

/** How loud the microphone is, to see that it is the right one. */
export function Level({ track }: { track: MediaStreamTrack | null }) {
  const element = useLevel(track);
  return (
    <div className="level" aria-hidden="true">
      {track ? <Mic size={16} /> : <MicOff size={16} />}
      <div className="level__track">
        <div className="level__bar" ref={element} />
      </div>
    </div>
  );
}
