import type { LocalTrack, RtcParticipant, RtcSession, RtcTrack } from '../../sdk/rtc';

/** What one tile shows. */
export interface TileView {
  key: string;
  participantId: string;
  name: string;
  self: boolean;
  kind: 'person' | 'screen';
  video: MediaStreamTrack | null;
  /** Of a remote video, by which its size is asked for; null for our own. */
  trackId: string | null;
  /** There is a picture, and the server holds it back. */
  held: boolean;
  /** The person's connection is lost: what is shown of it is the last that came. */
  reconnecting: boolean;
  /** The picture is end-to-end encrypted: "open" to us, or "locked" when we have no key. Null: it is not. */
  encryption: 'open' | 'locked' | null;
  /** True, false, or null when the person has no microphone in the room. */
  micMuted: boolean | null;
}

/** More decode at once than a laptop does; the rest is in the roster. */
export const mostTiles = 25;

export interface Tiles {
  people: TileView[];
  screens: TileView[];
  /** People beyond {@link mostTiles}. */
  hidden: number;
  /** Remote cameras of those. */
  offStage: string[];
}

export function tilesOf(rtc: RtcSession): Tiles {
  const own = rtc.you?.participantId ?? '';
  const people: TileView[] = [];
  const screens: TileView[] = [];
  const bySource = (source: LocalTrack['source']): LocalTrack | undefined => rtc.local.find((local) => local.source === source);

  if (rtc.you?.canPublish) {
    const microphone = bySource('microphone');
    const camera = bySource('camera');
    const screen = bySource('screen');
    const base = { participantId: own, name: rtc.you.name, self: true, trackId: null, held: false, reconnecting: false, encryption: null };
    people.push({ ...base, key: own, kind: 'person', video: camera && !camera.silent ? camera.track : null, micMuted: microphone ? microphone.silent : true });
    if (screen?.track) screens.push({ ...base, key: `${own}.screen`, kind: 'screen', video: screen.track, micMuted: null });
  }
  for (const participant of rtc.participants) {
    if (participant.participantId === own || !(participant.canPublish || participant.tracks.length > 0)) continue;
    people.push(person(rtc, participant));
    const screen = participant.tracks.find(({ source }) => source === 'screen');
    const video = screen && !screen.muted ? rtc.media.get(screen.trackId) : undefined;
    if (video) {
      screens.push({ key: `${participant.participantId}.screen`, participantId: participant.participantId, name: participant.name, self: false, kind: 'screen', video, trackId: screen?.trackId ?? null, held: screen !== undefined && rtc.held.has(screen.trackId), reconnecting: participant.reconnecting, encryption: encryptionOf(rtc, screen), micMuted: null });
    }
  }
  const offStage = people.slice(mostTiles);
  return {
    people: people.slice(0, mostTiles),
    screens,
    hidden: offStage.length,
    offStage: offStage.flatMap(({ trackId }) => (trackId ? [trackId] : [])),
  };
}

function person(rtc: RtcSession, participant: RtcParticipant): TileView {
  const camera = participant.tracks.find(({ source }) => source === 'camera');
  const microphone = participant.tracks.find(({ source }) => source === 'microphone');
  return {
    key: participant.participantId,
    participantId: participant.participantId,
    name: participant.name,
    self: false,
    kind: 'person',
    video: camera && !camera.muted && !rtc.held.has(camera.trackId) ? (rtc.media.get(camera.trackId) ?? null) : null,
    trackId: camera?.trackId ?? null,
    held: camera !== undefined && !camera.muted && rtc.held.has(camera.trackId),
    reconnecting: participant.reconnecting,
    encryption: encryptionOf(rtc, camera ?? microphone),
    micMuted: microphone ? microphone.muted : null,
  };
}

function encryptionOf(rtc: RtcSession, track: RtcTrack | undefined): TileView['encryption'] {
  if (!track || (track.encryption ?? 'none') === 'none') return null;
  return rtc.canRead(track) ? 'open' : 'locked';
}
