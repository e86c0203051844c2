import { describe, expect, it } from 'vitest';
import type { Kind, ListedTicket } from '../contract';
import { decide, find } from '../decide';
import { self, ticket } from './world';

const now = Date.parse('2026-05-01T10:00:00Z');
const verified = { kind: 'verified', eventId: 'event', ticketId: 't' } as const;
const said = (listed: ListedTicket | undefined, of = self(), kind: Kind = 'in') => {
  const { decision, reason } = decide({ self: of, reading: verified, listed, kind, now });
  return reason ?? decision;
};

describe('a door by itself', () => {
  it('lets in who is in the list, and who has our signature and is not in it yet', () => {
    expect(said(ticket('t'))).toBe('admitted');
    expect(said(undefined)).toBe('admitted');
    expect(decide({ self: self(), reading: null, listed: undefined, kind: 'in', now }).reason).toBe('ticket_unknown');
  });

  it('refuses as the platform does', () => {
    expect(decide({ self: self(), reading: { kind: 'malformed' }, listed: undefined, kind: 'in', now }).reason).toBe('malformed');
    expect(decide({ self: self(), reading: { kind: 'signature_invalid' }, listed: undefined, kind: 'in', now }).reason).toBe('signature_invalid');
    expect(decide({ self: self(), reading: { ...verified, eventId: 'other' }, listed: undefined, kind: 'in', now }).reason).toBe('wrong_event');
    expect(decide({ self: self(), reading: verified, listed: ticket('t'), kind: 'in', now, revoked: true }).reason).toBe('device_revoked');
    for (const refusal of ['not_paid', 'cancelled', 'refunded', 'transferred', 'revoked', 'blocked'] as const) expect(said(ticket('t', { refusal, name: null }))).toBe(refusal);
    expect(said(ticket('t'), self({}, { ticketTypeIds: ['crew'] }))).toBe('wrong_ticket_type');
    expect(said(ticket('t'), self({}, { ticketTypeIds: ['crew', 'seat'] }))).toBe('admitted');
    expect(said(ticket('t'), self({}, { opensAt: '2026-05-01T10:00:01Z' }))).toBe('too_early');
    expect(said(ticket('t'), self({}, { opensAt: '2026-05-01T10:00:00Z' }))).toBe('admitted');
    expect(said(ticket('t'), self({}, { closesAt: '2026-05-01T10:00:00Z' }))).toBe('too_late');
    for (const [state, reason] of [['draft', 'too_early'], ['ended', 'too_late'], ['cancelled', 'cancelled']] as const) expect(said(ticket('t'), self({ event: { ...self().event, state } }))).toBe(reason);
  });

  it('knows who is in and who has left', () => {
    const [inside, gone] = [ticket('t', { inAt: 'x' }), ticket('t', { inAt: 'x', leftAt: 'y' })];
    expect(said(inside)).toBe('already_in');
    expect(said(gone)).toBe('left');
    expect(said(gone, self({}, { readmits: true }))).toBe('admitted');
    expect([said(inside, self(), 'out'), said(gone, self(), 'out'), said(ticket('t'), self(), 'out')]).toEqual(['admitted', 'already_in', 'already_in']);
  });

  it('finds people as they are typed', () => {
    const people = [ticket('1', { name: 'Zoë Ångström' }), ticket('2', { name: 'Bo Berg' }), ticket('3', { name: null, refusal: 'revoked' })];
    const ids = (typed: string) => find(people, typed).map(({ id }) => id);
    expect([ids('zoe'), ids('ANGSTROM z'), ids('b be'), ids('b'), ids('nobody')]).toEqual([['1'], ['1'], ['2'], [], []]);
    expect(find(Array.from({ length: 50 }, (_, n) => ticket(`${n}`)), 'holder')).toHaveLength(8);
  });
});
