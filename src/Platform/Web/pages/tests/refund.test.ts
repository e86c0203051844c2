import { describe, expect, it } from 'vitest';
import { refundOf } from '../organise/event/refund';

describe('refundOf', () => {
  it('offers to ask again for a refund that failed, and for no other', () => {
    expect(refundOf('refunding', null)).toBe('under way');
    expect(refundOf('refunding', 'The buyer’s bank sent the refund back.')).toBe('failed');
    expect(refundOf('refunded', null)).toBeNull();
  });

  it('knows money that came late for an order that had expired', () => {
    expect(refundOf('expired', 'It was never charged.')).toBe('failed');
    expect(refundOf('expired', null)).toBeNull();
  });

  it('leaves an order that stands to be ended, though its second payment was not given back', () => {
    expect(refundOf('confirmed', 'It was never charged.')).toBeNull();
  });
});
