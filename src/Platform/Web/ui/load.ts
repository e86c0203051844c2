import { useCallback, useEffect, useRef, useState } from 'react';

export interface Loaded<T> {
  value: T | null;
  error: Error | null;
  loading: boolean;
  reload(): void;
}

/**
 * Fetches, and fetches again every `everyMs` while the page is visible. A failed repetition keeps the last value on
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
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last: T | null = null;
    const run = async (): Promise<void> => {
      try {
        if (document.visibilityState === 'visible' || last === null) {
          last = (await latest.current.fetch?.(abort.signal)) ?? null;
          if (!abort.signal.aborted) setState({ key, value: last, error: null });
        }
      } catch (error) {
        if (abort.signal.aborted) return;
        const reason = error instanceof Error ? error : new Error(String(error));
        setState((before) => ({ key, value: before.key === key ? before.value : null, error: reason }));
      }
      const wait = latest.current.everyMs(last);
      if (wait !== null && !abort.signal.aborted) timer = setTimeout(() => void run(), wait);
    };
    void run();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
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
