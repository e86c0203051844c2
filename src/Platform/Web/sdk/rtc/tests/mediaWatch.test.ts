import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HubLost } from '../contract';
import { blockedAfterMs } from '../mediaWatch';
import { RtcSession } from '../session';
import { FakeHub, FakePeer, FakeTrack, joined } from './fakes';

async function inside() {
  const made = { hubs: [] as FakeHub[], peers: [] as FakePeer[], said: [] as boolean[], reachable: true };
  const session = new RtcSession({
    freshGrant: async () => ({ mediaUrl: 'http://node', grant: 'fresh' }),
    openHub: async () => {
      if (!made.reachable) throw new HubLost();
      const hub = new FakeHub({ join: () => joined(), resume: () => joined(), publish: () => ({ sdp: 'answer' }) });
      made.hubs.push(hub);
      return hub;
    },
    createPeerConnection: () => {
      const peer = new FakePeer();
      made.peers.push(peer);
      return peer.pc;
    },
  });
  session.events.on('blocked', (blocked) => made.said.push(blocked));
  await session.connect('http://node', 'g');
  return Object.assign(made, { session });
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a network that lets no media pass', () => {
  it('is told after a while, over every new attempt, until something gets through', async () => {
    const made = await inside();
    await made.session.publish(new FakeTrack('audio').media, 'microphone');
    made.peers[0]?.become('checking', 'connecting');
    await pass(blockedAfterMs - 1);
    expect(made.session.blocked).toBe(false);
    await pass(1);
    expect(made.session.blocked).toBe(true);
    made.peers[0]?.become('failed');
    await pass(60_000);
    expect(made.peers.length).toBeGreaterThan(2); // three restarts did not help: joined anew
    expect(made.said).toEqual([true]);
    made.peers.at(-2)?.become('connected');
    expect(made.said).toEqual([true, false]);
    expect(made.session.blocked).toBe(false);
  });

  it('is not what is said when what waited was ended meanwhile', async () => {
    const made = await inside();
    made.hubs[0]?.say('subscribeOffer', { revision: 1, sdp: 'offer-1', tracks: [{ mid: '0', trackId: 't', participantId: 'p', kind: 'video', source: 'camera' }] });
    await pass(0);
    made.peers[1]?.become('checking', 'connecting');
    made.hubs[0]?.say('subscribeOffer', { revision: 2, sdp: 'offer-2', tracks: [] });
    await pass(60_000);
    expect(made.said).toEqual([]);
    await made.session.leave();
  });

  it('is not what an outage is called, nor a room in which nobody sends', async () => {
    const made = await inside();
    await pass(60_000);
    expect(made.said).toEqual([]);
    await made.session.publish(new FakeTrack('audio').media, 'microphone');
    made.peers[0]?.become('connected');
    made.reachable = false;
    made.hubs[0]?.drop();
    made.peers[0]?.become('disconnected');
    await pass(60_000);
    expect(made.said).toEqual([]);
    made.reachable = true;
    await made.session.leave();
    await pass(60_000);
    expect(made.said).toEqual([]);
  });
});
