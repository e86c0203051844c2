import { describe, expect, it } from 'vitest';
import { moment } from '../format';

const nameIn = (zone: string | undefined, at: string): string =>
  new Intl.DateTimeFormat(undefined, { timeZone: zone, timeZoneName: 'short' }).formatToParts(new Date(at)).find(({ type }) => type === 'timeZoneName')?.value ?? '?';

describe('a moment', () => {
  it('names the reader’s zone', () => {
    expect(moment('2026-05-01T08:00:00Z')).toContain(nameIn(undefined, '2026-05-01T08:00:00Z'));
  });

  it('is on the clocks of the zone that it belongs to, by its summer and winter', () => {
    for (const [at, hour] of [['2026-05-01T08:00:00Z', '04:00'], ['2026-12-01T08:00:00Z', '03:00']] as const) {
      expect(moment(at, 'America/New_York')).toContain(hour);
      expect(moment(at, 'America/New_York')).toContain(nameIn('America/New_York', at));
    }
  });

  it('says the year of another one', () => {
    expect(moment('2031-05-01T08:00:00Z')).toContain('2031');
  });
});
