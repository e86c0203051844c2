import type { Page } from '../../../sdk/event';
import { api } from '../../account';

const perPage = 200;

/** The pages of a list whose endpoint answers with an array, and begins after an id. */
export function pagesOf<T extends { id: string }>(path: string): (after: string | null, signal?: AbortSignal) => Promise<Page<T>> {
  return async (after, signal) => {
    const items = await api.call<T[]>(`${path}?limit=${perPage}${after ? `&after=${after}` : ''}`, signal ? { signal } : {});
    return { items, next: items.length < perPage ? null : (items.at(-1)?.id ?? null) };
  };
}
