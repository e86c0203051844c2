import type { Reading } from './code';
import type { DeviceSelf, Kind, ListedTicket, Refusal } from './contract';

export type Decided = { decision: 'admitted' | 'already_in'; reason?: undefined } | { decision: 'refused'; reason: Refusal };

interface Shown {
  self: DeviceSelf;
  /** Null: found by name. */
  reading: Reading | null;
  /** What the list says of the ticket; undefined: not in the list (yet). */
  listed: ListedTicket | undefined;
  kind: Kind;
  /** On the platform's clock, as far as it is known here. */
  now: number;
  revoked?: boolean;
}

const no = (reason: Refusal): Decided => ({ decision: 'refused', reason });

/**
 * What a device says by itself, by the rules of the platform. A ticket with our signature that is not in the list was sold after the list was last read: its
 * holder passes, to be confirmed.
 */
export function decide({ self, reading, listed, kind, now, revoked }: Shown): Decided {
  if (revoked) return no('device_revoked');
  if (reading && reading.kind !== 'verified') return no(reading.kind);
  if (reading && reading.eventId !== self.event.id) return no('wrong_event');
  if (!reading && !listed) return no('ticket_unknown');
  if (listed?.refusal) return no(listed.refusal);
  const inside = listed !== undefined && listed.inAt !== null && listed.leftAt === null;
  if (kind === 'out') return { decision: inside || !listed ? 'admitted' : 'already_in' };
  const { ticketTypeIds, opensAt, closesAt, readmits } = self.entrance;
  if (listed?.typeId && ticketTypeIds.length > 0 && !ticketTypeIds.includes(listed.typeId)) return no('wrong_ticket_type');
  if (opensAt && now < Date.parse(opensAt)) return no('too_early');
  if (closesAt && now >= Date.parse(closesAt)) return no('too_late');
  if (self.event.state === 'cancelled') return no('cancelled');
  if (self.event.state === 'ended' || self.event.state === 'archived') return no('too_late');
  if (self.event.state !== 'live') return no('too_early');
  if (inside) return { decision: 'already_in' };
  if (listed?.leftAt && !readmits) return no('left');
  return { decision: 'admitted' };
}

/** Names as people type them: without case and accents. */
export function plain(name: string): string {
  return name.normalize('NFD').replace(/\p{M}/gu, '').toLocaleLowerCase();
}

/** The first few whose name has every word that was typed. */
export function find(tickets: Iterable<ListedTicket>, typed: string, most = 8): ListedTicket[] {
  const words = plain(typed).split(/\s+/).filter(Boolean);
  if (words.join('').length < 2) return [];
  const found: ListedTicket[] = [];
  for (const ticket of tickets) {
    if (ticket.name === null) continue;
    const name = plain(ticket.name);
    if (words.every((word) => name.includes(word)) && found.push(ticket) === most) break;
  }
  return found;
}
