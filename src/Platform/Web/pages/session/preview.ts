import { useCallback, useEffect, useRef, useState } from 'react';
import { LevelMeter, listDevices, openCamera, openMicrophone, type DeviceList } from '../../sdk/rtc';

export type Device = 'camera' | 'microphone';

interface DeviceState {
  on: boolean;
  deviceId: string;
  track: MediaStreamTrack | null;
  error: Error | null;
  opening: boolean;
}

const key = (device: Device | 'speaker'): string => `events.device.${device}`;
const openers: Record<Device, (deviceId: string) => Promise<MediaStreamTrack>> = { camera: openCamera, microphone: openMicrophone };

/** What was chosen in this page: it holds where nothing is kept, and whatever another tab's person chooses. */
const chosen = new Map<string, string>();

/** Reads a preference; a browser that keeps nothing has none. */
export function recall(name: string): string {
  try {
    return chosen.get(name) ?? localStorage.getItem(name) ?? '';
  } catch {
    return '';
  }
}

export function remember(name: string, value: string): void {
  chosen.set(name, value);
  try {
    localStorage.setItem(name, value);
  } catch {
    // storage is switched off or full: the preference lasts as long as the page
  }
}

/** The device that was chosen last, here or in the room; empty: the system's choice. */
export const recallDevice = (device: Device | 'speaker'): string => recall(key(device));
export const rememberDevice = (device: Device | 'speaker', deviceId: string): void => remember(key(device), deviceId);

/** One device before joining: opened, shown, swapped, and handed over or stopped. */
export function useDevice(device: Device, wanted = true) {
  const [state, setState] = useState<DeviceState>({ on: wanted, deviceId: recallDevice(device), track: null, error: null, opening: wanted });
  const atFirst = useRef(wanted);
  const turn = useRef(0);
  const kept = useRef<MediaStreamTrack | null>(null);
  const again = useRef<(deviceId: string) => Promise<MediaStreamTrack | null>>(async () => null);

  const open = useCallback(
    async (deviceId: string): Promise<MediaStreamTrack | null> => {
      const mine = ++turn.current;
      kept.current?.stop();
      kept.current = null;
      setState((before) => ({ ...before, on: true, deviceId, track: null, error: null, opening: true }));
      try {
        const track = await openers[device](deviceId);
        if (mine !== turn.current) {
          track.stop();
          return null;
        }
        kept.current = track;
        // Unplugged while it is looked at: another one, if there is any.
        track.addEventListener('ended', () => {
          if (kept.current === track) void again.current(deviceId);
        });
        setState((before) => ({ ...before, track, opening: false }));
        return track;
      } catch (error) {
        if (mine === turn.current) setState((before) => ({ ...before, error: error as Error, opening: false }));
        return null;
      }
    },
    [device],
  );
  again.current = open;

  const close = useCallback(() => {
    turn.current += 1;
    kept.current?.stop();
    kept.current = null;
    setState((before) => ({ ...before, on: false, track: null, error: null, opening: false }));
  }, []);

  const choose = useCallback(
    (deviceId: string) => {
      rememberDevice(device, deviceId);
      void open(deviceId);
    },
    [device, open],
  );

  /** Gives the track away: it is no longer stopped with the preview. */
  const take = useCallback((): MediaStreamTrack | null => {
    const track = kept.current;
    kept.current = null;
    return track;
  }, []);

  useEffect(() => {
    if (atFirst.current) void open(recallDevice(device));
    return () => {
      turn.current += 1;
      kept.current?.stop();
      kept.current = null;
    };
  }, [device, open]);

  return { ...state, open, close, choose, take };
}

/** Which device a picker shows: the one that runs, else the one that would. */
export const deviceOf = (track: MediaStreamTrack | null | undefined, otherwise: string): string => track?.getSettings().deviceId || otherwise;

export function useDeviceList(changed: unknown): DeviceList {
  const [list, setList] = useState<DeviceList>({ cameras: [], microphones: [], speakers: [], unnamed: false });
  useEffect(() => {
    let gone = false;
    const fetch = (): void => {
      listDevices().then(
        (devices) => !gone && setList(devices),
        () => undefined, // no pickers then; the system's choice is used
      );
    };
    fetch();
    const media = navigator.mediaDevices as MediaDevices | undefined;
    media?.addEventListener('devicechange', fetch);
    return () => {
      gone = true;
      media?.removeEventListener('devicechange', fetch);
    };
  }, [changed]);
  return list;
}

/** Draws a track's loudness on an element as the CSS variable --level, without rendering anything anew. */
export function useLevel(track: MediaStreamTrack | null) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!track || typeof AudioContext === 'undefined') return;
    const meter = new LevelMeter(track);
    let shown = 0;
    let frame = 0;
    const draw = (): void => {
      shown = Math.max(meter.read(), shown * 0.88);
      element.current?.style.setProperty('--level', shown.toFixed(3));
      frame = requestAnimationFrame(draw);
    };
    draw();
    return () => {
      cancelAnimationFrame(frame);
      meter.close();
    };
  }, [track]);
  return element;
}
