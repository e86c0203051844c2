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

describe('a device that the machine silences', () => {
  const silence = (track: FakeTrack, muted: boolean): void => {
    track.muted = muted;
    track.dispatchEvent(new Event(muted ? 'mute' : 'unmute'));
  };
  const own = (muted = false) => ({ trackId: 'own', kind: 'audio', source: 'microphone', muted, codec: 'opus' }) as const;
  const said = (hub: FakeHub) => hub.calls.filter(({ method }) => method === 'mute').map(({ argument }) => (argument as { muted: boolean }).muted);

  it('is marked as muted for the others, and theirs to mute as before', async () => {
    const { session, hub } = await inside();
    const track = audio();
    const local = await session.publish(track.media, 'microphone');
    hub.say('trackPublished', { participantId: 'me', track: own() });
    const heard = vi.fn();
    session.events.on('local', heard);
    silence(track, true);
    await pass(1_000);
    expect([local.withheld, local.muted, heard.mock.calls.length]).toEqual([true, false, 1]);
    expect(said(hub)).toEqual([true]);
    await session.setMuted(local, true);
    silence(track, false);
    await pass(0);
    expect([local.withheld, said(hub)]).toEqual([false, [true]]);
    await session.setMuted(local, false);
    expect(said(hub)).toEqual([true, false]);
  });

  it('is not marked for a moment that passes, and not by one that was replaced', async () => {
    const { session, hub } = await inside();
    const [before, after] = [audio(), audio()];
    const local = await session.publish(before.media, 'microphone');
    hub.say('trackPublished', { participantId: 'me', track: own() });
    silence(before, true);
    await pass(900);
    silence(before, false);
    await pass(5_000);
    expect(said(hub)).toEqual([]);
    silence(before, true);
    await pass(1_000);
    await session.replace(local, after.media);
    silence(before, false);
    silence(before, true);
    await pass(5_000);
    expect([local.withheld, said(hub)]).toEqual([false, [true, false]]);
  });

  it('is declared so when something else is published meanwhile', async () => {
    const { session, hub } = await inside();
    const track = audio();
    await session.publish(track.media, 'microphone');
    silence(track, true);
    await pass(1_000);
    await session.publish(video().media, 'screen');
    const declared = hub.calls.filter(({ method }) => method === 'publish').at(-1)?.argument as { tracks: { source: string; muted: boolean }[] };
    expect(declared.tracks.map(({ source, muted }) => [source, muted])).toEqual([['microphone', true], ['screen', false]]);
  });
});
