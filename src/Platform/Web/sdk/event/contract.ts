/** The platform API's shapes (docs/api.md). Times are RFC 3339 UTC. */

export interface User {
  id: string;
  email: string;
  name: string;
}

export interface Me {
  user: User;
  organisations: { id: string; name: string; role: string }[];
}

export interface Demo {
  email: string;
  password: string;
  eventSlug: string;
}

export type EventState = 'building' | 'draft' | 'live' | 'ended' | 'archived' | 'cancelled';

export interface Page<T> {
  items: T[];
  /** Goes into `after` for the next page; null at the end. */
  next: string | null;
}

/** How an event looks; null is left to the platform's own look. */
export interface Branding {
  /** "#1a5f7a", and what can be read on it. */
  background: string | null;
  foreground: string | null;
  logoUrl: string | null;
  coverUrl: string | null;
  /** Of the colours; see `If-Match`. */
  version: number;
  /** False: they are the organisation's, or nobody's. */
  ownColours: boolean;
  ownLogo: boolean;
}

/** How an organisation looks, and its events without a look of their own. */
export interface OrganisationBranding {
  background: string | null;
  foreground: string | null;
  logoUrl: string | null;
  /** Of the colours; see `If-Match`. */
  version: number;
}

export interface EventSummary {
  id: string;
  slug: string;
  name: string;
  description: string | null;
  timeZone: string;
  state: EventState;
  startsAt: string;
  endsAt: string;
  businessType?: string;
  organisation?: { id: string; name: string } | null;
  branding?: Branding;
}

export interface Session {
  id: string;
  /** Rises with each change; see `If-Match`. */
  version: number;
  name: string;
  kind: 'session' | 'stage';
  startsAt: string | null;
  endsAt: string | null;
  live: boolean;
  participants: number;
}

export interface EventDetail extends EventSummary {
  sessions: Session[];
  /** Rises with each change; see `If-Match`. */
  version: number;
}

/** What somebody may do in an event, by its permission table. */
export type EventAction = 'take_part' | 'edit_event' | 'manage_team' | 'read_registrations' | 'end_orders' | 'record' | 'speak_on_stage' | 'moderate' | 'judge' | 'staff_booth' | 'check_in';

export interface EventRights {
  role: EventRole;
  actions: EventAction[];
}

/** Somebody in a room, as those see it who run it. */
export interface RoomPerson {
  participantId: string;
  /** The person's id, a dot, its tab. */
  identity: string;
  name: string;
  role: EventRole;
  canPublish: boolean;
  moderates: boolean;
}

export interface BannedPerson {
  participantId: string;
  name: string;
  bannedAt: string;
}

/** A session's room from outside of it. */
export interface RoomView {
  room: string;
  locked: boolean;
  /** Null: what the server takes. */
  capacity: number | null;
  participants: RoomPerson[];
  banned: BannedPerson[];
}

/** An event that one has a part in without being a member of its organisation. */
export interface MyPart {
  role: EventRole;
  event: EventSummary;
}

export type EventRole = 'organiser' | 'host' | 'cohost' | 'speaker' | 'moderator' | 'judge' | 'booth_staff' | 'scanner' | 'attendee';

export interface Entry {
  token: string;
  expiresAt: string;
  /** The same in seconds from now: this machine's clock may be wrong by minutes. */
  expiresIn: number;
  participant: { id: string; name: string; role: EventRole; preview?: boolean };
}

export interface RoomGrant {
  grant: string;
  /** By which organisers revoke it. */
  grantId: string;
  mediaUrl: string;
  room: string;
  identity: string;
  name: string;
  role: EventRole;
  moderates: boolean;
  iceServers: RTCIceServer[];
  expiresAt: string;
}

export type RecordingStatus = 'starting' | 'recording' | 'stopping' | 'composing' | 'ready' | 'failed';

export interface Recording {
  id: string;
  sessionId: string;
  eventId: string;
  status: RecordingStatus;
  progress: number | null;
  startedAt: string | null;
  endedAt: string | null;
  durationMs: number | null;
  assetId: string | null;
  failure: { code: string; detail: string } | null;
  /** What could not be recorded, and why; the rest was. */
  refused: { code: string; detail: string; tracks: number }[];
  size: number | null;
}

export interface Playback {
  url: string;
  thumbnailUrl: string | null;
  expiresAt: string;
  mimeType: string;
  durationMs: number;
  width: number;
  height: number;
  size: number;
  checksum: string;
}
