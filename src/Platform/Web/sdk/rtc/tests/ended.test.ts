import { describe, expect, it, vi } from 'vitest';
import { RtcSession } from '../session';
import { FakeHub, FakePeer, FakeTrack, joined } from './fakes';

async function inside() {
  const hub = new FakeHub({ join: () => joined(), publish: () => ({ sdp: 'answer' }) });
  const session = new RtcSession({ freshGrant: async () => ({ mediaUrl: 'http://node', grant: 'g' }), openHub: async () => hub, createPeerConnection: () => new FakePeer().pc });
  await session.connect('http://node', 'g');
  const declared = (): string[] => {
    const { argument } = hub.calls.findLast(({ method }) => method === 'publish')!;
    return (argument as { tracks: { source: string }[] }).tracks.map(({ source }) => source);
  };
  return { hub, session, declared };
}

describe('a device that goes', () => {
  it('is told once it is no longer ours, so that another takes its place at once', async () => {
    const { session, declared } = await inside();
    const first = new FakeTrack('audio');
    const second = new FakeTrack('audio');
    const left: number[] = [];
    session.events.on('ended', ({ source }) => {
      left.push(session.local.length);
      void session.publish(second.media, source);
    });
    await session.publish(first.media, 'microphone');
    first.dispatchEvent(new Event('ended'));
    await vi.waitFor(() => expect(declared()).toEqual(['microphone']));
    expect(left).toEqual([0]);
    expect(session.local.map(({ track }) => track)).toEqual([second]);
    await session.leave();
  });

  it('is told to the others', async () => {
    const { session, declared } = await inside();
    const screen = new FakeTrack('video');
    await session.publish(screen.media, 'screen');
    screen.dispatchEvent(new Event('ended'));
    await vi.waitFor(() => expect(declared()).toEqual([]));
    expect(session.local).toEqual([]);
    await session.leave();
  });
});
