import type { TicketType } from '../../sdk/event';

/** How many of each type, by its id. */
export type Counts = Readonly<Record<string, number>>;

type Sold = Pick<TicketType, 'id' | 'name' | 'quotaId' | 'available' | 'maxPerOrder' | 'salesFrom' | 'salesUntil'>;

export function onSaleNow({ salesFrom, salesUntil }: Pick<TicketType, 'salesFrom' | 'salesUntil'>, now = Date.now()): boolean {
  return (!salesFrom || Date.parse(salesFrom) <= now) && (!salesUntil || Date.parse(salesUntil) > now);
}

/** The most that can be chosen of a type beside the others: types of one quota share what is left. */
export function mostOf(type: Sold, types: readonly Sold[], counts: Counts, now = Date.now()): number {
  if (!onSaleNow(type, now)) return 0;
  const others = types.filter(({ id, quotaId }) => quotaId === type.quotaId && id !== type.id).reduce((sum, { id }) => sum + (counts[id] ?? 0), 0);
  return Math.max(0, Math.min(type.maxPerOrder, type.available - others));
}

/** Brings a choice down to what can be had now, and says what became of it. */
export function fitted(counts: Counts, before: readonly Sold[], types: readonly Sold[], now = Date.now()): { counts: Counts; said: string[] } {
  const fit: Record<string, number> = {};
  const said: string[] = [];
  for (const { id, name } of before) {
    const count = counts[id] ?? 0;
    if (count === 0) continue;
    const type = types.find((candidate) => candidate.id === id);
    const left = type ? Math.min(count, mostOf(type, types, fit, now)) : 0;
    if (left > 0) fit[id] = left;
    if (left === count) continue;
    if (left > 0) said.push(`Only ${left} of “${name}” can still be had: your order has ${left} now, instead of ${count}.`);
    else said.push(type && onSaleNow(type, now) ? `“${name}” is sold out, and no longer in your order.` : `“${name}” is no longer on sale, and no longer in your order.`);
  }
  return { counts: fit, said };
}
