import { describe, expect, it } from 'vitest';
import { rowsNear } from '../rows';

describe('the rows of a list that are in the page', () => {
  it('are all of a short one', () => {
    expect(rowsNear(100, 50, 0, 500)).toEqual({ from: 0, to: 100 });
    expect(rowsNear(0, 50, 0, 500)).toEqual({ from: 0, to: 0 });
  });

  it('are those near what is seen of a long one, wherever that is', () => {
    for (const count of [101, 5_000]) {
      for (let top = 0; top <= count * 50 - 500; top += 37) {
        const { from, to } = rowsNear(count, 50, top, 500);
        expect(from).toBeLessThanOrEqual(Math.max(0, Math.floor(top / 50) - 20));
        expect(to).toBeGreaterThanOrEqual(Math.min(count, Math.ceil((top + 500) / 50) + 20));
        expect(to - from).toBeLessThanOrEqual(51);
      }
    }
  });

  it('are some also when the list became shorter than where it was scrolled to', () => {
    const { from, to } = rowsNear(120, 50, 200_000, 500);
    expect(to - from).toBeGreaterThan(0);
    expect(to).toBe(120);
  });
});
