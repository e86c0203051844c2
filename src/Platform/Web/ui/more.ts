import { useCallback, useState } from 'react';
import type { Page } from '../sdk/event';
import { useLoad, type Loaded } from './load';
import { useToast } from './toasts';

export interface Paged<T> extends Loaded<T[]> {
  /** Fetches the next page, and says so when that fails; null at the end. */
  more: (() => Promise<void>) | null;
  busy: boolean;
}

/** A list that comes in pages, shown as one that grows. `fetch` takes the cursor of the page before. */
export function usePages<T>(fetch: (after: string | null, signal?: AbortSignal) => Promise<Page<T>>, key: string): Paged<T> {
  const toast = useToast();
  const first = useLoad((signal) => fetch(null, signal), key);
  const [rest, setRest] = useState<{ of: Page<T>; items: T[]; next: string | null } | null>(null);
  const [busy, setBusy] = useState(false);
  // What was fetched after another first page belongs to another list.
  const mine = rest !== null && rest.of === first.value ? rest : null;
  const next = mine ? mine.next : (first.value?.next ?? null);
  const page = first.value;

  const more = useCallback(async () => {
    if (!page || next === null) return;
    setBusy(true);
    try {
      const got = await fetch(next);
      setRest({ of: page, items: [...(mine?.items ?? []), ...got.items], next: got.next });
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), 'error');
    } finally {
      setBusy(false);
    }
  }, [fetch, mine, next, page, toast]);

  return {
    ...first,
    value: page ? [...page.items, ...(mine?.items ?? [])] : null,
    more: next === null ? null : more,
    busy,
  };
}
