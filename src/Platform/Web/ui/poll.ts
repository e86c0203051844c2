/** What asking again and again needs of the page around it. */
export interface Surroundings {
  visible(): boolean;
  now(): number;
  random(): number;
  /** Listens for the page being shown or hidden, and the network coming back; the returned function stops. */
  listen(changed: () => void): () => void;
}

export interface Asking<T> {
  fetch(signal: AbortSignal): Promise<T>;
  /** After which time it is asked again; null: no more. The value is the last one that came. */
  everyMs(value: T | null): number | null;
  came(value: T): void;
  failed(error: unknown): void;
}

/** A server that does not answer is asked this seldom in the end: about as often as a person would look again. */
const mostMs = 60_000;

/**
 * When to ask again. All who were told at the same moment, or lost the server at the same moment, come back at different ones; who is refused steps back further each time, and
 * never comes before the server said to.
 */
export function waitMs(everyMs: number, failures: number, retryAfterMs: number, random: () => number): number {
  const usual = everyMs * (0.9 + 0.2 * random());
  if (failures === 0) return usual;
  const grown = Math.min(mostMs, everyMs * 2 ** failures) * (0.5 + 0.5 * random());
  return Math.max(usual, grown, retryAfterMs * (1 + 0.2 * random()));
}

/** Fetches now, whether anybody looks or not, and then again and again while the page is visible: one that is shown anew asks at once when it should have asked meanwhile. */
export function poll<T>(asking: Asking<T>, around: Surroundings = browser): () => void {
  const end = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last: T | null = null;
  let failures = 0;
  let due: number | null = null;
  /** Sooner the server does not want to be asked. */
  let notBefore = 0;

  const ask = async (): Promise<void> => {
    due = null;
    notBefore = 0;
    try {
      last = await asking.fetch(end.signal);
      failures = 0;
      if (!end.signal.aborted) asking.came(last);
    } catch (error) {
      if (end.signal.aborted) return;
      failures += 1;
      notBefore = around.now() + retryAfter(error);
      asking.failed(error);
    }
    const every = asking.everyMs(last);
    if (every === null || end.signal.aborted) return;
    due = around.now() + waitMs(every, failures, Math.max(0, notBefore - around.now()), around.random);
    plan();
  };
  const plan = (): void => {
    clearTimeout(timer);
    if (due !== null && around.visible()) timer = setTimeout(() => void ask(), Math.max(0, due - around.now()));
  };
  const stop = around.listen(() => {
    // Somebody looks, or the network is back: what failed is worth trying now.
    if (due !== null && failures > 0 && around.visible()) due = Math.min(due, Math.max(notBefore, around.now()));
    plan();
  });
  void ask();
  return () => {
    end.abort();
    clearTimeout(timer);
    stop();
  };
}

const retryAfter = (error: unknown): number => (error as { retryAfterMs?: number | null } | null)?.retryAfterMs ?? 0;

const browser: Surroundings = {
  visible: () => document.visibilityState === 'visible',
  now: Date.now,
  random: Math.random,
  listen(changed) {
    document.addEventListener('visibilitychange', changed);
    window.addEventListener('online', changed);
    return () => {
      document.removeEventListener('visibilitychange', changed);
      window.removeEventListener('online', changed);
    };
  },
};
