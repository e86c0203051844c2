import { describe, expect, it } from 'vitest';
import type { ScheduleItem, Session } from '../../sdk/event';
import { byDay, isOn, onNow, upNext } from '../event/programme';

const item = (id: string, startsAt: string, endsAt: string, sessionId: string | null = null): ScheduleItem => ({ id, title: id, description: '', startsAt, endsAt, sessionId, areaId: null, speakerIds: [], version: 1 });
const room = (id: string, participants = 0, more: Partial<Session> = {}): Session => ({ id, name: id, kind: 'session', startsAt: null, endsAt: null, live: participants > 0, participants, version: 1, ...more });
const noon = Date.parse('2026-05-01T12:00:00Z');
const early = item('early', '2026-05-01T11:00:00Z', '2026-05-01T12:00:00Z', 'a');
const running = item('running', '2026-05-01T11:30:00Z', '2026-05-01T12:30:00Z', 'b');
const late = item('late', '2026-05-01T22:30:00Z', '2026-05-01T23:30:00Z', 'a');

describe('a schedule', () => {
  it('falls into the days of the zone it is read in', () => {
    expect(byDay([late, running, early], 'UTC').map(({ day, items }) => [day, items.map(({ id }) => id)])).toEqual([['2026-05-01', ['early', 'running', 'late']]]);
    expect(byDay([late, running, early], 'Europe/Zurich').map(({ day }) => day)).toEqual(['2026-05-01', '2026-05-02']);
  });

  it('is on from its beginning up to its end', () => {
    expect(isOn(early, Date.parse(early.startsAt))).toBe(true);
    expect(isOn(early, noon)).toBe(false);
    expect(isOn({ startsAt: null, endsAt: null }, noon)).toBe(false);
  });

  it('names the rooms to go to now: the full ones first, the empty and unscheduled ones not', () => {
    const rooms = onNow([room('a'), room('b'), room('c', 3), room('d', 9)], [early, running, late], noon);
    expect(rooms.map(({ session, item: on }) => [session.id, on?.id ?? null])).toEqual([['d', null], ['c', null], ['b', 'running']]);
  });

  it('counts a room whose own time it is', () => {
    expect(onNow([room('a', 0, { startsAt: '2026-05-01T11:00:00Z', endsAt: null })], [], noon)).toHaveLength(1);
  });

  it('says what comes next, soonest first', () => {
    expect(upNext([late, running, early], noon).map(({ id }) => id)).toEqual(['late']);
    expect(upNext([late, running, early], 0, 2).map(({ id }) => id)).toEqual(['early', 'running']);
  });
});
