import { useEffect, useMemo, useRef } from 'react';
import { openCamera, openMicrophone, openScreen, type LocalTrack, type PublishOptions, type RtcSession, type TrackSource } from '../../sdk/rtc';
import { OwnSwitch } from './ownSwitch';
import { recall } from './preview';
import { useRtc } from './useRtc';

export interface OwnDevices {
  micOn: boolean;
  cameraOn: boolean;
  sharing: boolean;
  toggleMic(): void;
  toggleCamera(): void;
  toggleScreen(): void;
  setMic(on: boolean): void;
}

/** The switches of the control bar: each publishes on first use, and mutes afterwards; the screen is sent or not. */
export function useOwnDevices(rtc: RtcSession, failed: (error: unknown) => void): OwnDevices {
  useRtc(rtc, 'local');
  const { microphone, camera, screen } = useMemo(() => switches(rtc), [rtc]);
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
    setMic: (on) => void microphone.set(on).catch(failed),
    toggleMic: () => void microphone.toggle().catch(failed),
    toggleCamera: () => void camera.toggle().catch(failed),
    toggleScreen: () => void screen.toggle().catch(failed),
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
  const openOwnCamera = (): Promise<MediaStreamTrack> => openCamera(recall('events.device.camera'));
  return {
    microphone: device('microphone', () => openMicrophone(recall('events.device.microphone')), {}),
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
