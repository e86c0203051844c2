import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HubLost } from '../contract';
import { RtcSession } from '../session';
import { FakeHub, FakePeer, joined, person, refuse, type Handlers } from './fakes';

const camera = (trackId: string, encryption?: 'gcm') => ({ trackId, kind: 'video' as const, source: 'camera' as const, muted: false, codec: 'vp8', ...(encryption ? { encryption } : {}) });

async function inside(handlers: Handlers = {}) {
  const hubs: FakeHub[] = [];
  const made = { hubs, reachable: true };
  const session = new RtcSession({
    freshGrant: async () => ({ mediaUrl: 'http://node', grant: 'fresh' }),
    openHub: async () => {
      if (!made.reachable) throw new HubLost();
      const hub = new FakeHub({ join: () => joined({ participants: [...joined().participants, person('b', { tracks: [camera('open')] })] }), publish: () => ({ sdp: 'answer' }), ...handlers });
      hubs.push(hub);
      return hub;
    },
    createPeerConnection: () => new FakePeer().pc,
  });
  await session.connect('http://node', 'g');
  return { session, ...made, said: (method: 'subscribe' | 'setLastN') => hubs.at(-1)!.calls.filter((call) => call.method === method).map(({ argument }) => argument) };
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
/** Refuses the first call for the moment. */
const busyAtFirst = () => {
  let asked = 0;
  return () => (++asked === 1 ? refuse('too_many_requests')() : {});
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('what is wanted of the others’ tracks', () => {
  it('is said again when it was refused for the moment', async () => {
    const { session, said } = await inside({ subscribe: busyAtFirst(), setLastN: busyAtFirst() });
    session.setSubscribed('open', false);
    session.setLastN(4);
    await pass(5_000);
    expect(said('subscribe')).toEqual([{ trackId: 'open', enabled: false }, { trackId: 'open', enabled: false }]);
    expect(said('setLastN')).toEqual([{ count: 4 }, { count: 4 }]);
  });

  it('opts out of what cannot be decrypted until the server takes it', async () => {
    const { hubs, said } = await inside({ subscribe: busyAtFirst() });
    hubs[0]?.say('trackPublished', { participantId: 'b', track: camera('sealed', 'gcm') });
    await pass(5_000);
    expect(said('subscribe')).toEqual([{ trackId: 'sealed', enabled: false }, { trackId: 'sealed', enabled: false }]);
  });

  it('holds over a join anew, for the tracks that are still there', async () => {
    const { session, hubs, said } = await inside({ resume: refuse('resume_expired') });
    hubs[0]?.say('trackPublished', { participantId: 'b', track: camera('later') });
    session.setSubscribed('open', false);
    session.setSubscribed('later', false);
    session.setLastN(2);
    hubs[0]?.drop();
    await pass(1_000);
    expect(hubs).toHaveLength(3);
    expect(said('subscribe')).toEqual([{ trackId: 'open', enabled: false }]);
    expect(said('setLastN')).toEqual([{ count: 2 }]);
  });

  it('is said once, and nothing after the end', async () => {
    const { session, said } = await inside({ setLastN: refuse('too_many_requests') });
    session.setSubscribed('open', false);
    session.setSubscribed('open', false);
    session.setLastN(2);
    await session.leave();
    session.setLastN(3);
    await pass(30_000);
    expect(said('subscribe')).toHaveLength(1);
    expect(said('setLastN')).toHaveLength(1);
  });
});
