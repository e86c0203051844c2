import { afterEach, describe, expect, it, vi } from 'vitest';
import { HubLost, RtcError, type SubscribeOffer } from '../contract';
import { Publisher } from '../publisher';
import { Subscriber, type RemoteMedia } from '../subscriber';
import { FakePeer, FakeTrack, offer } from './fakes';

/** An answer that the test gives when it wants to. */
function gate<T>() {
  const waiting: { resolve: (value: T) => void; reject: (error: unknown) => void }[] = [];
  return { waiting, wait: () => new Promise<T>((resolve, reject) => waiting.push({ resolve, reject })) };
}
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('publisher', () => {
  it('keeps one offer outstanding, and lets changes that arrive meanwhile share the next', async () => {
    const peer = new FakePeer();
    const answers = gate<string>();
    const declared: number[] = [];
    const publisher = new Publisher(peer.pc, {
      publish: (_, tracks) => {
        declared.push(tracks.length);
        return answers.wait();
      },
    });
    publisher.add(new FakeTrack('audio').media, 'microphone', false);
    const all = [publisher.negotiate()];
    await settled();
    publisher.add(new FakeTrack('video').media, 'camera', false);
    all.push(publisher.negotiate(), publisher.negotiate());
    await settled();
    expect(answers.waiting).toHaveLength(1);
    answers.waiting[0]?.resolve('answer-1');
    await settled();
    expect(answers.waiting).toHaveLength(2);
    answers.waiting[1]?.resolve('answer-2');
    await Promise.all(all);
    expect(declared).toEqual([1, 2]);
    expect(peer.log).toEqual(['local offer-1', 'remote answer-1', 'local offer-2', 'remote answer-2']);
  });

  it('rolls a lost offer back and makes it again after the resume, with its ice restart', async () => {
    const peer = new FakePeer();
    let lost = true;
    const publisher = new Publisher(peer.pc, { publish: async () => (lost ? Promise.reject(new HubLost()) : 'answer') });
    publisher.add(new FakeTrack('audio').media, 'microphone', false);
    await expect(publisher.negotiate({ iceRestart: true })).rejects.toBeInstanceOf(HubLost);
    expect(peer.signalingState).toBe('stable');
    lost = false;
    await publisher.resumed();
    expect(peer.log).toEqual(['local offer-1-restart', 'local rollback', 'local offer-2-restart', 'remote answer']);
  });

  it('sends a screen that is shared again on the line of the last one, whatever nobody watched of that', async () => {
    const peer = new FakePeer();
    const declared: string[][] = [];
    const publisher = new Publisher(peer.pc, {
      publish: async (_, tracks) => {
        declared.push(tracks.map(({ mid, source }) => `${mid} ${source}`));
        return 'answer';
      },
    });
    publisher.add(new FakeTrack('audio').media, 'microphone', false);
    for (let i = 0; i < 50; i++) {
      const [picture, sound] = [new FakeTrack('video'), new FakeTrack('audio')];
      const senders = [publisher.add(picture.media, 'screen', false), publisher.add(sound.media, 'screen_audio', false)];
      await publisher.negotiate();
      expect(declared.at(-1)).toEqual(['0 microphone', '1 screen', '2 screen_audio']);
      await vi.waitFor(() => expect(senders.map(({ track }) => track)).toEqual([picture, sound]));
      expect(peer.transceivers[1]?.sender.encodings).toMatchObject([{ maxBitrate: 2_500_000 }]);
      expect(peer.transceivers[1]?.sender.encodings[0]?.active ?? true).toBe(true);
      await publisher.setDemand('1', [{ rid: null, active: false }]);
      await Promise.all(senders.map((sender) => publisher.remove(sender)));
      await publisher.negotiate();
    }
    expect(peer.transceivers).toHaveLength(3);
  });

  it('sends another camera on a line of its own, and whatever comes before the last one is known to be gone', async () => {
    const peer = new FakePeer();
    const publisher = new Publisher(peer.pc, { publish: async () => 'answer' });
    await publisher.remove(publisher.add(new FakeTrack('video').media, 'screen', false));
    publisher.add(new FakeTrack('video').media, 'screen', false);
    const camera = publisher.add(new FakeTrack('video').media, 'camera', false);
    await publisher.negotiate();
    await publisher.remove(camera);
    await publisher.negotiate();
    publisher.add(new FakeTrack('video').media, 'camera', false);
    expect(peer.transceivers).toHaveLength(4);
  });

  it('rolls a refused offer back, and can negotiate again', async () => {
    const peer = new FakePeer();
    const answers = [Promise.reject(new RtcError('sdp_refused', 'no')), Promise.resolve('answer')];
    const publisher = new Publisher(peer.pc, { publish: () => answers.shift() ?? Promise.resolve('answer') });
    publisher.add(new FakeTrack('audio').media, 'microphone', false);
    await expect(publisher.negotiate()).rejects.toMatchObject({ code: 'sdp_refused' });
    await publisher.resumed();
    expect(peer.log).toEqual(['local offer-1', 'local rollback']);
    await publisher.negotiate();
    expect(peer.signalingState).toBe('stable');
  });

  it('no longer declares a track that was removed', async () => {
    const peer = new FakePeer();
    const declared: string[][] = [];
    const publisher = new Publisher(peer.pc, {
      publish: async (_, tracks) => {
        declared.push(tracks.map(({ source }) => source));
        return 'answer';
      },
    });
    publisher.add(new FakeTrack('audio').media, 'microphone', false);
    const sender = publisher.add(new FakeTrack('video').media, 'screen', false);
    await publisher.negotiate();
    await publisher.remove(sender);
    await publisher.negotiate();
    expect(declared).toEqual([['microphone', 'screen'], ['microphone']]);
    expect(peer.transceivers[1]?.direction).toBe('inactive');
  });
});

describe('subscriber', () => {
  afterEach(() => void vi.useRealTimers());

  function make(answer: (revision: number) => Promise<void>, freshOffer = (): Promise<SubscribeOffer> => Promise.reject(new RtcError('nothing_to_subscribe', ''))) {
    const peer = new FakePeer();
    const media: RemoteMedia[][] = [];
    const sent: number[] = [];
    const giveUp = vi.fn();
    const subscriber = new Subscriber(
      peer.pc,
      {
        answer: (revision) => {
          sent.push(revision);
          return answer(revision);
        },
        freshOffer,
        giveUp,
      },
      (now) => media.push(now),
    );
    return { peer, subscriber, media, sent, giveUp };
  }

  it('answers strictly one after the other, and only the newest of those that wait', async () => {
    const answers = gate<void>();
    const { peer, subscriber, sent } = make(answers.wait);
    const all = [subscriber.accept(offer(1))];
    await settled();
    all.push(subscriber.accept(offer(2)), subscriber.accept(offer(4)), subscriber.accept(offer(3)));
    await settled();
    expect(sent).toEqual([1]);
    answers.waiting[0]?.resolve();
    await settled();
    answers.waiting[1]?.resolve();
    await Promise.all(all);
    expect(sent).toEqual([1, 4]);
    expect(peer.log).toEqual(['remote offer-1', 'local answer-1', 'remote offer-4', 'local answer-4']);
  });

  it('ignores a stale revision and one that it has answered', async () => {
    const { peer, subscriber, sent } = make(async () => undefined);
    await subscriber.accept(offer(5));
    await subscriber.accept(offer(3));
    await subscriber.accept(offer(5));
    expect(sent).toEqual([5]);
    expect(peer.log).toHaveLength(2);
  });

  it('sends the same answer again when the first was lost on its way', async () => {
    let lost = true;
    const { peer, subscriber, sent } = make(async () => {
      if (lost) throw new HubLost();
    });
    await expect(subscriber.accept(offer(1))).rejects.toBeInstanceOf(HubLost);
    lost = false;
    await subscriber.accept(offer(1));
    expect(sent).toEqual([1, 1]);
    expect(peer.log).toEqual(['remote offer-1', 'local answer-1']);
  });

  it('gives an answer again that was refused for the moment', async () => {
    vi.useFakeTimers();
    const codes = ['too_many_requests', 'internal_error', 'hub_fault'];
    const { peer, subscriber, sent } = make(async () => {
      const code = codes.shift();
      if (code) throw new RtcError(code, '');
    });
    const accepted = subscriber.accept(offer(1));
    await vi.advanceTimersByTimeAsync(500);
    expect(sent).toEqual([1]);
    await vi.advanceTimersByTimeAsync(10_000);
    await accepted;
    expect(sent).toEqual([1, 1, 1, 1]);
    expect(peer.log).toEqual(['remote offer-1', 'local answer-1']);
  });

  it('asks for a fresh offer when its answer is refused for what it says, until one is taken', async () => {
    vi.useFakeTimers();
    let last = 1;
    const { peer, subscriber, sent } = make(
      async (revision) => {
        if (revision < 4) throw new RtcError('sdp_no_media', '');
      },
      async () => {
        last += 1;
        if (last === 2) throw new RtcError('internal_error', ''); // asking may fail as well
        return offer(last);
      },
    );
    const accepted = subscriber.accept(offer(1));
    await vi.advanceTimersByTimeAsync(60_000);
    await accepted;
    expect(sent).toEqual([1, 1, 3, 4]);
    expect(peer.log.at(-1)).toBe('local answer-4');
  });

  it('does not wait with an offer that comes meanwhile', async () => {
    vi.useFakeTimers();
    const { subscriber, sent } = make(async (revision) => {
      if (revision === 1) throw new RtcError('sdp_no_media', '');
    });
    const accepted = subscriber.accept(offer(1));
    await vi.advanceTimersByTimeAsync(10);
    void subscriber.accept(offer(2));
    await accepted;
    expect(sent).toEqual([1, 2]);
  });

  it('gives up when the browser refuses what is offered, and fresh offers too', async () => {
    vi.useFakeTimers();
    let last = 1;
    const { peer, subscriber, giveUp } = make(async () => undefined, async () => offer(++last));
    peer.setRemoteDescription = () => Promise.reject(new Error('InvalidAccessError'));
    const accepted = subscriber.accept(offer(1));
    await vi.advanceTimersByTimeAsync(60_000);
    await accepted;
    expect(last).toBe(3);
    expect(giveUp).toHaveBeenCalledOnce();
  });

  it('names remote media by the mids of the offer', async () => {
    const { peer, subscriber, media } = make(async () => undefined);
    const { receiver } = Object.assign(peer.addTransceiver(new FakeTrack('video'), { direction: 'recvonly' }), { mid: '7' });
    await subscriber.accept(offer(1, [{ mid: '7', trackId: 't', participantId: 'p', kind: 'video', source: 'camera' }]));
    expect(media).toEqual([[{ trackId: 't', track: receiver.track }]]);
  });
});
