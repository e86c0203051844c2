import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HubLost } from '../contract';
import type { LocalTrack } from '../localTrack';
import { RtcSession } from '../session';
import type { ConnectionState } from '../sessionEvents';
import { FakeHub, FakePeer, FakeTrack, joined, offer, person, refuse, type Handlers } from './fakes';

interface World {
  session: RtcSession;
  hubs: FakeHub[];
  peers: FakePeer[];
  states: ConnectionState[];
  grants: number;
  /** Set to false to make the node unreachable. */
  reachable: boolean;
}

function world(handlers: Handlers = {}): World {
  const made: World = { session: null as unknown as RtcSession, hubs: [], peers: [], states: [], grants: 0, reachable: true };
  made.session = new RtcSession({
    freshGrant: async () => ({ mediaUrl: 'http://node', grant: `grant-${++made.grants}` }),
    openHub: async () => {
      if (!made.reachable) throw new HubLost();
      const hub = new FakeHub({ join: () => joined(), publish: () => ({ sdp: 'answer' }), ...handlers });
      made.hubs.push(hub);
      return hub;
    },
    createPeerConnection: () => {
      const peer = new FakePeer();
      made.peers.push(peer);
      return peer.pc;
    },
  });
  made.session.events.on('state', (state) => made.states.push(state));
  return made;
}

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const last = <T>(list: T[]): T => list[list.length - 1] as T;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('joining', () => {
  it('opts out of what is encrypted, having no key, and of nothing else', async () => {
    const track = (trackId: string, encryption?: 'gcm' | 'none') => ({ trackId, kind: 'video' as const, source: 'camera' as const, muted: false, codec: 'vp8', ...(encryption ? { encryption } : {}) });
    const made = world({ join: () => joined({ participants: [person('b', { tracks: [track('sealed', 'gcm'), track('open', 'none')] })] }) });
    await made.session.connect('http://node', 'g');
    last(made.hubs).say('trackPublished', { participantId: 'b', track: track('later', 'gcm') });
    last(made.hubs).say('trackPublished', { participantId: 'b', track: track('plain') });
    last(made.hubs).say('trackPublished', { participantId: 'me', track: track('mine', 'gcm') });
    await pass(0);
    const refused = last(made.hubs).calls.filter(({ method }) => method === 'subscribe').map(({ argument }) => argument);
    expect(refused).toEqual([{ trackId: 'sealed', enabled: false }, { trackId: 'later', enabled: false }]);
  });

  it('is refused with the code of the server', async () => {
    const { session, states, hubs } = world({ join: refuse('room_full') });
    await expect(session.connect('http://node', 'g')).rejects.toMatchObject({ code: 'room_full' });
    expect(states).toEqual(['connecting', 'failed']);
    expect(hubs[0]?.closed).toBe(true);
  });

  it('takes in messages that arrive before the answer does', async () => {
    const made = world({
      join: () => {
        last(made.hubs).say('participantJoined', person('b'));
        last(made.hubs).say('subscribeOffer', offer(1));
        return joined();
      },
    });
    await made.session.connect('http://node', 'g');
    await pass(0);
    expect(made.session.participants.map(({ name }) => name)).toEqual(['Me', 'B']);
    expect(made.hubs[0]?.count('subscribeAnswer')).toBe(1);
  });
});

describe('TURN credentials', () => {
  const servers = (username: string): RTCIceServer[] => [{ urls: ['turn:turn.example'], username, credential: 'c' }];

  it('are renewed before they end, on both peer connections, and again', async () => {
    let asked = 0;
    const made = world({
      join: () => joined({ iceServers: servers('first'), iceServersTtl: 3_600 }),
      iceServers: () => ({ iceServers: servers(`renewed-${++asked}`), iceServersTtl: 3_600 }),
    });
    await made.session.connect('http://node', 'g');
    await pass(2_600_000);
    expect(asked).toBe(0);
    await pass(200_000);
    expect(made.peers.map(({ iceServers }) => iceServers[0]?.username)).toEqual(['renewed-1', 'renewed-1']);
    await pass(2_800_000);
    expect(asked).toBe(2);
    await made.session.leave();
    await pass(10_000_000);
    expect(asked).toBe(2);
  });

  it('are asked for again when the server could not say', async () => {
    let asked = 0;
    const made = world({
      join: () => joined({ iceServers: servers('first'), iceServersTtl: 600 }),
      iceServers: () => (++asked === 1 ? refuse('internal_error')() : { iceServers: servers('renewed'), iceServersTtl: 600 }),
    });
    await made.session.connect('http://node', 'g');
    await pass(500_000);
    expect(made.peers[0]?.iceServers[0]?.username).toBe('renewed');
  });

  it('come with a resume, since an outage may outlive them', async () => {
    const made = world({
      join: () => joined({ iceServers: servers('first'), iceServersTtl: 600 }),
      resume: () => joined({ iceServers: servers('resumed'), iceServersTtl: 600 }),
    });
    await made.session.connect('http://node', 'g');
    made.hubs[0]?.drop();
    await pass(0);
    expect(made.peers[1]?.iceServers[0]?.username).toBe('resumed');
  });
});

describe('an outage of 84 s', () => {
  it('is a resume and a restart of ICE, however often one was tried meanwhile', async () => {
    const made = world({ resume: () => joined(), restartSubscriber: () => ({ offer: offer(7) }) });
    await made.session.connect('http://node', 'g');
    await made.session.publish(new FakeTrack('audio').media, 'microphone');
    for (const peer of made.peers) peer.become('connected');
    made.reachable = false;
    for (const peer of made.peers) peer.become('disconnected');
    await pass(15_000);
    made.hubs[0]?.drop();
    for (const peer of made.peers) peer.become('failed');
    await pass(69_000);
    expect(made.session.state).toBe('reconnecting');
    made.reachable = true;
    await pass(3_000);
    for (const peer of made.peers) peer.become('connected');
    expect(made.session.state).toBe('connected');
    expect(made.grants).toBe(0);
    expect(made.peers).toHaveLength(2);
    expect(made.hubs).toHaveLength(2);
    expect(made.hubs[1]?.count('resume')).toBe(1);
    expect(made.hubs[1]?.count('publish')).toBe(1);
    expect(made.hubs[1]?.calls).toContainEqual({ method: 'publish', argument: expect.objectContaining({ sdp: expect.stringContaining('-restart') }) });
  });

  it('is restarted again when the first restart after it does not help', async () => {
    const made = world({ resume: () => joined(), restartSubscriber: () => ({ offer: offer(7) }) });
    await made.session.connect('http://node', 'g');
    await made.session.publish(new FakeTrack('audio').media, 'microphone');
    made.peers[0]?.become('connected');
    made.reachable = false;
    made.peers[0]?.become('failed');
    made.hubs[0]?.drop();
    await pass(84_000);
    made.reachable = true;
    await pass(3_000);
    const before = made.hubs[1]?.count('publish') ?? 0;
    await pass(9_000);
    expect(made.hubs[1]?.count('publish')).toBeGreaterThan(before);
    expect(made.grants).toBe(0);
  });
});

describe('losing the socket', () => {
  it('resumes without touching the peer connections', async () => {
    const made = world({ resume: () => joined({ resumeToken: 'token-2' }) });
    await made.session.connect('http://node', 'g');
    const local = await made.session.publish(new FakeTrack('audio').media, 'microphone');
    made.peers[0]?.become('connected');
    made.hubs[0]?.drop();
    expect(made.session.state).toBe('reconnecting');
    await pass(0);
    expect(made.hubs[1]?.calls[0]).toEqual({ method: 'resume', argument: { resumeToken: 'token-1' } });
    expect(made.session.state).toBe('connected');
    expect(made.peers).toHaveLength(2);
    expect(made.hubs[1]?.count('publish')).toBe(0);
    expect(local.sender).not.toBeNull();
    expect(made.grants).toBe(0);
  });

  it('uses the newest token for the next resume', async () => {
    let token = 1;
    const made = world({ resume: () => joined({ resumeToken: `token-${++token}` }) });
    await made.session.connect('http://node', 'g');
    for (const expected of ['token-1', 'token-2', 'token-3']) {
      last(made.hubs).drop();
      await pass(0);
      expect(last(made.hubs).calls[0]?.argument).toEqual({ resumeToken: expected });
    }
  });

  it('keeps trying while the node is away, with growing pauses', async () => {
    const made = world({ resume: () => joined() });
    await made.session.connect('http://node', 'g');
    made.reachable = false;
    made.hubs[0]?.drop();
    await pass(6_000);
    expect(made.session.state).toBe('reconnecting');
    made.reachable = true;
    await pass(2_000);
    expect(made.session.state).toBe('connected');
  });

  it('joins anew with a fresh grant and publishes again when the resume has expired', async () => {
    const made = world({ resume: refuse('resume_expired') });
    await made.session.connect('http://node', 'g');
    await made.session.publish(new FakeTrack('audio').media, 'microphone');
    made.hubs[0]?.drop();
    await pass(10);
    expect(made.grants).toBe(1);
    expect(made.peers).toHaveLength(4);
    expect(made.peers[0]?.connectionState).toBe('closed');
    const hub = last(made.hubs);
    expect(hub.calls.map(({ method }) => method)).toEqual(['join', 'publish']);
    expect(hub.calls[0]?.argument).toMatchObject({ grant: 'grant-1' });
  });

  it('forgets which pictures were held: the server says it anew', async () => {
    const made = world({ resume: refuse('resume_expired') });
    await made.session.connect('http://node', 'g');
    made.hubs[0]?.say('videoHeld', { trackIds: ['cam'] });
    expect([...made.session.held]).toEqual(['cam']);
    made.hubs[0]?.drop();
    await pass(3_000);
    expect(last(made.states)).toBe('connected');
    expect(made.session.held.size).toBe(0);
  });

  it('is not given up for the time that the machine slept', async () => {
    const made = world({ resume: () => joined() });
    await made.session.connect('http://node', 'g');
    made.reachable = false;
    made.hubs[0]?.drop();
    await pass(1_000);
    vi.setSystemTime(Date.now() + 600_000);
    await pass(5_000);
    expect(last(made.states)).toBe('reconnecting');
    made.reachable = true;
    await pass(5_000);
    expect(last(made.states)).toBe('connected');
  });

  it('tells who came and went meanwhile', async () => {
    const me = joined().participants;
    const made = world({
      join: () => joined({ participants: [...me, person('a'), person('b')] }),
      resume: () => joined({ participants: [...me, person('b'), person('c')] }),
    });
    await made.session.connect('http://node', 'g');
    const seen: string[] = [];
    made.session.events.on('roster', ({ joined: came, left }) => seen.push(...came.map(({ name }) => `+${name}`), ...left.map(({ name }) => `-${name}`)));
    made.hubs[0]?.drop();
    await pass(0);
    expect(seen).toEqual(['+C', '-A']);
  });

  it('finishes an offer whose answer was lost', async () => {
    let cut = true;
    const made = world({
      publish: () => {
        if (cut) {
          cut = false;
          last(made.hubs).drop();
        }
        return { sdp: 'answer' };
      },
      resume: () => joined(),
    });
    await made.session.connect('http://node', 'g');
    const published = made.session.publish(new FakeTrack('audio').media, 'microphone');
    await pass(0);
    await published;
    expect(made.hubs[1]?.calls.map(({ method }) => method)).toEqual(['resume', 'publish']);
    expect(made.peers[0]?.signalingState).toBe('stable');
  });

  it('gives up when the platform says that the room is gone', async () => {
    const made = world({ resume: refuse('resume_expired') });
    await made.session.connect('http://node', 'g');
    Object.assign(made.session['options'], { freshGrant: () => Promise.reject(Object.assign(new Error('gone'), { status: 404 })) });
    made.hubs[0]?.drop();
    await pass(1_000);
    expect(made.session.state).toBe('failed');
    expect(made.session.failure?.message).toBe('gone');
  });
});

describe('being closed by the server', () => {
  it('ends for good when removed', async () => {
    const made = world();
    await made.session.connect('http://node', 'g');
    made.hubs[0]?.say('closed', { code: 'removed', message: 'An organiser removed you.' });
    await pass(60_000);
    expect(made.session.state).toBe('failed');
    expect(made.session.failure?.message).toBe('An organiser removed you.');
    expect(made.hubs).toHaveLength(1);
  });

  it('joins anew when the transport was lost', async () => {
    const made = world();
    await made.session.connect('http://node', 'g');
    made.hubs[0]?.say('closed', { code: 'transport_lost', message: '' });
    await pass(0);
    expect(made.session.state).toBe('connected');
    expect(made.grants).toBe(1);
  });
});

describe('ice', () => {
  it('restarts the publisher after three seconds of silence, not before', async () => {
    const made = world();
    await made.session.connect('http://node', 'g');
    await made.session.publish(new FakeTrack('audio').media, 'microphone');
    made.peers[0]?.become('connected');
    made.peers[0]?.become('disconnected');
    await pass(2_900);
    expect(made.hubs[0]?.count('publish')).toBe(1);
    expect(made.session.state).toBe('reconnecting');
    await pass(200);
    expect(made.hubs[0]?.count('publish')).toBe(2);
    expect(made.peers[0]?.log).toContain('local offer-2-restart');
    made.peers[0]?.become('connected');
    expect(made.session.state).toBe('connected');
  });

  it('does nothing when the connection heals by itself', async () => {
    const made = world();
    await made.session.connect('http://node', 'g');
    await made.session.publish(new FakeTrack('audio').media, 'microphone');
    made.peers[0]?.become('disconnected');
    await pass(2_000);
    made.peers[0]?.become('connected');
    await pass(20_000);
    expect(made.hubs[0]?.count('publish')).toBe(1);
  });

  it('asks the server for a restart of the subscriber at once when it failed', async () => {
    const made = world({ join: () => joined({ offer: offer(1, [track]) }), restartSubscriber: () => ({ offer: offer(2, [track]) }) });
    await made.session.connect('http://node', 'g');
    await pass(0);
    made.peers[1]?.become('failed');
    await pass(0);
    expect(made.hubs[0]?.count('restartSubscriber')).toBe(1);
    expect(made.peers[1]?.log).toContain('remote offer-2');
  });

  it('joins anew when three restarts did not help', async () => {
    const made = world({ join: () => joined({ offer: offer(1, [track]) }), restartSubscriber: () => ({ offer: offer(2, [track]) }) });
    await made.session.connect('http://node', 'g');
    await pass(0);
    made.peers[1]?.become('failed');
    await pass(31_000);
    expect(made.hubs[0]?.count('restartSubscriber')).toBe(3);
    expect(made.grants).toBe(1);
  });
});

describe('muting', () => {
  const own = { trackId: 'own', kind: 'video' as const, source: 'camera' as const, muted: false, codec: 'vp8' };
  const camera = async (made: World): Promise<{ local: LocalTrack; first: FakeTrack; acquired: FakeTrack[] }> => {
    const first = new FakeTrack('video');
    const acquired: FakeTrack[] = [];
    await made.session.connect('http://node', 'g');
    const local = await made.session.publish(first.media, 'camera', {
      acquire: async () => {
        acquired.push(new FakeTrack('video'));
        return last(acquired).media;
      },
    });
    made.hubs[0]?.say('trackPublished', { participantId: 'me', track: own });
    return { local, first, acquired };
  };

  it('stops the camera so that its light goes off, and gets it again', async () => {
    const made = world();
    const { local, first, acquired } = await camera(made);
    await made.session.setMuted(local, true);
    expect(first.stopped).toBe(true);
    expect(local.sender?.track).toBeNull();
    expect(last(made.hubs[0]?.calls ?? [])).toEqual({ method: 'mute', argument: { trackId: 'own', muted: true } });
    await made.session.setMuted(local, false);
    expect(local.sender?.track).toBe(acquired[0]);
    expect(last(made.hubs[0]?.calls ?? []).argument).toEqual({ trackId: 'own', muted: false });
  });

  it('stops a camera that opens after the session was left', async () => {
    const made = world();
    const first = new FakeTrack('video');
    const late = new FakeTrack('video');
    let open: (track: MediaStreamTrack) => void = () => undefined;
    await made.session.connect('http://node', 'g');
    const local = await made.session.publish(first.media, 'camera', { acquire: () => new Promise((resolve) => (open = resolve)) });
    await made.session.setMuted(local, true);
    const opening = made.session.setMuted(local, false);
    await pass(0);
    await made.session.leave();
    open(late.media);
    await opening.catch(() => undefined);
    expect(late.stopped).toBe(true);
    const another = new FakeTrack('audio');
    await expect(made.session.publish(another.media, 'microphone')).rejects.toMatchObject({ code: 'not_joined' });
    expect(another.stopped).toBe(true);
  });

  it('does not keep a device whose track is refused', async () => {
    const made = world({ publish: refuse('source_not_allowed') });
    await made.session.connect('http://node', 'g');
    const track = new FakeTrack('audio');
    await expect(made.session.publish(track.media, 'microphone')).rejects.toMatchObject({ code: 'source_not_allowed' });
    expect(track.stopped).toBe(true);
    expect(made.session.local).toHaveLength(0);
  });

  it('does not show a device as on that was unplugged on its way here', async () => {
    const made = world();
    await made.session.connect('http://node', 'g');
    const track = new FakeTrack('audio');
    track.readyState = 'ended';
    await made.session.publish(track.media, 'microphone');
    await pass(0);
    expect(made.session.local).toHaveLength(0);
  });

  it('silences a microphone and keeps its device', async () => {
    const made = world();
    await made.session.connect('http://node', 'g');
    const track = new FakeTrack('audio');
    const local = await made.session.publish(track.media, 'microphone');
    await made.session.setMuted(local, true);
    expect(track.enabled).toBe(false);
    expect(track.stopped).toBe(false);
  });

  it('tells the server after a resume what it could not hear', async () => {
    const made = world({ resume: () => joined({ participants: [{ ...joined().participants[0]!, tracks: [own] }] }) });
    const { local } = await camera(made);
    made.reachable = false;
    made.hubs[0]?.drop();
    await made.session.setMuted(local, true);
    made.reachable = true;
    await pass(3_000);
    expect(last(made.hubs).calls).toContainEqual({ method: 'mute', argument: { trackId: 'own', muted: true } });
  });

  it('obeys a moderator who mutes, never one who unmutes', async () => {
    const made = world();
    const { local } = await camera(made);
    made.hubs[0]?.say('trackMuted', { participantId: 'me', trackId: 'own', muted: true, silenced: true });
    await pass(0);
    expect(local.muted).toBe(true);
    made.hubs[0]?.say('trackMuted', { participantId: 'me', trackId: 'own', muted: false, silenced: false });
    await pass(0);
    expect(local.muted).toBe(true);
  });

  it('publishes a camera that was off during a rejoin once it is turned on', async () => {
    const made = world({ resume: refuse('resume_expired') });
    const { local } = await camera(made);
    await made.session.setMuted(local, true);
    made.hubs[0]?.drop();
    await pass(10);
    expect(made.grants).toBe(1);
    expect(last(made.hubs).count('publish')).toBe(0);
    await made.session.setMuted(local, false);
    expect(last(made.hubs).count('publish')).toBe(1);
  });
});

describe('leaving', () => {
  it('stops devices, closes both peer connections and tells the server', async () => {
    const made = world();
    await made.session.connect('http://node', 'g');
    const track = new FakeTrack('audio');
    await made.session.publish(track.media, 'microphone');
    await made.session.leave();
    expect(track.stopped).toBe(true);
    expect(made.peers.map(({ connectionState }) => connectionState)).toEqual(['closed', 'closed']);
    expect(made.hubs[0]?.count('leave')).toBe(1);
    expect(made.session.state).toBe('left');
  });

  it('stops a recovery that is under way', async () => {
    const made = world();
    await made.session.connect('http://node', 'g');
    made.reachable = false;
    made.hubs[0]?.drop();
    await pass(1_000);
    await made.session.leave();
    made.reachable = true;
    await pass(60_000);
    expect(made.hubs).toHaveLength(1);
    expect(made.session.state).toBe('left');
  });
});

const track = { mid: '0', trackId: 't', participantId: 'p', kind: 'video' as const, source: 'camera' as const };
