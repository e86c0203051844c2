import { useCallback, useEffect, useRef, useState } from 'react';
import { poll } from './poll';

export interface Loaded<T> {
  value: T | null;
  error: Error | null;
  loading: boolean;
  reload(): void;
}

/**
 * Fetches, and fetches again every `everyMs` while the page is visible, ever more seldom while that fails. A failed repetition keeps the last value on
 * the screen: an error is shown only when there is nothing else to show.
 */
export function useLoad<T>(
  fetch: ((signal: AbortSignal) => Promise<T>) | null,
  key: string,
  everyMs: (value: T | null) => number | null = () => null,
): Loaded<T> {
  const [state, setState] = useState<{ key: string; value: T | null; error: Error | null }>({ key, value: null, error: null });
  const [turn, setTurn] = useState(0);
  const latest = useRef({ fetch, everyMs });
  latest.current = { fetch, everyMs };
  const enabled = fetch !== null;

  useEffect(() => {
    if (!enabled) return;
    return poll<T | null>({
      fetch: async (signal) => (await latest.current.fetch?.(signal)) ?? null,
      everyMs: (value) => latest.current.everyMs(value),
      came: (value) => setState({ key, value, error: null }),
      failed: (error) => setState((before) => ({ key, value: before.key === key ? before.value : null, error: error instanceof Error ? error : new Error(String(error)) })),
    });
  }, [key, enabled, turn]);

  const reload = useCallback(() => setTurn((before) => before + 1), []);
  const current = state.key === key ? state : { value: null, error: null };
  return { value: current.value, error: current.value === null ? current.error : null, loading: current.value === null && current.error === null, reload };
}

/** The present moment, renewed every `everyMs`; for clocks on the screen. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
