import { describe, expect, it } from 'vitest';
import { askEveryMs } from '../session/recording';

describe('asking whether a recording runs', () => {
  it('is as often as it was for whoever can be recorded, and in small rooms', () => {
    expect(askEveryMs(5_000, false)).toBe(3_000);
    expect(askEveryMs(2, true)).toBe(3_000);
  });

  it('costs the platform a bounded number of answers, however many watch', () => {
    for (const people of [300, 1_500, 5_000]) expect((people * 1_000) / askEveryMs(people, true)).toBeLessThan(350);
    expect(askEveryMs(15_000, true)).toBe(15_000);
  });
});
