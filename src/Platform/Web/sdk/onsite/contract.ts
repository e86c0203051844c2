/** The device domain, `/onsite/v1` (docs/api.md). */

/** Why a door stays red. */
export type Refusal =
  | 'malformed' | 'signature_invalid' | 'wrong_event' | 'ticket_unknown' | 'not_paid' | 'cancelled' | 'refunded' | 'transferred' | 'revoked'
  | 'blocked' | 'wrong_ticket_type' | 'too_early' | 'too_late' | 'left' | 'device_revoked';

export type Kind = 'in' | 'out';

export interface DeviceSelf {
  id: string;
  name: string;
  role: string;
  event: { id: string; name: string; state: string; timeZone: string; startsAt: string; endsAt: string };
  entrance: { ticketTypeIds: string[]; opensAt: string | null; closesAt: string | null; readmits: boolean };
  types: { id: string; name: string }[];
  keys: { kid: string; x: string; y: string }[];
  serverTime: string;
}

export interface ListedTicket {
  id: string;
  /** Of a ticket that is good. */
  name: string | null;
  typeId: string;
  refusal: Refusal | null;
  inAt: string | null;
  leftAt: string | null;
}

export interface ListPage {
  items: ListedTicket[];
  cursor: string;
  more: boolean;
}

export interface NewScan {
  id: string;
  code?: string;
  ticketId?: string;
  /** By this device's clock. */
  at: string;
  kind: Kind;
  decision: 'ask' | 'admitted' | 'already_in' | 'refused';
  reason?: Refusal;
}

export interface TicketEntry {
  at: string;
  device: string | null;
  leftAt: string | null;
}

export interface ScanAnswer {
  id: string;
  result: 'ok' | 'already_in' | 'not_in' | 'conflict' | 'refused';
  reason: Refusal | null;
  at: string;
  admitted: boolean;
  ticket: { id: string; holderName: string; typeId: string; typeName: string } | null;
  entry: TicketEntry | null;
}

/** Somebody passed who should not have, or whose ticket had been used. */
export interface Conflict {
  seq: number;
  scanId: string;
  result: 'conflict' | 'refused';
  reason: Refusal | null;
  at: string;
  receivedAt: string;
  device: string | null;
  ticket: ScanAnswer['ticket'];
  entry: TicketEntry | null;
  isMine: boolean | null;
}

/** Somebody who said that a booth may have name and address. */
export interface Lead {
  id: string;
  name: string;
  email: string;
  typeName: string;
  consentedAt: string;
}
