import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DeviceError } from '../devices';
import { switchDevice } from '../deviceSwitch';
import { RtcSession } from '../session';
import { FakeHub, FakePeer, FakeTrack, joined } from './fakes';

async function inside() {
  const hub = new FakeHub({ join: () => joined(), publish: () => ({ sdp: 'answer' }) });
  const peers: FakePeer[] = [];
  const session = new RtcSession({
    freshGrant: async () => ({ mediaUrl: 'http://node', grant: 'fresh' }),
    openHub: async () => hub,
    createPeerConnection: () => {
      const peer = new FakePeer();
      peers.push(peer);
      return peer.pc;
    },
  });
  await session.connect('http://node', 'g');
  return { session, hub, sent: (source: 'microphone' | 'camera') => session.local.find((local) => local.source === source)?.sender?.track };
}

const audio = () => new FakeTrack('audio');
const video = () => new FakeTrack('video');
const opens = (track: FakeTrack) => async () => track.media;
const refuses = (code: DeviceError['code']) => async () => Promise.reject(new DeviceError(code, code));
const never = async (): Promise<MediaStreamTrack> => Promise.reject(new Error('not asked for'));
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('another device', () => {
  it('is sent in place of the one before, without a negotiation, which goes on until it is open', async () => {
    const { session, hub, sent } = await inside();
    const [before, after] = [audio(), audio()];
    const local = await session.publish(before.media, 'microphone');
    await switchDevice(session, local, async () => {
      expect([before.stopped, sent('microphone')]).toEqual([false, before]);
      return after.media;
    }, never);
    expect([before.stopped, after.stopped, after.enabled, sent('microphone')]).toEqual([true, false, true, after]);
    expect(hub.count('publish')).toBe(1);
  });

  it('stays muted, also when that is said while it opens', async () => {
    const { session, sent } = await inside();
    const local = await session.publish(audio().media, 'microphone');
    const after = audio();
    await switchDevice(session, local, async () => {
      await session.setMuted(local, true);
      return after.media;
    }, never);
    expect([sent('microphone'), after.enabled]).toEqual([after, false]);
    await session.setMuted(local, false);
    expect(after.enabled).toBe(true);
  });

  it('is closed again when its camera was turned off, taken away or left meanwhile', async () => {
    for (const goes of ['mute', 'unpublish', 'leave'] as const) {
      const { session } = await inside();
      const local = await session.publish(video().media, 'camera', { acquire: opens(video()) });
      const after = video();
      await switchDevice(session, local, async () => {
        await (goes === 'mute' ? session.setMuted(local, true) : goes === 'unpublish' ? session.unpublish(local) : session.leave());
        return after.media;
      }, never);
      expect(after.stopped, goes).toBe(true);
    }
  });

  it('that is refused leaves the one before as it is', async () => {
    for (const code of ['denied', 'absent', 'failed'] as const) {
      const { session, sent } = await inside();
      const before = audio();
      const local = await session.publish(before.media, 'microphone');
      await expect(switchDevice(session, local, refuses(code), never)).rejects.toMatchObject({ code });
      expect([before.stopped, sent('microphone')]).toEqual([false, before]);
    }
  });

  it('for which the one before has to go gets its place, or the one before comes back', async () => {
    const { session, sent } = await inside();
    const [before, after, again] = [video(), video(), video()];
    before.stop = () => Object.assign(before, { stopped: true, readyState: 'ended' });
    const local = await session.publish(before.media, 'camera');
    await switchDevice(session, local, async () => (before.stopped ? after.media : Promise.reject(new DeviceError('busy', ''))), never);
    expect(sent('camera')).toBe(after);
    after.stop = () => Object.assign(after, { stopped: true, readyState: 'ended' });
    await expect(switchDevice(session, local, refuses('busy'), opens(again))).rejects.toMatchObject({ code: 'busy' });
    expect(sent('camera')).toBe(again);
  });

  it('that cannot be sent is closed, and the one before goes on', async () => {
    const { session } = await inside();
    const [before, after] = [audio(), audio()];
    const local = await session.publish(before.media, 'microphone');
    if (local.sender) local.sender.replaceTrack = async () => Promise.reject(new DOMException('', 'InvalidModificationError'));
    await expect(session.replace(local, after.media)).rejects.toMatchObject({ name: 'InvalidModificationError' });
    expect([before.stopped, after.stopped, local.track]).toEqual([false, true, before]);
  });
});
