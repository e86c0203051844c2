/** Tickets and orders (docs/api.md). Prices are in the currency's smallest unit. */
import type { EventSummary } from './contract';

export type Visibility = 'public' | 'hidden' | 'invited';

export interface Quota {
  id: string;
  /** Rises with each change; see `If-Match`. */
  version: number;
  name: string;
  capacity: number;
  taken: number;
  held: number;
  waiting: number;
  available: number;
}

export interface TicketType {
  id: string;
  /** Rises with each change; see `If-Match`. */
  version: number;
  quotaId: string;
  name: string;
  description: string;
  visibility: Visibility;
  priceMinor: number;
  currency: string;
  maxPerOrder: number;
  salesFrom: string | null;
  salesUntil: string | null;
  available: number;
  /** Ever sold, or being paid for; for organisers only. */
  sold: number | null;
}

export type QuestionKind = 'text' | 'choice' | 'choices' | 'yes_no' | 'file';

export interface Question {
  id: string;
  /** Rises with each change; see `If-Match`. */
  version: number;
  label: string;
  kind: QuestionKind;
  required: boolean;
  options: string[];
  ticketTypeId: string | null;
  shownIf: { questionId: string; answer: string } | null;
}

export interface ConsentText {
  version: number;
  storing: string;
  /** Empty when nothing is asked. */
  sharing: string;
}

export interface OnSale {
  types: TicketType[];
  questions: Question[];
  consent: ConsentText | null;
}

export type Answer = string | string[] | boolean;
export type Answers = Record<string, Answer>;

export interface NewOrder {
  email: string;
  name: string;
  tickets: { ticketTypeId: string; holderName?: string; holderEmail?: string; answers?: Answers }[];
  voucher?: string;
  invitation?: string;
  waitingList?: string;
  consent: { version: number | null; storing: boolean; sharing: boolean };
}

export type OrderState = 'pending' | 'confirmed' | 'expired' | 'cancelled' | 'refunding' | 'refunded';

export interface Ticket {
  id: string;
  ticketTypeId: string;
  typeName: string;
  holderName: string;
  holderEmail: string;
  priceMinor: number;
  state: string;
  /** The QR code's text, for a valid ticket. */
  code: string | null;
  /** When its holder came in. */
  checkedInAt: string | null;
  eventId: string;
}

/** What the door says. */
export interface Verdict {
  valid: boolean;
  reason: string | null;
  ticket: Ticket | null;
}

export interface ImportedInvitations {
  sent: number;
  errors: { line: number; code: string; detail: string }[];
}

export interface Order {
  id: string;
  eventId: string;
  state: OrderState;
  email: string;
  name: string;
  totalMinor: number;
  currency: string;
  expiresAt: string | null;
  key: string | null;
  checkoutUrl: string | null;
  tickets: Ticket[];
}

export interface OrderSummary {
  id: string;
  state: OrderState;
  email: string;
  name: string;
  totalMinor: number;
  currency: string;
  createdAt: string;
  tickets: number;
  checkedIn: number;
  /** Why its money did not go back. */
  refundProblem: string | null;
}

export interface MyOrder {
  id: string;
  state: OrderState;
  totalMinor: number;
  currency: string;
  createdAt: string;
  tickets: number;
  event: EventSummary;
}

export interface Waiting {
  id: string;
  state: 'waiting' | 'offered' | 'claimed' | 'lapsed' | 'left';
  /** 1 is next. */
  position: number;
  offeredUntil: string | null;
  key: string;
}

export interface Voucher {
  id: string;
  /** Rises with each change; see `If-Match`. */
  version: number;
  code: string;
  ticketTypeId: string | null;
  percentOff: number;
  maxUses: number;
  validUntil: string | null;
  used: number;
}

export interface TicketInvitation {
  id: string;
  ticketTypeId: string;
  email: string;
  state: 'sent' | 'opened' | 'accepted' | 'declined' | 'revoked';
  key: string;
  createdAt: string;
  changedAt: string;
}

/** A phone at a door of the event. */
export interface CheckInDevice {
  id: string;
  name: string;
  role: string;
  /** None: every type. */
  ticketTypeIds: string[];
  opensAt: string | null;
  closesAt: string | null;
  readmits: boolean;
  state: 'waiting' | 'active' | 'revoked';
  createdAt: string;
  enrolledAt: string | null;
  lastSeenAt: string | null;
  revokedAt: string | null;
}

/** What enrols a device, once. */
export interface Enrolment {
  device: CheckInDevice;
  url: string;
  /** A `data:` address. */
  qr: string;
  expiresAt: string;
}

export interface DoorCounts {
  valid: number;
  in: number;
  left: number;
  conflicts: number;
}
