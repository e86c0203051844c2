/** The wire contract of the hub `/hubs/rtc` (docs/api.md). Times are milliseconds unless a name says otherwise. */

export type TrackSource = 'camera' | 'microphone' | 'screen' | 'screen_audio';
export type TrackKind = 'audio' | 'video';
/** Whether a client encrypts a track's frames for its viewers; "custom" is something that the clients agree on. */
export type TrackEncryption = 'none' | 'gcm' | 'custom';

export interface RtcTrack {
  trackId: string;
  kind: TrackKind;
  source: TrackSource;
  muted: boolean;
  /** A moderator muted it: its publisher unmutes it only when asked to. */
  silenced?: boolean;
  /** Its publisher's client encrypts its frames; absent: none. */
  encryption?: TrackEncryption;
  /** "opus", "vp8", "h264", "vp9", "av1"; empty until the first packet. */
  codec: string;
  /** What a viewer of a video track can be given, lowest first; empty before the first packet. */
  layers?: RtcTrackLayer[];
}

export interface RtcTrackLayer {
  /** Null without simulcast. */
  rid: string | null;
  spatial: number;
  width: number;
  height: number;
  temporalLayers: number;
  active: boolean;
  /** Bits per second. */
  bitrate: number;
}

export interface RtcParticipant {
  participantId: string;
  identity: string;
  name: string;
  role: string;
  canPublish: boolean;
  /** Place among the raised hands, the lowest went up first; null: not raised. */
  hand: number | null;
  /** May run the room. */
  moderates: boolean;
  /** Its connection is lost, and its place is kept. */
  reconnecting: boolean;
  tracks: RtcTrack[];
}

export interface SubscribedTrack {
  mid: string;
  trackId: string;
  participantId: string;
  kind: TrackKind;
  source: TrackSource;
  /** Absent: none. */
  encryption?: TrackEncryption;
}

export interface SubscribeOffer {
  revision: number;
  sdp: string;
  tracks: SubscribedTrack[];
}

export interface Rights {
  canPublish: boolean;
  canSubscribe: boolean;
  /** What we may send, if we may send at all. */
  sources: TrackSource[];
  /** May run the room. */
  moderates: boolean;
}

export interface You extends Rights {
  participantId: string;
  identity: string;
  name: string;
  role: string;
}

/** What a moderator asks of the room (docs/api.md, "Running a room"). */
export type RoomRequest =
  | { action: 'invite' | 'lowerHand' | 'remove'; participantId: string }
  | { action: 'setRights'; participantId: string; canPublish?: boolean; sources?: TrackSource[] }
  | { action: 'mute'; trackId: string; muted: boolean }
  | { action: 'askToUnmute'; trackId: string }
  | { action: 'lock'; locked: boolean }
  | { action: 'capacity'; participants: number | null };

export interface JoinAnswer {
  you: You;
  resumeToken: string;
  room: { id: string; locked: boolean };
  participants: RtcParticipant[];
  iceServers: RTCIceServer[];
  /** Seconds for which their credentials are good; null or absent: for ever. */
  iceServersTtl?: number | null;
  offer: SubscribeOffer | null;
}

export interface TrackDeclaration {
  mid: string;
  source: TrackSource;
  muted: boolean;
  /** We stop encodings that nobody watches when we are told to. */
  dynacast?: boolean;
  /** We encrypt its frames; absent: none. */
  encryption?: TrackEncryption;
}

export interface SpeakerLevel {
  participantId: string;
  /** 0 (silence) … 1 (full scale). */
  level: number;
}

/** What the client may ask, with the argument and the answer of each method. */
export interface HubMethods {
  join: { in: { grant: string; client?: string }; out: JoinAnswer };
  resume: { in: { resumeToken: string }; out: JoinAnswer };
  publish: { in: { sdp: string; tracks: TrackDeclaration[] }; out: { sdp: string } };
  subscribeAnswer: { in: { revision: number; sdp: string }; out: object };
  restartSubscriber: { in: null; out: { offer: SubscribeOffer } };
  mute: { in: { trackId: string; muted: boolean }; out: object };
  subscribe: { in: { trackId: string; enabled: boolean }; out: object };
  setVideo: { in: { trackId: string; maxWidth?: number; maxHeight?: number; maxFrameRate?: number; paused?: boolean }; out: object };
  setLastN: { in: { count: number | null }; out: object };
  raiseHand: { in: { raised: boolean }; out: object };
  answerInvitation: { in: { accepted: boolean }; out: object };
  moderate: { in: RoomRequest; out: object };
  iceServers: { in: null; out: { iceServers: RTCIceServer[]; iceServersTtl: number | null } };
  leave: { in: null; out: object };
}

/** What the server says on its own. */
export interface HubMessages {
  subscribeOffer: SubscribeOffer;
  participantJoined: RtcParticipant;
  participantLeft: { participantId: string };
  participantReconnecting: { participantId: string };
  participantReconnected: { participantId: string };
  trackPublished: { participantId: string; track: RtcTrack };
  trackUnpublished: { participantId: string; trackId: string };
  trackMuted: { participantId: string; trackId: string; muted: boolean; silenced: boolean };
  activeSpeakers: { speakers: SpeakerLevel[] };
  publishLayers: { trackId: string; mid: string; encodings: { rid: string | null; active: boolean }[] };
  videoHeld: { trackIds: string[] };
  rightsChanged: Rights & { participantId: string };
  handRaised: { participantId: string; hand: number | null };
  /** Null: the organisers ask. */
  stageInvited: { participantId: string | null };
  invitationAnswered: { participantId: string; accepted: boolean };
  unmuteAsked: { trackId: string };
  roomLocked: { locked: boolean };
  closed: { code: string; message: string };
}

export type HubReply<T> = ({ ok: true } & T) | { ok: false; error: { code: string; message: string } };

/** An error that the server (or this SDK) names by a stable code. */
export class RtcError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'RtcError';
  }
}

/** The hub did not answer because its socket is gone. The session resumes; the caller's work is redone afterwards. */
export class HubLost extends RtcError {
  constructor(message = 'The connection to the media server was lost.') {
    super('hub_lost', message);
    this.name = 'HubLost';
  }
}
