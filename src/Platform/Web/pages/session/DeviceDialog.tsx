import { useState } from 'react';
import type { AudioRenderer, RtcSession } from '../../sdk/rtc';
import { Dialog } from '../../ui/dialog';
import { ErrorNotice } from '../../ui/parts';
import type { OwnDevices } from './devices';
import { Level, Picker, SpeakerPicker } from './Picker';
import { rememberDevice, useDeviceList, type Device } from './preview';

/** Another camera, microphone or speaker, while the call goes on. */
export function DeviceDialog({ rtc, own, audio, close }: { rtc: RtcSession; own: OwnDevices; audio: AudioRenderer; close: () => void }) {
  const [camera, microphone] = [own.track('camera'), own.track('microphone')];
  const devices = useDeviceList(camera ?? microphone);
  const [speakerId, setSpeakerId] = useState(audio.sinkId);
  /** What was picked and is not there yet; it shows what was picked. */
  const [opening, setOpening] = useState<Partial<Record<Device, string>>>({});
  const [error, setError] = useState<unknown>(null);
  const choose = async (device: Device, deviceId: string): Promise<void> => {
    setError(null);
    setOpening((before) => ({ ...before, [device]: deviceId }));
    await own.choose(device, deviceId).catch(setError);
    setOpening((before) => (before[device] === deviceId ? { ...before, [device]: undefined } : before));
  };
  const hearFrom = (deviceId: string): void => {
    setError(null);
    setSpeakerId(deviceId);
    audio.setSink(deviceId).then(
      () => rememberDevice('speaker', deviceId),
      (reason: unknown) => {
        setError(reason);
        setSpeakerId(audio.sinkId);
      },
    );
  };
  const picker = (device: Device, label: string, list: MediaDeviceInfo[]) => (
    <Picker
      label={label}
      devices={list}
      unnamed={devices.unnamed}
      value={opening[device] ?? own.deviceId(device)}
      busy={opening[device] !== undefined}
      testId={`pick-${device}`}
      choose={(deviceId) => void choose(device, deviceId)}
    />
  );
  return (
    <Dialog title="Devices" close={close}>
      <div className="form" data-testid="own-devices">
        {rtc.you?.canPublish && (
          <>
            {picker('camera', 'Camera', devices.cameras)}
            {picker('microphone', 'Microphone', devices.microphones)}
            {microphone && <Level track={microphone} />}
          </>
        )}
        <SpeakerPicker devices={devices.speakers} value={speakerId} testId="pick-speaker" choose={hearFrom} />
        {!rtc.you?.canPublish && devices.speakers.length === 0 && <p className="dialog__text">This browser plays sound where the system says.</p>}
        {error !== null && <ErrorNotice error={error} />}
      </div>
    </Dialog>
  );
}
