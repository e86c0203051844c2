import type { TrackSource } from './contract';

/** Why a device could not be had, in words for the person who owns it. */
export class DeviceError extends Error {
  constructor(
    readonly code: 'denied' | 'absent' | 'busy' | 'insecure' | 'failed',
    message: string,
  ) {
    super(message);
    this.name = 'DeviceError';
  }
}

const words: Record<'camera' | 'microphone' | 'screen', string> = {
  camera: 'camera',
  microphone: 'microphone',
  screen: 'screen',
};

function explain(error: unknown, device: keyof typeof words): DeviceError {
  // Not every browser's device errors are DOMExceptions.
  const name = (error as { name?: string } | null)?.name;
  const what = words[device];
  if (name === 'NotAllowedError' || name === 'SecurityError') {
    return new DeviceError('denied', `Your browser blocks the ${what}. Allow it in the address bar, then try again.`);
  }
  if (name === 'NotFoundError' || name === 'OverconstrainedError') {
    return new DeviceError('absent', `No ${what} was found. Connect one, or join without it.`);
  }
  if (name === 'NotReadableError' || name === 'AbortError') {
    return new DeviceError('busy', `The ${what} is in use by another program. Close it there, then try again.`);
  }
  return new DeviceError('failed', `The ${what} could not be started.`);
}

async function capture(device: keyof typeof words, get: (media: MediaDevices) => Promise<MediaStream>): Promise<MediaStream> {
  // Browsers hide mediaDevices from pages that are not served over HTTPS or from localhost.
  const media = navigator.mediaDevices as MediaDevices | undefined;
  if (!media) throw new DeviceError('insecure', 'This page must be opened over HTTPS to use your devices.');
  try {
    return await get(media);
  } catch (error) {
    throw explain(error, device);
  }
}

function first(tracks: MediaStreamTrack[], device: keyof typeof words): MediaStreamTrack {
  const track = tracks[0];
  if (!track) throw new DeviceError('absent', `No ${words[device]} was found.`);
  return track;
}

/** A remembered device may have been unplugged for good: any other is better than none. */
async function thisOrAny(deviceId: string, open: (deviceId: string) => Promise<MediaStreamTrack>): Promise<MediaStreamTrack> {
  try {
    return await open(deviceId);
  } catch (error) {
    if (deviceId && error instanceof DeviceError && error.code === 'absent') return open('');
    throw error;
  }
}

/** The camera at 1280×720, 30 frames/s where it can. The empty id is the system's choice. */
export const openCamera = (deviceId = ''): Promise<MediaStreamTrack> => thisOrAny(deviceId, camera);

export const openMicrophone = (deviceId = ''): Promise<MediaStreamTrack> => thisOrAny(deviceId, microphone);

/** A device that somebody picked out of a list: this one, or why not. */
export async function openPicked(device: 'camera' | 'microphone', deviceId: string): Promise<MediaStreamTrack> {
  try {
    return await (device === 'camera' ? camera : microphone)(deviceId);
  } catch (error) {
    if (error instanceof DeviceError && error.code === 'absent') throw new DeviceError('absent', `This ${device} is not connected any more. Choose another one.`);
    throw error;
  }
}

async function camera(id: string): Promise<MediaStreamTrack> {
  const stream = await capture('camera', (media) =>
    media.getUserMedia({
      video: {
        width: { ideal: 1280 },
        height: { ideal: 720 },
        frameRate: { ideal: 30 },
        ...(id ? { deviceId: { exact: id } } : { facingMode: 'user' }),
      },
    }),
  );
  return first(stream.getVideoTracks(), 'camera');
}

async function microphone(id: string): Promise<MediaStreamTrack> {
  const stream = await capture('microphone', (media) =>
    media.getUserMedia({
      audio: {
        echoCancellation: true,
        noiseSuppression: true,
        autoGainControl: true,
        ...(id ? { deviceId: { exact: id } } : {}),
      },
    }),
  );
  return first(stream.getAudioTracks(), 'microphone');
}

/** The camera that looks away from the person, where there are two: for reading codes. */
export async function openRearCamera(): Promise<MediaStream> {
  return capture('camera', (media) => media.getUserMedia({ video: { facingMode: 'environment' } }));
}

/** A screen, window or tab, with its sound where the browser offers it. Text stays sharp rather than fluid. */
export async function openScreen(): Promise<{ track: MediaStreamTrack; source: TrackSource }[]> {
  const stream = await capture('screen', (media) =>
    media.getDisplayMedia({ video: { frameRate: { ideal: 15, max: 30 } }, audio: true }),
  );
  const video = first(stream.getVideoTracks(), 'screen');
  video.contentHint = 'detail';
  return [
    { track: video, source: 'screen' },
    ...stream.getAudioTracks().map((track) => ({ track, source: 'screen_audio' as const })),
  ];
}

export interface DeviceList {
  cameras: MediaDeviceInfo[];
  microphones: MediaDeviceInfo[];
  /** Empty where the browser lets pages choose none. */
  speakers: MediaDeviceInfo[];
  /** There are some that the browser does not name before one was allowed. */
  unnamed: boolean;
}

/** Devices by kind. */
export async function listDevices(): Promise<DeviceList> {
  const media = navigator.mediaDevices as MediaDevices | undefined;
  const all = media ? await media.enumerateDevices() : [];
  const of = (kind: MediaDeviceKind): MediaDeviceInfo[] => all.filter((device) => device.kind === kind && device.deviceId !== '');
  return {
    cameras: of('videoinput'),
    microphones: of('audioinput'),
    speakers: 'setSinkId' in HTMLMediaElement.prototype ? of('audiooutput') : [],
    unnamed: all.some(({ deviceId }) => deviceId === ''),
  };
}
