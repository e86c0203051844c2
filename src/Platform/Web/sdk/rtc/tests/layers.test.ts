import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HubLost, RtcError } from '../contract';
import { applyDemand, encodingsOf } from '../encodings';
import { Publisher } from '../publisher';
import { RtcSession } from '../session';
import { VideoWishes, type VideoWish } from '../videoWishes';
import { FakeHub, FakePeer, FakeSender, FakeTrack, joined, person } from './fakes';

const sender = (encodings: RTCRtpEncodingParameters[]): { fake: FakeSender; real: RTCRtpSender } => {
  const fake = new FakeSender(null);
  fake.encodings = encodings;
  return { fake, real: fake as unknown as RTCRtpSender };
};

describe('encodings', () => {
  it('sends a camera in three sizes, low to high, and in VP9 and AV1 as layers of one stream', () => {
    for (const codec of [undefined, 'vp8', 'h264'] as const) {
      expect(encodingsOf('camera', codec)?.map(({ rid, scaleResolutionDownBy }) => [rid, scaleResolutionDownBy])).toEqual([['l', 4], ['m', 2], ['h', 1]]);
    }
    for (const codec of ['vp9', 'av1'] as const) {
      expect(encodingsOf('camera', codec)).toMatchObject([{ scalabilityMode: 'L3T3_KEY' }]);
    }
    expect(encodingsOf('screen', undefined)).toHaveLength(1);
    expect(encodingsOf('microphone', undefined)).toBeUndefined();
  });

  it('stops and starts encodings by rid, and the only one by its place', async () => {
    const three = sender([{ rid: 'l' }, { rid: 'm' }, { rid: 'h' }]);
    await applyDemand(three.real, [{ rid: 'h', active: false }, { rid: 'm', active: true }, { rid: 'l', active: false }]);
    expect(three.fake.encodings.map(({ active }) => active)).toEqual([false, true, false]);
    const one = sender([{}]);
    await applyDemand(one.real, [{ rid: null, active: false }]);
    expect(one.fake.encodings[0]?.active).toBe(false);
    await applyDemand(one.real, [{ rid: null, active: true }]);
    expect(one.fake.encodings[0]?.active).toBe(true);
  });

  it('changes a sender one demand after the other, and says in its declaration that it obeys', async () => {
    const peer = new FakePeer();
    const declared: (boolean | undefined)[][] = [];
    const publisher = new Publisher(peer.pc, {
      publish: async (_, tracks) => {
        declared.push(tracks.map(({ dynacast }) => dynacast));
        return 'answer';
      },
    });
    publisher.add(new FakeTrack('audio').media, 'microphone', false);
    publisher.add(new FakeTrack('video').media, 'camera', false);
    await publisher.negotiate();
    expect(declared).toEqual([[undefined, true]]);
    const demand = (l: boolean, m: boolean, h: boolean) => [{ rid: 'l', active: l }, { rid: 'm', active: m }, { rid: 'h', active: h }];
    await Promise.all([publisher.setDemand('1', demand(true, false, false)), publisher.setDemand('1', demand(false, true, false)), publisher.setDemand('9', [])]);
    expect(peer.transceivers[1]?.sender.encodings.map(({ active }) => active)).toEqual([false, true, false]);
  });
});

describe('wishes', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function make(answer: () => Promise<void> = async () => undefined) {
    const told: [string, VideoWish][] = [];
    const wishes = new VideoWishes((trackId, wish) => {
      told.push([trackId, wish]);
      return answer();
    });
    return { told, wishes };
  }

  it('waits until a size has settled, and repeats none', async () => {
    const { told, wishes } = make();
    for (let width = 100; width <= 200; width += 10) wishes.set('a', { maxWidth: width });
    await vi.advanceTimersByTimeAsync(200);
    wishes.set('a', { maxWidth: 200 });
    await vi.advanceTimersByTimeAsync(200);
    expect(told).toEqual([['a', { maxWidth: 200 }]]);
  });

  it('resumes at once', async () => {
    const { told, wishes } = make();
    wishes.set('a', { paused: true });
    await vi.advanceTimersByTimeAsync(200);
    wishes.set('a', { maxWidth: 320 });
    expect(told).toEqual([['a', { paused: true }], ['a', { maxWidth: 320 }]]);
  });

  it('says again what was refused for the moment, as it is wished then', async () => {
    let busy = true;
    const { told, wishes } = make(() => (busy ? Promise.reject(new RtcError('too_many_requests', '')) : Promise.resolve()));
    wishes.set('a', { paused: true });
    await vi.advanceTimersByTimeAsync(200);
    busy = false;
    wishes.set('a', { maxWidth: 320 });
    wishes.set('b', { maxWidth: 640 });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(told).toEqual([['a', { paused: true }], ['a', { maxWidth: 320 }], ['b', { maxWidth: 640 }]]);
    busy = true;
    wishes.set('b', { maxWidth: 960 });
    await vi.advanceTimersByTimeAsync(200);
    busy = false;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(told.slice(3)).toEqual([['b', { maxWidth: 960 }], ['b', { maxWidth: 960 }]]);
  });

  it('says everything again to a server that may have forgotten, and what could not be said', async () => {
    let lost = true;
    const { told, wishes } = make(async () => {
      if (lost) throw new HubLost();
    });
    wishes.set('a', { maxWidth: 320 });
    wishes.set('gone', { maxWidth: 320 });
    wishes.forget('gone');
    await vi.advanceTimersByTimeAsync(200);
    lost = false;
    wishes.repeat();
    expect(told).toEqual([['a', { maxWidth: 320 }], ['a', { maxWidth: 320 }]]);
  });
});

describe('session', () => {
  it('wishes for tracks that are there only, obeys the demand for its own, and knows what is held back', async () => {
    const hub = new FakeHub({ join: () => joined(), publish: () => ({ sdp: 'answer' }) });
    const peers: FakePeer[] = [];
    const session = new RtcSession({
      freshGrant: async () => ({ mediaUrl: 'http://node', grant: 'g' }),
      openHub: async () => hub,
      createPeerConnection: () => {
        const peer = new FakePeer();
        peers.push(peer);
        return peer.pc;
      },
    });
    await session.connect('http://node', 'g');
    await session.publish(new FakeTrack('video').media, 'camera');
    const track = { trackId: 't', kind: 'video', source: 'camera', muted: false, codec: 'vp8' } as const;
    hub.say('participantJoined', person('b', { tracks: [track] }));
    session.setVideo('nobody', { maxWidth: 1 });
    session.setVideo('t', { maxWidth: 640 });
    hub.say('publishLayers', { trackId: 'mine', mid: '0', encodings: [{ rid: 'l', active: true }, { rid: 'm', active: true }, { rid: 'h', active: false }] });
    hub.say('videoHeld', { trackIds: ['t'] });
    await vi.waitFor(() => expect(hub.calls.filter(({ method }) => method === 'setVideo')).toEqual([{ method: 'setVideo', argument: { trackId: 't', maxWidth: 640 } }]));
    await vi.waitFor(() => expect(peers[0]?.transceivers[0]?.sender.encodings.map(({ active }) => active)).toEqual([true, true, false]));
    expect([...session.held]).toEqual(['t']);
    await session.leave();
  });
});
