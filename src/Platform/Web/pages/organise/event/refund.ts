import type { OrderState } from '../../../sdk/event';

/**
 * What an organiser can do about an order's money, once the order has ended: ask again for a refund that failed, or wait for one that is under way, which asking would not
 * hasten. An order that still stands is ended instead, which asks for all of its money.
 */
export function refundOf(state: OrderState, problem: string | null): 'failed' | 'under way' | null {
  if (state === 'pending' || state === 'confirmed') return null;
  return problem !== null ? 'failed' : state === 'refunding' ? 'under way' : null;
}
