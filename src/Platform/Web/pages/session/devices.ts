import { useEffect, useMemo, useRef } from 'react';
import { openCamera, openMicrophone, openScreen, type LocalTrack, type PublishOptions, type RtcSession, type TrackSource } from '../../sdk/rtc';
import { DeviceChoice } from './deviceChoice';
import { OwnSwitch } from './ownSwitch';
import { recallDevice, type Device } from './preview';
import { useRtc } from './useRtc';

export interface OwnDevices {
  micOn: boolean;
  cameraOn: boolean;
  sharing: boolean;
  /** It is on, and the machine gives nothing of it. */
  withheld(device: Device): boolean;
  toggleMic(): void;
  toggleCamera(): void;
  toggleScreen(): void;
  setMic(on: boolean): void;
  /** The microphone or camera that is sent, or would be. */
  deviceId(device: Device): string;
  /** What a device gives now; null: it is off. */
  track(device: Device): MediaStreamTrack | null;
  /** Goes on with another one, in this call and the next. Rejects with what keeps it from running; then the one before goes on. */
  choose(device: Device, deviceId: string): Promise<void>;
}

/** The switches of the control bar: each publishes on first use, and mutes afterwards; the screen is sent or not. */
export function useOwnDevices(rtc: RtcSession, failed: (error: unknown) => void): OwnDevices {
  useRtc(rtc, 'local');
  const { microphone, camera, screen, choices } = useMemo(() => {
    const made = switches(rtc);
    return { ...made, choices: { camera: new DeviceChoice(rtc, 'camera', made.camera), microphone: new DeviceChoice(rtc, 'microphone', made.microphone) } };
  }, [rtc]);
  const saysWhy = useRef(failed);
  saysWhy.current = failed;
  useEffect(() => {
    let last = -Infinity;
    return rtc.events.on('ended', ({ source, muted }) => {
      // A headset that was unplugged, or whose battery is empty: who speaks goes on with what the machine has. A camera shows another view, and is the person's to turn on.
      if (source !== 'microphone' || muted || performance.now() - last < flakyMs) return;
      last = performance.now();
      void microphone.set(true).catch((error: unknown) => saysWhy.current(error));
    });
  }, [rtc, microphone]);
  return {
    micOn: isOpen(rtc, 'microphone'),
    cameraOn: isOpen(rtc, 'camera'),
    sharing: find(rtc, 'screen') !== undefined,
    withheld: (device) => isOpen(rtc, device) && find(rtc, device)?.withheld === true,
    setMic: (on) => void microphone.set(on).catch(failed),
    toggleMic: () => void microphone.toggle().catch(failed),
    toggleCamera: () => void camera.toggle().catch(failed),
    toggleScreen: () => void screen.toggle().catch(failed),
    deviceId: (device) => choices[device].deviceId,
    track: (device) => find(rtc, device)?.track ?? null,
    choose: (device, deviceId) => choices[device].pick(deviceId),
  };
}

/** A microphone that goes again so soon after it was replaced is not replaced once more. */
const flakyMs = 10_000;

const find = (rtc: RtcSession, source: TrackSource): LocalTrack | undefined => rtc.local.find((local) => local.source === source);
const isOpen = (rtc: RtcSession, source: TrackSource): boolean => find(rtc, source)?.muted === false;

function switches(rtc: RtcSession): { microphone: OwnSwitch; camera: OwnSwitch; screen: OwnSwitch } {
  const device = (source: 'microphone' | 'camera', open: () => Promise<MediaStreamTrack>, options: PublishOptions): OwnSwitch =>
    new OwnSwitch(
      () => isOpen(rtc, source),
      async (on, wants) => {
        const local = find(rtc, source);
        if (local) return rtc.setMuted(local, !on);
        if (!on) return;
        const track = await open();
        if (wants()) await rtc.publish(track, source, options);
        else track.stop();
      },
    );
  const openOwnCamera = (): Promise<MediaStreamTrack> => openCamera(recallDevice('camera'));
  return {
    microphone: device('microphone', () => openMicrophone(recallDevice('microphone')), {}),
    camera: device('camera', openOwnCamera, { acquire: openOwnCamera }),
    screen: new OwnSwitch(
      () => find(rtc, 'screen') !== undefined,
      async (on, wants) => {
        if (!on) {
          for (const local of rtc.local.filter(({ source }) => source === 'screen' || source === 'screen_audio')) await rtc.unpublish(local);
          return;
        }
        const shared = await openScreen();
        if (!wants()) shared.forEach(({ track }) => track.stop());
        else for (const { track, source } of shared) await rtc.publish(track, source);
      },
    ),
  };
}
