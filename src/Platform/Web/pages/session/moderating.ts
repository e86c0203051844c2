import type { RoomRequest, RtcParticipant, RtcTrack, TrackSource } from '../../sdk/rtc';

/** Something that a moderator can do with a person now. */
export interface Possible {
  id: string;
  label: string;
  request: RoomRequest;
  /** Said when it is done; null: what changes is seen. */
  said: string | null;
  /** It ends the person's stay, so it is asked twice. */
  danger?: boolean;
}

/** What can be done with a person, in the order of how often it is. */
export function possible(participant: RtcParticipant): Possible[] {
  const { participantId, name } = participant;
  const track = (source: TrackSource): RtcTrack | undefined => participant.tracks.find((candidate) => candidate.source === source);
  const list: Possible[] = [];
  if (!participant.canPublish) {
    list.push({ id: 'invite', label: 'Invite to the stage', request: { action: 'invite', participantId }, said: `${name} is invited to the stage.` });
    list.push({ id: 'promote', label: 'Bring on stage now', request: { action: 'setRights', participantId, canPublish: true }, said: null });
  }
  list.push(...muting(track('microphone'), 'mic', 'Mute', 'Let unmute', 'Ask to unmute', name));
  list.push(...muting(track('camera'), 'camera', 'Turn camera off', 'Allow the camera', 'Ask to turn the camera on', name));
  const screen = track('screen');
  if (screen && !screen.muted) list.push({ id: 'screen-off', label: 'Stop the shared screen', request: { action: 'mute', trackId: screen.trackId, muted: true }, said: null });
  if (participant.hand !== null) list.push({ id: 'lower-hand', label: 'Lower the hand', request: { action: 'lowerHand', participantId }, said: null });
  // Moderators neither demote nor remove each other: that is the organisers'.
  if (participant.moderates) return list;
  if (participant.canPublish) list.push({ id: 'demote', label: 'Take off the stage', request: { action: 'setRights', participantId, canPublish: false }, said: null });
  list.push({ id: 'remove', label: 'Remove…', request: { action: 'remove', participantId }, said: `${name} is removed.`, danger: true });
  return list;
}

function muting(track: RtcTrack | undefined, id: string, off: string, allow: string, ask: string, name: string): Possible[] {
  if (!track) return [];
  const { trackId } = track;
  if (!track.muted) return [{ id: `${id}-off`, label: off, request: { action: 'mute', trackId, muted: true }, said: null }];
  const list: Possible[] = [{ id: `${id}-ask`, label: ask, request: { action: 'askToUnmute', trackId }, said: `${name} is asked.` }];
  if (track.silenced) list.push({ id: `${id}-allow`, label: allow, request: { action: 'mute', trackId, muted: false }, said: null });
  return list;
}
