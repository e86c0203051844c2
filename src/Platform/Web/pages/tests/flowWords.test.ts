import { describe, expect, it } from 'vitest';
import type { EncodingStats, SubscriptionStats, TrackStats, ViewerStats } from '../../sdk/event';
import { arriving, freezes, milliseconds, path, pictures, sent, suffers } from '../session/flowWords';

const encoding = (width: number, more: Partial<EncodingStats> = {}): EncodingStats => ({
  rid: null, active: true, width, height: (width * 9) / 16, frameRate: 29.7, bitrate: width * 1000, packets: 1, lost: 0, loss: 0, jitterMs: 2, keyframeRequests: 0, ...more,
});
const track = (encodings: EncodingStats[]): TrackStats => ({
  trackId: 't', kind: 'video', source: 'camera', codec: 'vp8', muted: false, viewers: 1, freezes: 0, frozenMs: 0, frozen: false, encodings,
});
const video = (width: number | null, more: Partial<SubscriptionStats> = {}): SubscriptionStats => ({
  trackId: 't', kind: 'video', source: 'camera', paused: null, bitrate: 1, loss: 0, jitterMs: 0, freezes: 0, frozenMs: 0, frozen: false,
  layer: width === null ? null : { rid: null, spatial: 0, temporal: 2, width, height: (width * 9) / 16 }, ...more,
});
const viewer = (subscriptions: SubscriptionStats[], more: Partial<ViewerStats> = {}): ViewerStats => ({
  participantId: 'p', identity: 'i', name: 'Ben', kind: 'client', transport: { state: 'connected', protocol: 'udp', family: 'ipv4', candidates: 1 }, bitrate: 1, estimate: null,
  roundTripMs: 20, loss: 0, jitterMs: 1, paced: 0, dropped: 0, retransmitted: 0, freezes: 0, frozenMs: 0, subscriptions, ...more,
});

describe('what is published', () => {
  it('is told by the largest encoding that arrives, and by the sum of what all cost', () => {
    const camera = track([encoding(320), encoding(640, { loss: 0.02 }), encoding(1280, { active: false, bitrate: 0, loss: 0.5 })]);
    expect(arriving(camera)).toBe('640×360, 30 frames/s');
    expect(sent(camera)).toEqual({ bitrate: 960_000, loss: 0.02, jitterMs: 2, layers: '2 of 3' });
    expect(arriving(track([encoding(0)]))).toBe('–');
    expect(sent(track([])).loss).toBe(0);
  });
});

describe('what somebody is shown', () => {
  it('names each size once, then what is missing', () => {
    expect(pictures(viewer([video(1280), video(320), video(320)]))).toBe('1280×720, 2 × 320×180');
    expect(pictures(viewer([video(320, { frozen: true }), video(null, { paused: 'bandwidth' }), video(null, { paused: 'last_n' })]))).toBe('320×180; 1 held back, 1 not wanted, 1 frozen');
    expect(pictures(viewer([video(null)]))).toBe('waiting');
    expect(pictures(viewer([{ ...video(null), kind: 'audio' }]))).toBe('–');
  });

  it('is trouble when somebody should look, and only then', () => {
    expect(suffers(viewer([video(1280)]))).toBe(false);
    expect(suffers(viewer([video(null, { paused: 'viewer' })]))).toBe(false);
    expect(suffers(viewer([video(null, { paused: 'bandwidth' })]))).toBe(true);
    expect(suffers(viewer([video(320, { frozen: true })]))).toBe(true);
    expect(suffers(viewer([], { loss: 0.06 }))).toBe(true);
    expect(suffers(viewer([], { roundTripMs: null }))).toBe(false);
    expect(suffers(viewer([], { roundTripMs: 401 }))).toBe(true);
    expect(suffers(viewer([], { transport: { state: 'consent_lost', protocol: null, family: null, candidates: 0 } }))).toBe(true);
  });
});

it('has words for figures', () => {
  expect([milliseconds(null), milliseconds(0.42), milliseconds(123.4)]).toEqual(['–', '0.4 ms', '123 ms']);
  expect([freezes({ freezes: 0, frozenMs: 0 }), freezes({ freezes: 3, frozenMs: 4_230 })]).toEqual(['none', '3, 4.2 s']);
  expect([path({ state: 'connected', protocol: 'tcp', family: 'ipv4', candidates: 1 }), path({ state: 'consent_lost', protocol: null, family: null, candidates: 1 })]).toEqual(['TCP', 'Does not answer']);
});
