import { afterEach, describe, expect, it, vi } from 'vitest';
import type { SubscribedTrack, TrackDeclaration } from '../contract';
import { clearBytes, keyOf, open, seal } from '../frameCipher';
import type { FrameEncryption } from '../frameEncryption';
import { passphraseEncryption } from '../passphrase';
import { Publisher } from '../publisher';
import { Subscriber, type RemoteMedia } from '../subscriber';
import { FakePeer, FakeTrack, subscriberWire } from './fakes';

const bytes = (length: number): Uint8Array<ArrayBuffer> => Uint8Array.from({ length }, (_, i) => (i * 37) & 0xff);

describe('a sealed frame', () => {
  it('opens to what it was, keeps its head readable, and is another each time', async () => {
    const key = await keyOf('correct horse', 'room');
    for (const length of [1, 2, 3, 10, 11, 1_200]) {
      for (const clear of [1, 3, 10]) {
        const frame = bytes(length);
        const sealed = await seal(frame, clear, key);
        expect(sealed.subarray(0, Math.min(clear, length))).toEqual(frame.subarray(0, Math.min(clear, length)));
        expect(sealed.length).toBe(length + 16 + 12 + 1);
        expect(await open(sealed, key)).toEqual(frame);
        expect(await seal(frame, clear, key)).not.toEqual(sealed);
      }
    }
  });

  it('does not open when a byte of it was changed, cut short, or under another key', async () => {
    const key = await keyOf('correct horse', 'room');
    const sealed = await seal(bytes(40), clearBytes('key'), key);
    for (let at = 0; at < sealed.length; at++) {
      const changed = sealed.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(await open(changed, key), `byte ${at}`).toBeNull();
    }
    for (const length of [0, 1, 12, 13, 30]) expect(await open(sealed.slice(0, length), key)).toBeNull();
    expect(await open(sealed, await keyOf('correct horse', 'another room'))).toBeNull();
  });
});

const remote = (mid: string, encryption?: SubscribedTrack['encryption']): SubscribedTrack => ({
  mid,
  trackId: `t${mid}`,
  participantId: 'p',
  kind: 'audio',
  source: 'microphone',
  ...(encryption ? { encryption } : {}),
});

describe('a passphrase', () => {
  afterEach(() => void vi.unstubAllGlobals());

  it('leaves no worker behind for each call, and gives each its own key', async () => {
    let workers = 0;
    const keys = new Set<CryptoKey>();
    vi.stubGlobal('Worker', class {
      constructor() {
        workers += 1;
      }
    });
    vi.stubGlobal('RTCRtpScriptTransform', class {
      constructor(_: Worker, { key }: { key: CryptoKey }) {
        keys.add(key);
      }
    });
    for (const room of ['a', 'b', 'a']) {
      const encryption = await passphraseEncryption('correct horse', room);
      encryption.encrypt({} as RTCRtpSender, { kind: 'audio', source: 'microphone' });
    }
    expect([workers, keys.size]).toEqual([1, 3]);
  });
});

describe('the seam', () => {
  it('takes each sender before the first offer, and declares what it does', async () => {
    const peer = new FakePeer();
    const said: string[] = [];
    const encryption: FrameEncryption = { type: 'gcm', encrypt: (_, { source }) => said.push(`${source} after ${peer.log.length}`), decrypt: () => undefined };
    let declared: TrackDeclaration[] = [];
    const publisher = new Publisher(peer.pc, { publish: async (_, tracks) => ((declared = tracks), 'answer') }, undefined, undefined, encryption);
    publisher.add(new FakeTrack('audio').media, 'microphone', false);
    publisher.add(new FakeTrack('video').media, 'camera', false);
    await publisher.negotiate();
    expect(said).toEqual(['microphone after 0', 'camera after 0']);
    expect(declared.map(({ encryption: type }) => type)).toEqual(['gcm', 'gcm']);
  });

  it('takes the receivers of encrypted tracks before the answer, and lets go of one that goes on with another', async () => {
    const peer = new FakePeer();
    const line = (): FakeTrack => new FakeTrack('audio');
    for (const mid of ['0', '1']) peer.addTransceiver(line(), { direction: 'recvonly' }).mid = mid as never;
    const taken: string[] = [];
    let media: RemoteMedia[] = [];
    const encryption: FrameEncryption = { type: 'custom', encrypt: () => undefined, decrypt: (_, { trackId }) => taken.push(`${trackId} after ${peer.log.at(-1)}`) };
    const subscriber = new Subscriber(peer.pc, subscriberWire, (changed) => (media = changed), encryption);
    await subscriber.accept({ revision: 1, sdp: 'offer-1', tracks: [remote('0', 'custom'), remote('1')] });
    await subscriber.accept({ revision: 2, sdp: 'offer-2', tracks: [remote('0', 'custom'), remote('1')] });
    expect(taken).toEqual(['t0 after remote offer-1']);
    expect(media.map(({ trackId }) => trackId)).toEqual(['t0', 't1']);
    const receiver = peer.transceivers[0]?.receiver as unknown as RTCRtpReceiver;
    await subscriber.accept({ revision: 3, sdp: 'offer-3', tracks: [remote('0'), remote('1')] });
    expect(receiver.transform).toBeNull();
  });

  it('shows nothing of what is encrypted to who has no key', async () => {
    const peer = new FakePeer();
    for (const mid of ['0', '1']) peer.addTransceiver(new FakeTrack('audio'), { direction: 'recvonly' }).mid = mid as never;
    let media: RemoteMedia[] = [];
    const subscriber = new Subscriber(peer.pc, subscriberWire, (changed) => (media = changed));
    await subscriber.accept({ revision: 1, sdp: 'offer-1', tracks: [remote('0', 'gcm'), remote('1', 'none')] });
    expect(media.map(({ trackId }) => trackId)).toEqual(['t1']);
  });
});
