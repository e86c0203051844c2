import { describe, expect, it } from 'vitest';
import { allZones, dayIn, fromWall, knowsZone, toWall } from '../zones';

describe('wall clocks', () => {
  it.each([
    ['Europe/Zurich', '2026-05-01T10:00', '2026-05-01T08:00:00.000Z'],
    ['Europe/Zurich', '2026-01-01T00:30', '2025-12-31T23:30:00.000Z'],
    ['Asia/Kathmandu', '2026-05-01T10:00', '2026-05-01T04:15:00.000Z'],
    ['America/New_York', '2026-07-04T20:00', '2026-07-05T00:00:00.000Z'],
    ['Pacific/Kiritimati', '2026-05-01T00:00', '2026-04-30T10:00:00.000Z'],
    ['UTC', '2026-05-01T10:00', '2026-05-01T10:00:00.000Z'],
  ])('%s %s is %s, and back', (zone, wall, instant) => {
    expect(fromWall(wall, zone)).toBe(instant);
    expect(toWall(instant, zone)).toBe(wall);
  });

  it('takes the first of two times when clocks go back', () => {
    // Zurich, 25 October 2026: 02:30 is at 00:30Z and again at 01:30Z.
    expect(fromWall('2026-10-25T02:30', 'Europe/Zurich')).toBe('2026-10-25T00:30:00.000Z');
    expect(toWall('2026-10-25T01:30:00Z', 'Europe/Zurich')).toBe('2026-10-25T02:30');
  });

  it('goes on behind the gap when clocks go forward', () => {
    // Zurich, 29 March 2026: 02:00 becomes 03:00.
    expect(fromWall('2026-03-29T02:30', 'Europe/Zurich')).toBe('2026-03-29T01:30:00.000Z');
    expect(toWall('2026-03-29T01:30:00Z', 'Europe/Zurich')).toBe('2026-03-29T03:30');
  });

  it('survives every hour of a year in zones that change their clocks', () => {
    for (const zone of ['Europe/London', 'America/Sao_Paulo', 'Australia/Lord_Howe', 'Africa/Casablanca']) {
      for (let at = Date.UTC(2026, 0, 1); at < Date.UTC(2027, 0, 1); at += 3_600_000) {
        const wall = toWall(new Date(at).toISOString(), zone);
        const back = Date.parse(fromWall(wall, zone));
        // The second of two equal times comes back as the first.
        expect(toWall(new Date(back).toISOString(), zone)).toBe(wall);
        expect(at - back === 0 || (at - back > 0 && at - back <= 3_600_000)).toBe(true);
      }
    }
  });

  it('knows the day on the calendar of the zone', () => {
    expect(dayIn('2026-05-01T23:30:00Z', 'Asia/Tokyo')).toBe('2026-05-02');
  });

  it('lists zones, UTC among them once', () => {
    expect(allZones().filter((zone) => zone === 'UTC')).toHaveLength(1);
    expect(allZones()).toContain('Europe/Zurich');
  });
});

describe('a choice of zones', () => {
  // Browsers list each zone once, and not all under the same name.
  const other = ['Asia/Kolkata', 'Asia/Calcutta'].find((zone) => !Intl.supportedValuesOf('timeZone').includes(zone)) ?? 'Etc/GMT+5';

  it('has what is chosen now, also by a name that the browser does not list', () => {
    expect(allZones(other, 'Europe/Zurich', '').filter((zone) => zone === other || zone === 'Europe/Zurich' || zone === '').sort()).toEqual([other, 'Europe/Zurich'].sort());
    expect(allZones()).not.toContain(other);
  });

  it('keeps one that the browser has, listed or not', () => {
    expect([other, 'UTC', 'Europe/Zurich'].map(knowsZone)).toEqual([true, true, true]);
    expect(['Atlantis/Capital', ''].map(knowsZone)).toEqual([false, false]);
  });
});
