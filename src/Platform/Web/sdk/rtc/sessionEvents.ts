import type { Rights, RtcParticipant } from './contract';
import type { DataMessage } from './dataChannels';
import type { VideoCodec } from './encodings';
import type { FrameEncryption } from './frameEncryption';
import type { OpenHub } from './hub';
import type { LocalTrack } from './localTrack';
import type { Quality } from './quality';
import type { RosterChange } from './roster';
import type { Running } from './running';

export type ConnectionState = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'failed' | 'left';

export interface RtcSessionOptions {
  /** Called before a rejoin: a grant is short-lived, and the room may have moved to another node. */
  freshGrant: () => Promise<{ mediaUrl: string; grant: string }>;
  openHub?: OpenHub;
  createPeerConnection?: (configuration: RTCConfiguration) => RTCPeerConnection;
  /** Named to the server for its logs. */
  client?: string;
  /** What video is sent in; the browser's own first choice by default. VP9 and AV1 are sent as one stream with layers (SVC). */
  videoCodec?: VideoCodec;
  /** Encrypts what we send and decrypts what comes, end to end. Without it encrypted tracks of others are left out. */
  encryption?: FrameEncryption;
  /** Opens data channels, to send and receive messages: see {@link RtcSession.sendData}. */
  data?: boolean;
}

export interface RtcSessionEvents {
  state: ConnectionState;
  roster: RosterChange;
  /** Remote media changed: see {@link RtcSession.media}. */
  media: ReadonlyMap<string, MediaStreamTrack>;
  local: readonly LocalTrack[];
  /** Level 0…1 by participant. */
  speakers: ReadonlyMap<string, number>;
  quality: Quality;
  /** See {@link RtcSession.blocked}. */
  blocked: boolean;
  /** A message from another participant. */
  data: DataMessage;
  /** A data channel is open, or was closed: while it is closed messages are missed. */
  dataChannel: { reliable: boolean; open: boolean };
  /** Cameras that {@link RtcSession.setLastN} holds back now, by track id. */
  held: ReadonlySet<string>;
  /** Someone else muted one of our tracks, or we tried to unmute what a moderator muted. */
  mutedByOthers: LocalTrack;
  /** See {@link RtcSession.running}: the lock, an invitation, a question. */
  running: Running;
  /** Our own rights changed while we are here; what they were. */
  rights: { before: Rights; after: Rights };
  /** For moderators: what one whom somebody invited said. */
  invitationAnswered: { participant: RtcParticipant; accepted: boolean };
  /** For moderators: a hand went up. */
  handRaised: RtcParticipant;
  /** A device was unplugged, or the browser's own "stop sharing" was pressed. */
  ended: LocalTrack;
}
