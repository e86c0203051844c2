/** Accounts, organisations and teams (docs/api.md). */

export type OrganisationRole = 'organization_admin' | 'event_admin' | 'regular_member';

export interface Profile {
  id: string;
  email: string;
  name: string;
  emailVerified: boolean;
  hasPassword: boolean;
  personal: Record<string, string>;
  settings: Record<string, string>;
}

export type PrivacyKind = 'access' | 'erasure';

export interface PrivacyRequest {
  id: string;
  kind: PrivacyKind;
  state: 'queued' | 'working' | 'done' | 'refused' | 'cancelled';
  confirmedAt: string;
  dueAt: string;
  settledAt: string | null;
  code: string | null;
}

export interface Organisation {
  id: string;
  name: string;
  role: OrganisationRole;
}

export interface Member {
  userId: string;
  email: string;
  name: string;
  role: string;
  createdAt?: string;
}

export interface Invitation {
  id: string;
  eventId: string | null;
  email: string;
  role: string;
  createdAt: string;
  expiresAt: string;
}

export interface Team {
  members: Member[];
  invitations: Invitation[];
}

/** How far the cancellation of an event has come. */
export interface Cancellation {
  state: 'working' | 'attention' | 'done';
  message: string;
  requestedAt: string;
  ordersEnded: number;
  ordersOpen: number;
  refundsDone: number;
  refundsWaiting: number;
  refundsFailed: number;
  ticketsUntold: number;
}

export interface AuditItem {
  id: string;
  at: string;
  actorKind: string;
  actorId: string | null;
  action: string;
  eventId: string | null;
  subjectType: string | null;
  subjectId: string | null;
  detail: Record<string, unknown>;
}

export interface ApiToken {
  id: string;
  name: string;
  scopes: string[];
  createdAt: string;
  expiresAt: string | null;
  lastUsedAt: string | null;
  revokedAt: string | null;
}
