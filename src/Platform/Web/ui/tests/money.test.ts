import { describe, expect, it } from 'vitest';
import { digits, price, toMinor } from '../money';

describe('money', () => {
  it('reads what was typed into the smallest unit', () => {
    expect(toMinor('25', 'CHF')).toBe(2500);
    expect(toMinor(' 25.5 ', 'CHF')).toBe(2550);
    expect(toMinor('0,05', 'EUR')).toBe(5);
    expect(toMinor('1999', 'JPY')).toBe(1999);
    expect(toMinor('19.99', 'EUR')).toBe(1999); // 19.99 * 100 in floating point is not 1999
  });

  it('refuses what is no amount', () => {
    for (const text of ['', 'many', '-1', '1.234', '1e3', '1.', '.5', '1 000', '12345678901']) expect(toMinor(text, 'EUR')).toBeNull();
    expect(toMinor('1.5', 'JPY')).toBeNull();
  });

  it('says nothing as free, and amounts with the digits of their currency', () => {
    expect(price(0, 'EUR')).toBe('Free');
    expect(price(4900, 'EUR')).toMatch(/49[.,]00/);
    expect(price(500, 'JPY')).toContain('500');
    expect(digits('JPY')).toBe(0);
  });
});
