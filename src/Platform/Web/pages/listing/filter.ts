/** What the listing shows, in its address and as the API's query. */
export interface Filter {
  text: string;
  /** A business type, or all. */
  type: string;
  when: '' | 'now' | 'week' | 'month' | 'past';
}

export const noFilter: Filter = { text: '', type: '', when: '' };

const spans = ['now', 'week', 'month', 'past'] as const;

export function fromSearch(search: string): Filter {
  const given = new URLSearchParams(search);
  const when = spans.find((span) => span === given.get('when')) ?? '';
  return { text: (given.get('text') ?? '').slice(0, 200), type: given.get('type') ?? '', when };
}

export function toSearch({ text, type, when }: Filter): string {
  const search = new URLSearchParams();
  if (text.trim()) search.set('text', text.trim());
  if (type) search.set('type', type);
  if (when) search.set('when', when);
  return search.size > 0 ? `?${search.toString()}` : '';
}

/** Begins with "&" unless it is empty. Times are cut to the minute, so that the same choice stays the same query for a while. */
export function toQuery({ text, type, when }: Filter, now: Date): string {
  const query = new URLSearchParams();
  const inDays = (days: number): string => new Date(Math.floor(now.getTime() / 60_000) * 60_000 + days * 86_400_000).toISOString();
  if (text.trim()) query.set('text', text.trim());
  if (type) query.set('type', type);
  if (when === 'past') query.set('until', inDays(0));
  else if (when) query.set('from', inDays(0));
  // "Until" is not contained: a minute more, so that what begins now is on now.
  if (when === 'now') query.set('until', new Date(Date.parse(inDays(0)) + 60_000).toISOString());
  if (when === 'week') query.set('until', inDays(7));
  if (when === 'month') query.set('until', inDays(30));
  return query.size > 0 ? `&${query.toString()}` : '';
}
