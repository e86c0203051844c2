import type { KeptScan, Refusal, Shade } from '../../sdk/onsite';

/** What somebody at a door says, for each reason. */
export const refusals: Record<Refusal, string> = {
  malformed: 'This is not a ticket’s code. Try again, or search by name.',
  signature_invalid: 'Not a ticket of ours: the code is forged or damaged.',
  wrong_event: 'A ticket, but of another event.',
  ticket_unknown: 'The event has no such ticket.',
  not_paid: 'The order has not been paid.',
  cancelled: 'The order was cancelled.',
  refunded: 'The order was refunded.',
  transferred: 'Handed on: its new holder has another code.',
  revoked: 'The organiser took this ticket back.',
  blocked: 'This person is not to be let in. Call the organiser.',
  wrong_ticket_type: 'A ticket for another entrance.',
  too_early: 'This entrance is not open yet.',
  too_late: 'This entrance has closed, or the event is over.',
  left: 'Has left, and this entrance lets nobody in again.',
  device_revoked: 'This device was revoked. Send people to another door.',
};

/** In a word, beside the colour. */
export const shades: Record<Shade, { in: string; out: string }> = {
  ok: { in: 'Welcome', out: 'Goodbye' },
  already_in: { in: 'Already in', out: 'Not in' },
  refused: { in: 'No entry', out: 'Not known' },
  offline: { in: 'Let in offline', out: 'Gone, offline' },
};

export type Mark = Shade | 'conflict';

/** How a scan stands now: what the platform said, or what was said here until it has. */
export function markOf({ answer, decision, failed }: KeptScan): { mark: Mark; says: string } {
  if (failed) return { mark: 'refused', says: 'Not taken by the server' };
  if (!answer) return decision === 'admitted' ? { mark: 'offline', says: 'Waits to be sent' } : decision === 'already_in' ? { mark: 'already_in', says: 'Stopped' } : { mark: 'refused', says: 'Refused' };
  if (answer.result === 'conflict') return { mark: 'conflict', says: 'Was in already' };
  if (answer.result === 'refused') return answer.admitted ? { mark: 'conflict', says: 'Should not have passed' } : { mark: 'refused', says: 'Refused' };
  return answer.result === 'ok' ? { mark: 'ok', says: 'Confirmed' } : { mark: 'already_in', says: 'Stopped' };
}
