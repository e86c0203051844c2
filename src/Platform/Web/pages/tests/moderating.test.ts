import { describe, expect, it } from 'vitest';
import type { RtcParticipant, RtcTrack } from '../../sdk/rtc';
import { inOrder, named } from '../session/hands';
import { possible } from '../session/moderating';

const someone = (more: Partial<RtcParticipant> = {}): RtcParticipant => ({ participantId: 'b', identity: 'b.1', name: 'Ben', role: 'attendee', canPublish: true, hand: null, moderates: false, reconnecting: false, tracks: [], ...more });
const track = (source: RtcTrack['source'], more: Partial<RtcTrack> = {}): RtcTrack => ({ trackId: source, kind: source === 'microphone' ? 'audio' : 'video', source, muted: false, codec: '', ...more });
const ids = (participant: RtcParticipant): string[] => possible(participant).map(({ id }) => id);

describe('what a moderator can do with a person', () => {
  it('invites or brings on stage who only watches', () => expect(ids(someone({ canPublish: false }))).toEqual(['invite', 'promote', 'remove']));

  it('mutes what is on, and asks for what is off', () => {
    expect(ids(someone({ tracks: [track('microphone'), track('camera', { muted: true }), track('screen')] }))).toEqual(['mic-off', 'camera-ask', 'screen-off', 'demote', 'remove']);
  });

  it('lifts a moderator’s mute, and never the person’s own', () => {
    expect(ids(someone({ tracks: [track('microphone', { muted: true, silenced: true })] }))).toEqual(['mic-ask', 'mic-allow', 'demote', 'remove']);
    expect(ids(someone({ tracks: [track('microphone', { muted: true })] }))).toEqual(['mic-ask', 'demote', 'remove']);
  });

  it('neither demotes nor removes another moderator', () => {
    expect(ids(someone({ moderates: true, hand: 1, tracks: [track('microphone')] }))).toEqual(['mic-off', 'lower-hand']);
  });

  it('asks twice only before a removal', () => {
    expect(possible(someone({ canPublish: false, hand: 2 })).filter(({ danger }) => danger).map(({ id }) => id)).toEqual(['remove']);
  });
});

describe('the list of people', () => {
  it('has raised hands first as they went up, then ourselves, then names', () => {
    const people = [someone({ participantId: 'z', name: 'Zoe' }), someone({ participantId: 'a', name: 'Ada', hand: 9 }), someone({ participantId: 'me', name: 'Me' }), someone({ participantId: 'c', name: 'Cleo', hand: 2 }), someone({ participantId: 'd', name: 'Dan' })];
    expect(inOrder(people, 'me').map(({ name }) => name)).toEqual(['Cleo', 'Ada', 'Me', 'Dan', 'Zoe']);
    expect(named(people, ' E').map(({ name }) => name).sort()).toEqual(['Cleo', 'Me', 'Zoe']);
  });
});
