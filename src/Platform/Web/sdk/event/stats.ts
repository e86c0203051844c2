/** How media flows in a session's room (docs/api.md, RoomStats): bit/s, milliseconds, loss 0…1, over the last second. */

export interface TransportStats {
  state: 'connecting' | 'connected' | 'consent_lost' | 'closed';
  protocol: 'udp' | 'tcp' | null;
  family: 'ipv4' | 'ipv6' | null;
  candidates: number;
}

export interface EncodingStats {
  rid: string | null;
  active: boolean;
  width: number;
  height: number;
  frameRate: number;
  bitrate: number;
  packets: number;
  lost: number;
  loss: number;
  jitterMs: number;
  keyframeRequests: number;
}

interface Freezing {
  freezes: number;
  frozenMs: number;
  frozen: boolean;
}

export interface TrackStats extends Freezing {
  trackId: string;
  kind: 'audio' | 'video';
  source: 'camera' | 'microphone' | 'screen' | 'screen_audio';
  codec: string;
  muted: boolean;
  viewers: number;
  encodings: EncodingStats[];
}

export interface SubscriptionStats extends Freezing {
  trackId: string;
  kind: 'audio' | 'video';
  source: TrackStats['source'];
  /** What it gets of a picture now; null: nothing, and of sound. */
  layer: { rid: string | null; spatial: number; temporal: number; width: number; height: number } | null;
  paused: 'viewer' | 'last_n' | 'bandwidth' | null;
  bitrate: number;
  loss: number;
  jitterMs: number;
}

interface Person {
  participantId: string;
  identity: string | null;
  /** Null: hidden. */
  name: string | null;
  kind: 'client' | 'whip' | 'whep';
  transport: TransportStats;
  bitrate: number;
}

export interface PublisherStats extends Person {
  tracks: TrackStats[];
}

export interface ViewerStats extends Person {
  estimate: number | null;
  roundTripMs: number | null;
  loss: number;
  jitterMs: number;
  paced: number;
  dropped: number;
  retransmitted: number;
  freezes: number;
  frozenMs: number;
  subscriptions: SubscriptionStats[];
}

export interface RoomStats {
  room: string;
  totals: {
    publishers: number;
    viewers: number;
    connected: number;
    overTcp: number;
    frozen: number;
    heldBack: number;
    bitrateIn: number;
    bitrateOut: number;
    loss: number;
    roundTripMs: number | null;
  };
  publishers: PublisherStats[];
  /** The worst first; not all of a large room. */
  viewers: ViewerStats[];
}
