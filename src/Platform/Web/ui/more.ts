import { useCallback, useRef, useState } from 'react';
import type { Page } from '../sdk/event';
import { useLoad, type Loaded } from './load';
import { useToast } from './toasts';

export interface Paged<T> extends Loaded<T[]> {
  /** Fetches the next page, and says so when that fails; null at the end. */
  more: (() => Promise<void>) | null;
  busy: boolean;
}

/**
 * A list that comes in pages, shown as one that grows. `fetch` takes the cursor of the page before. What is shown is fetched anew as a whole, every `everyMs` or when it is
 * reloaded, so that no page goes stale or misses what moved to the next one.
 */
export function usePages<T>(fetch: (after: string | null, signal?: AbortSignal) => Promise<Page<T>>, key: string, everyMs?: (items: T[] | null) => number | null): Paged<T> {
  const toast = useToast();
  const depth = useRef({ key, pages: 1 });
  if (depth.current.key !== key) depth.current = { key, pages: 1 };
  const all = useLoad((signal) => fetchPages(fetch, () => depth.current.pages, signal), key, everyMs && ((page) => everyMs(page?.items ?? null)));
  const [rest, setRest] = useState<{ of: Page<T>; items: T[]; next: string | null } | null>(null);
  const [busy, setBusy] = useState(false);
  const page = all.value;
  // What was fetched since then, and is not in there yet.
  const mine = rest !== null && rest.of === page ? rest : null;
  const next = mine ? mine.next : (page?.next ?? null);

  const more = useCallback(async () => {
    if (!page || next === null) return;
    setBusy(true);
    try {
      const got = await fetch(next);
      if (depth.current.key === key) depth.current.pages += 1;
      setRest({ of: page, items: [...(mine?.items ?? []), ...got.items], next: got.next });
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), 'error');
    } finally {
      setBusy(false);
    }
  }, [fetch, key, mine, next, page, toast]);

  return {
    ...all,
    value: page ? [...page.items, ...(mine?.items ?? [])] : null,
    more: next === null ? null : more,
    busy,
  };
}

/** The first pages of a list, as one; how many may change meanwhile. */
export async function fetchPages<T>(fetch: (after: string | null, signal?: AbortSignal) => Promise<Page<T>>, pages: () => number, signal?: AbortSignal): Promise<Page<T>> {
  const items: T[] = [];
  for (let next: string | null = null, page = 1; ; page++) {
    const got: Page<T> = await fetch(next, signal);
    items.push(...got.items);
    next = got.next;
    if (next === null || page >= pages()) return { items, next };
  }
}
