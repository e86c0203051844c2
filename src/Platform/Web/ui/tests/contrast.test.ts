import { describe, expect, it } from 'vitest';
import { contrast } from '../contrast';

describe('contrast', () => {
  it('is 21 of black and white, 1 of a colour and itself, and the same both ways', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
    expect(contrast('#1a5f7a', '#1a5f7a')).toBe(1);
    expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.478, 3);
    expect(contrast('#ffffff', '#777777')).toBe(contrast('#777777', '#ffffff'));
  });
});
