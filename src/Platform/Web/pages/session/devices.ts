import { useCallback, useState } from 'react';
import { openCamera, openMicrophone, openScreen, type LocalTrack, type RtcSession, type TrackSource } from '../../sdk/rtc';
import { recall } from './preview';
import { useRtc } from './useRtc';

export interface OwnDevices {
  micOn: boolean;
  cameraOn: boolean;
  sharing: boolean;
  busy: boolean;
  toggleMic(): void;
  toggleCamera(): void;
  toggleScreen(): void;
  setMic(on: boolean): void;
}

/** The four switches of the control bar: each publishes on first use, and mutes afterwards. */
export function useOwnDevices(rtc: RtcSession, failed: (error: unknown) => void): OwnDevices {
  useRtc(rtc, 'local');
  const [busy, setBusy] = useState(false);
  const find = (source: TrackSource): LocalTrack | undefined => rtc.local.find((local) => local.source === source);
  const run = useCallback(
    (work: () => Promise<unknown>) => {
      setBusy(true);
      work()
        .catch(failed)
        .finally(() => setBusy(false));
    },
    [failed],
  );

  const setMic = useCallback(
    (on: boolean) => {
      const microphone = rtc.local.find(({ source }) => source === 'microphone');
      if (microphone) run(() => rtc.setMuted(microphone, !on));
      else if (on) run(async () => rtc.publish(await openMicrophone(recall('events.device.microphone')), 'microphone'));
    },
    [rtc, run],
  );
  const microphone = find('microphone');
  const camera = find('camera');
  const screen = find('screen');

  const toggleCamera = useCallback(() => {
    const camera = rtc.local.find(({ source }) => source === 'camera');
    const acquire = (): Promise<MediaStreamTrack> => openCamera(recall('events.device.camera'));
    run(async () => (camera ? rtc.setMuted(camera, !camera.muted) : rtc.publish(await acquire(), 'camera', { acquire })));
  }, [rtc, run]);

  const toggleScreen = useCallback(() => {
    const shared = rtc.local.filter(({ source }) => source === 'screen' || source === 'screen_audio');
    run(async () => {
      if (shared.length > 0) {
        for (const local of shared) await rtc.unpublish(local);
        return;
      }
      for (const { track, source } of await openScreen()) await rtc.publish(track, source);
    });
  }, [rtc, run]);

  return {
    micOn: microphone !== undefined && !microphone.muted,
    cameraOn: camera !== undefined && !camera.muted,
    sharing: screen !== undefined,
    busy,
    setMic,
    toggleMic: () => setMic(microphone === undefined || microphone.muted),
    toggleCamera,
    toggleScreen,
  };
}
