import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RtcSession } from '../session';
import { everySource, FakeHub, FakePeer, FakeTrack, joined, person, refuse, type Handlers } from './fakes';

function world(handlers: Handlers = {}, data = false) {
  const hubs: FakeHub[] = [];
  const peers: FakePeer[] = [];
  const session = new RtcSession({
    freshGrant: async () => ({ mediaUrl: 'http://node', grant: 'fresh' }),
    data,
    openHub: async () => {
      const hub = new FakeHub({ join: () => joined({ participants: [...joined().participants, person('b')] }), publish: () => ({ sdp: 'answer' }), ...handlers });
      hubs.push(hub);
      return hub;
    },
    createPeerConnection: () => {
      const peer = new FakePeer();
      peers.push(peer);
      return peer.pc;
    },
  });
  return { session, hubs, peers, hub: () => hubs.at(-1)! };
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const rights = (canPublish: boolean, sources = [...everySource], moderates = false) => ({ participantId: 'me', canPublish, canSubscribe: true, sources, moderates });
const own = { trackId: 'own', kind: 'audio', source: 'microphone', muted: false, codec: 'opus' } as const;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('rights that change', () => {
  it('stops devices and takes a new connection when demoted, and publishes on it when promoted again', async () => {
    const made = world();
    await made.session.connect('http://node', 'g');
    const track = new FakeTrack('audio');
    await made.session.publish(track.media, 'microphone');
    const told: string[] = [];
    made.session.events.on('rights', ({ before, after }) => told.push(`${before.canPublish} ${after.canPublish}`));
    made.hub().say('rightsChanged', rights(false));
    await pass(0);
    expect(track.stopped).toBe(true);
    expect(made.session.local).toHaveLength(0);
    expect(made.session.you?.canPublish).toBe(false);
    expect(made.peers[0]?.connectionState).toBe('closed');
    expect(made.session.state).toBe('connected');
    made.hub().say('rightsChanged', rights(true));
    await made.session.publish(new FakeTrack('audio').media, 'microphone');
    expect(made.peers).toHaveLength(3);
    expect(made.hub().count('publish')).toBe(2);
    expect(told).toEqual(['true false', 'false true']);
  });

  it('goes on when its new connection is refused, with its data channels closed', async () => {
    let refusing = false;
    const made = world({ publish: () => (refusing ? refuse('internal_error')() : { sdp: 'answer' }) }, true);
    await made.session.connect('http://node', 'g');
    refusing = true;
    made.hub().say('rightsChanged', rights(false)); // a rejection that nobody handles fails this run
    await pass(0);
    expect(made.hub().count('publish')).toBe(2);
    expect(made.session.you?.canPublish).toBe(false);
    expect(made.session.failure).toBeNull();
  });

  it('ends only the source that was taken away', async () => {
    const made = world();
    await made.session.connect('http://node', 'g');
    const [camera, microphone] = [new FakeTrack('video'), new FakeTrack('audio')];
    await made.session.publish(camera.media, 'camera');
    await made.session.publish(microphone.media, 'microphone');
    made.hub().say('rightsChanged', rights(true, ['microphone']));
    await pass(0);
    expect([camera.stopped, microphone.stopped]).toEqual([true, false]);
    expect(made.session.local.map(({ source }) => source)).toEqual(['microphone']);
    expect(made.peers).toHaveLength(2);
  });

  it('does not publish again what it may no longer send after it was away', async () => {
    let times = 0;
    const made = world({
      resume: refuse('resume_expired'),
      join: () => {
        times += 1;
        const { you } = joined();
        return joined({ you: { ...you, participantId: `me${times}`, canPublish: times === 1 } });
      },
    });
    await made.session.connect('http://node', 'g');
    const track = new FakeTrack('audio');
    await made.session.publish(track.media, 'microphone');
    made.hub().drop();
    await pass(2_000);
    expect(made.session.state).toBe('connected');
    expect(track.stopped).toBe(true);
    expect(made.hub().count('publish')).toBe(0);
  });

  it('shows the rights and hands of others', async () => {
    const made = world();
    await made.session.connect('http://node', 'g');
    made.hub().say('rightsChanged', { ...rights(false), participantId: 'b' });
    made.hub().say('handRaised', { participantId: 'b', hand: 4 });
    expect(made.session.roster.get('b')).toMatchObject({ canPublish: false, hand: 4 });
    expect(made.session.you?.canPublish).toBe(true);
    made.hub().say('handRaised', { participantId: 'b', hand: null });
    expect(made.session.roster.get('b')?.hand).toBeNull();
  });
});

describe('being run', () => {
  it('shows who reconnects, until it is back', async () => {
    const made = world();
    await made.session.connect('http://node', 'g');
    const marks: (boolean | undefined)[] = [];
    made.session.events.on('roster', () => marks.push(made.session.roster.get('b')?.reconnecting));
    made.hub().say('participantReconnecting', { participantId: 'b' });
    made.hub().say('participantReconnecting', { participantId: 'gone' });
    made.hub().say('participantReconnected', { participantId: 'b' });
    expect(marks).toEqual([true, true, false]);
  });

  it('answers an invitation once, and forgets it when the rights change', async () => {
    const made = world();
    await made.session.connect('http://node', 'g');
    made.hub().say('stageInvited', { participantId: 'b' });
    expect(made.session.running.invitation).toBe('b');
    await made.session.running.answerInvitation(true);
    expect(made.session.running.invitation).toBeUndefined();
    expect(made.hub().calls).toContainEqual({ method: 'answerInvitation', argument: { accepted: true } });
    made.hub().say('stageInvited', { participantId: null });
    expect(made.session.running.invitation).toBeNull();
    made.hub().say('rightsChanged', rights(true));
    expect(made.session.running.invitation).toBeUndefined();
  });

  it('gives an answer again that the server had no time for, and asks the person again when it never has', async () => {
    let busy = true;
    const made = world({ answerInvitation: () => (busy ? refuse('too_many_requests')() : {}) });
    await made.session.connect('http://node', 'g');
    made.hub().say('stageInvited', { participantId: 'b' });
    const answered = made.session.running.answerInvitation(true);
    await pass(0);
    expect(made.session.running.invitation).toBeUndefined();
    busy = false;
    await pass(2_000);
    await answered;
    expect(made.hub().calls.filter(({ method }) => method === 'answerInvitation').map(({ argument }) => argument)).toEqual([{ accepted: true }, { accepted: true }]);

    busy = true;
    made.hub().say('stageInvited', { participantId: 'b' });
    const refused = expect(made.session.running.answerInvitation(false)).rejects.toMatchObject({ code: 'too_many_requests' });
    await pass(60_000);
    await refused;
    expect(made.session.running.invitation).toBe('b');
    expect(made.hub().count('answerInvitation')).toBe(7);
  });

  it('does not give an answer again to a question that is over', async () => {
    const made = world({ answerInvitation: refuse('too_many_requests') });
    await made.session.connect('http://node', 'g');
    made.hub().say('stageInvited', { participantId: 'b' });
    const answered = made.session.running.answerInvitation(true);
    await pass(0);
    made.hub().say('stageInvited', { participantId: 'c' });
    await pass(60_000);
    await answered;
    expect(made.hub().count('answerInvitation')).toBe(1);
    expect(made.session.running.invitation).toBe('c');
  });

  it('says a moderator’s mute as its own too, so that lifting it opens nothing', async () => {
    const made = world();
    await made.session.connect('http://node', 'g');
    const local = await made.session.publish(new FakeTrack('audio').media, 'microphone');
    made.hub().say('trackPublished', { participantId: 'me', track: own });
    await pass(0);
    const told = vi.fn();
    made.session.events.on('mutedByOthers', told);
    made.hub().say('trackMuted', { participantId: 'me', trackId: 'own', muted: true, silenced: true });
    await pass(0);
    expect(local.muted).toBe(true);
    expect(told).toHaveBeenCalledOnce();
    expect(made.hub().calls).toContainEqual({ method: 'mute', argument: { trackId: 'own', muted: true } });
    expect(made.session.roster.owner('own')?.track).toMatchObject({ muted: true, silenced: true });
  });

  it('goes silent again when a moderator’s mute forbids to unmute, and says so', async () => {
    let forbidden = true;
    const made = world({ mute: ({ muted }) => (!muted && forbidden ? refuse('muted_by_moderator')() : {}) });
    await made.session.connect('http://node', 'g');
    const local = await made.session.publish(new FakeTrack('audio').media, 'microphone');
    made.hub().say('trackPublished', { participantId: 'me', track: own });
    await pass(0);
    made.hub().say('trackMuted', { participantId: 'me', trackId: 'own', muted: true, silenced: true });
    await pass(0);
    const told = vi.fn();
    made.session.events.on('mutedByOthers', told);
    await made.session.setMuted(local, false);
    expect(local.muted).toBe(true);
    expect(told).toHaveBeenCalledOnce();
    // The refused word was taken for the mark: lifting the moderator's mute must not show us as heard.
    expect(made.hub().calls.filter(({ method }) => method === 'mute').at(-1)?.argument).toEqual({ trackId: 'own', muted: true });

    forbidden = false; // a moderator asks
    made.hub().say('unmuteAsked', { trackId: 'own' });
    expect(made.session.running.unmuteAsked).toBe('own');
    made.session.running.answerUnmute();
    await made.session.setMuted(local, false);
    expect(local.muted).toBe(false);
    expect(made.session.roster.owner('own')?.track).toMatchObject({ muted: false, silenced: false });
  });

  it('obeys a moderator while a mute of its own is under way, of this track or another', async () => {
    const answers: (() => void)[] = [];
    const made = world({ mute: () => new Promise((resolve) => answers.push(() => resolve({}))) });
    await made.session.connect('http://node', 'g');
    const local = await made.session.publish(new FakeTrack('audio').media, 'microphone', { muted: true });
    const camera = await made.session.publish(new FakeTrack('video').media, 'camera');
    made.hub().say('trackPublished', { participantId: 'me', track: { ...own, muted: true } });
    made.hub().say('trackPublished', { participantId: 'me', track: { ...own, trackId: 'cam', kind: 'video', source: 'camera' } });
    const told: string[] = [];
    made.session.events.on('mutedByOthers', ({ source }) => told.push(source));
    const unmuted = made.session.setMuted(local, false);
    await pass(0);
    for (const trackId of ['cam', 'own']) made.hub().say('trackMuted', { participantId: 'me', trackId, muted: true, silenced: true });
    for (let i = 0; i < 4; i++) {
      await pass(0);
      answers.splice(0).forEach((answer) => answer());
    }
    await unmuted;
    expect([camera.muted, local.muted]).toEqual([true, true]);
    expect(told.sort()).toEqual(['camera', 'microphone']);
    for (const trackId of ['cam', 'own']) expect(made.session.roster.owner(trackId)?.track).toMatchObject({ muted: true, silenced: true });
  });

  it('says its mute again when it was refused for the moment', async () => {
    let busy = true;
    const made = world({ mute: () => (busy ? refuse('too_many_requests')() : {}) });
    await made.session.connect('http://node', 'g');
    const local = await made.session.publish(new FakeTrack('audio').media, 'microphone');
    made.hub().say('trackPublished', { participantId: 'me', track: own });
    await made.session.setMuted(local, true);
    expect(made.session.roster.owner('own')?.track.muted).toBe(false);
    busy = false;
    await pass(3_000);
    expect(made.session.roster.owner('own')?.track.muted).toBe(true);
    await pass(10_000);
    expect(made.hub().count('mute')).toBe(2);
  });

  it('says again that a track is gone, when that was refused for the moment', async () => {
    let busy = false;
    const made = world({ publish: () => (busy ? refuse('too_many_requests')() : { sdp: 'answer' }) });
    await made.session.connect('http://node', 'g');
    const local = await made.session.publish(new FakeTrack('audio').media, 'microphone');
    busy = true;
    await made.session.unpublish(local);
    busy = false;
    await pass(3_000);
    expect(made.hub().calls.at(-1)).toMatchObject({ method: 'publish', argument: { tracks: [] } });
    expect(made.hub().count('publish')).toBe(3);
  });

  it('takes its own mark, which comes back as a moderator lifts a mute, for nobody’s wish', async () => {
    const made = world();
    await made.session.connect('http://node', 'g');
    const local = await made.session.publish(new FakeTrack('audio').media, 'microphone');
    made.hub().say('trackPublished', { participantId: 'me', track: own });
    made.hub().say('trackMuted', { participantId: 'me', trackId: 'own', muted: true, silenced: false });
    await pass(0);
    expect(local.muted).toBe(false);
  });

  it.each(['removed', 'room_closed', 'participant_removed'])('stays out when it was put out: %s', async (code) => {
    const made = world();
    await made.session.connect('http://node', 'g');
    made.hub().say('closed', { code, message: 'Out.' });
    await pass(5_000);
    expect(made.session.state).toBe('failed');
    expect(made.session.failure).toMatchObject({ code, message: 'Out.' });
    expect(made.hubs).toHaveLength(1);
  });

  it('asks for a new grant when its own was revoked, and obeys what it says', async () => {
    const { you } = joined();
    let times = 0;
    const made = world({ join: () => joined({ you: { ...you, participantId: `me${++times}`, moderates: times === 1 } }) });
    await made.session.connect('http://node', 'g');
    const told: string[] = [];
    made.session.events.on('rights', ({ before, after }) => told.push(`${before.moderates} ${after.moderates}`));
    made.hub().say('closed', { code: 'grant_revoked', message: 'Revoked.' });
    await pass(2_000);
    expect(made.session.state).toBe('connected');
    expect(made.hub().calls[0]).toMatchObject({ method: 'join', argument: { grant: 'fresh' } });
    expect(told).toEqual(['true false']);
  });

  it('does not hammer on a locked door', async () => {
    let locked = false;
    const made = world({ resume: refuse('resume_expired'), join: () => (locked ? refuse('room_locked')() : joined()) });
    await made.session.connect('http://node', 'g');
    locked = true;
    made.hub().drop();
    await pass(20_000);
    expect(made.session.failure).toMatchObject({ code: 'room_locked' });
    expect(made.hubs).toHaveLength(3);
  });
});

describe('running a room', () => {
  it('knows the lock from the snapshot and from then on', async () => {
    const made = world({ join: () => joined({ room: { id: 'room', locked: true } }) });
    await made.session.connect('http://node', 'g');
    expect(made.session.running.locked).toBe(true);
    made.hub().say('roomLocked', { locked: false });
    expect(made.session.running.locked).toBe(false);
  });

  it('hands requests on, and the server’s refusal back', async () => {
    const made = world({ moderate: (request) => (request.action === 'remove' ? refuse('moderation_not_allowed')() : {}) });
    await made.session.connect('http://node', 'g');
    await made.session.running.moderate({ action: 'invite', participantId: 'b' });
    expect(made.hub().calls).toContainEqual({ method: 'moderate', argument: { action: 'invite', participantId: 'b' } });
    await expect(made.session.running.moderate({ action: 'remove', participantId: 'b' })).rejects.toMatchObject({ code: 'moderation_not_allowed' });
    made.hub().drop();
    await expect(made.session.running.raiseHand(true)).rejects.toMatchObject({ code: 'hub_lost' });
  });

  it('tells moderators of hands and answers', async () => {
    const { you } = joined();
    const made = world({ join: () => joined({ you: { ...you, moderates: true }, participants: [person('b')] }) });
    await made.session.connect('http://node', 'g');
    const heard: string[] = [];
    made.session.events.on('handRaised', ({ name }) => heard.push(`hand ${name}`));
    made.session.events.on('invitationAnswered', ({ participant, accepted }) => heard.push(`${participant.name} ${accepted}`));
    made.hub().say('handRaised', { participantId: 'b', hand: 1 });
    made.hub().say('handRaised', { participantId: 'b', hand: null });
    made.hub().say('invitationAnswered', { participantId: 'b', accepted: false });
    expect(heard).toEqual(['hand B', 'B false']);
  });
});
