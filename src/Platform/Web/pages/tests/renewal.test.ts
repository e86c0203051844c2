import { describe, expect, it, vi } from 'vitest';
import type { Playback } from '../../sdk/event';
import { Renewal, type Renewed } from '../replay/renewal';

const playback = (url: string): Playback => ({ url, thumbnailUrl: null, expiresAt: '', mimeType: 'video/mp4', durationMs: 0, width: 0, height: 0, size: 0, checksum: '' });
const at = (currentTime: number, paused: boolean, playbackRate = 1) => ({ currentTime, paused, playbackRate, play: vi.fn(async () => undefined) });

function made(...answers: (Playback | Error)[]) {
  const shown: Renewed = { playback: null, problem: null, busy: false };
  const clock = { now: 0 };
  const fetch = vi.fn(async () => {
    const answer = answers.shift();
    if (answer instanceof Error || !answer) throw answer;
    return answer;
  });
  return { shown, clock, fetch, renewal: new Renewal(fetch, (change) => Object.assign(shown, change), () => clock.now) };
}

describe('an address that expired', () => {
  it('is renewed, and the video goes on where it was, as fast as it was, playing if it played', async () => {
    const { renewal, shown } = made(playback('second'), playback('third'));
    renewal.loaded(at(0, true));
    await renewal.failed(at(61.5, false, 1.5));
    expect(shown).toEqual({ playback: playback('second'), problem: null, busy: false });
    const second = at(0, true);
    renewal.loaded(second);
    expect([second.currentTime, second.playbackRate]).toEqual([61.5, 1.5]);
    expect(second.play).toHaveBeenCalledOnce();

    await renewal.renew(at(70, true));
    const third = at(0, true);
    renewal.loaded(third);
    expect(third.currentTime).toBe(70);
    expect(third.play).not.toHaveBeenCalled();
  });

  it('says why it is not renewed, and keeps the place until it is', async () => {
    const gone = new Error('You are not in this event any more.');
    const { renewal, shown } = made(gone, playback('second'));
    await renewal.failed(at(61.5, false));
    expect(shown).toEqual({ playback: null, problem: gone, busy: false });
    await renewal.renew(at(0, true));
    expect(shown.problem).toBeNull();
    const video = at(0, true);
    renewal.loaded(video);
    expect(video.currentTime).toBe(61.5);
    expect(video.play).toHaveBeenCalledOnce();
  });

  it('is not asked for without end when new ones fail too', async () => {
    const { renewal, shown, clock, fetch } = made(playback('second'), playback('third'));
    await renewal.failed(at(61.5, false));
    clock.now = 5_000;
    await renewal.failed(at(0, true));
    expect(fetch).toHaveBeenCalledOnce();
    expect(shown.problem).toMatch(/could not be played/);
    clock.now = 60_000;
    await renewal.failed(at(0, true));
    const video = at(0, true);
    renewal.loaded(video);
    expect([shown.problem, video.currentTime]).toEqual([null, 61.5]);
  });
});
