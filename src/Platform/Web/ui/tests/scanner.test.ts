import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startScanner } from '../scanner';

class Track extends EventTarget {
  stopped = false;
  stop(): void {
    this.stopped = true;
  }
}

function screen(getUserMedia: (() => Promise<unknown>) | null) {
  const video = { srcObject: null as unknown, readyState: 4, play: async () => undefined };
  vi.stubGlobal('navigator', { mediaDevices: getUserMedia ? { getUserMedia } : undefined });
  vi.stubGlobal('HTMLMediaElement', { HAVE_CURRENT_DATA: 2 });
  vi.stubGlobal('document', Object.assign(new EventTarget(), { visibilityState: 'visible' }));
  vi.stubGlobal('BarcodeDetector', class {
    detect = async (): Promise<{ rawValue: string }[]> => [{ rawValue: 'E1:CODE' }];
  });
  const found: string[] = [];
  const failed: string[] = [];
  const end = startScanner(video as unknown as HTMLVideoElement, (text) => found.push(text), (reason) => failed.push((reason as Error).message));
  return { video, found, failed, end };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('a scanner', () => {
  it('says in words why there is no camera, and what to do', async () => {
    const because = async (name: string | null): Promise<string | undefined> => {
      const { failed } = screen(name === null ? null : () => Promise.reject(Object.assign(new Error('raw'), { name })));
      await pass(10);
      return failed[0];
    };
    expect(await because('NotAllowedError')).toBe('Your browser blocks the camera. Allow it in the address bar, then try again.');
    expect(await because('NotFoundError')).toBe('No camera was found. Type the code, or use a hand scanner.');
    expect(await because(null)).toBe('This page must be opened over HTTPS to use your devices.');
  });

  it('reads a code that is held before it once, and says when the camera was taken away', async () => {
    const track = new Track();
    const { found, failed, video } = screen(async () => ({ getTracks: () => [track] }));
    await pass(3_000);
    expect(found).toEqual(['E1:CODE']);
    track.dispatchEvent(new Event('ended'));
    expect(failed).toEqual(['The camera stopped. Start it again, or type the code.']);
    expect(video.srcObject).toBeNull();
    await pass(3_000);
    expect(found).toHaveLength(1);
  });

  it('says nothing more once it was ended', async () => {
    const track = new Track();
    const { failed, end } = screen(async () => ({ getTracks: () => [track] }));
    await pass(10);
    end();
    track.dispatchEvent(new Event('ended'));
    expect(failed).toEqual([]);
    expect(track.stopped).toBe(true);
  });
});
