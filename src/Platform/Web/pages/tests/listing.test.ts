import { describe, expect, it } from 'vitest';
import { fromSearch, noFilter, toQuery, toSearch } from '../listing/filter';
import { life, nextStep, todos } from '../organise/event/life';

const now = new Date('2026-05-01T12:00:30Z');

describe('the listing’s filter', () => {
  it('is in the address, and read from it again', () => {
    const filter = { text: 'tail latency', type: 'conference', when: 'week' as const };
    expect(fromSearch(toSearch(filter))).toEqual(filter);
    expect(toSearch(noFilter)).toBe('');
    expect(fromSearch('?when=never&other=1')).toEqual(noFilter);
  });

  it('asks for what the event’s time touches', () => {
    expect(toQuery({ ...noFilter, when: 'week' }, now)).toBe(`&from=${encodeURIComponent('2026-05-01T12:00:00.000Z')}&until=${encodeURIComponent('2026-05-08T12:00:00.000Z')}`);
    expect(toQuery({ ...noFilter, when: 'past' }, now)).toBe(`&until=${encodeURIComponent('2026-05-01T12:00:00.000Z')}`);
    expect(new URLSearchParams(toQuery({ ...noFilter, when: 'now' }, now)).get('until')).toBe('2026-05-01T12:01:00.000Z');
    expect(toQuery(noFilter, now)).toBe('');
    expect(toQuery({ ...noFilter, text: ' a&b ' }, now)).toBe('&text=a%26b');
  });
});

describe('an event’s life', () => {
  it('goes one step at a time to its end', () => {
    const walked = ['building'];
    for (let step = nextStep('building'); step; step = nextStep(step.to)) walked.push(step.to);
    expect(walked).toEqual(life);
    expect(nextStep('archived')).toBeNull();
  });

  it('knows what is left to do', () => {
    const open = (...given: Parameters<typeof todos>) => todos(...given).filter(({ done }) => !done).length;
    expect(open({ description: ' ', sessions: [] }, null, null)).toBe(5);
    expect(open({ description: 'x', sessions: [1] }, { items: [1], speakers: [] }, { types: [1], consent: {} })).toBe(0);
  });
});
