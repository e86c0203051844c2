/** What of the browser is needed: a test gives its own. */
export interface Surroundings {
  document: Pick<Document, 'visibilityState' | 'addEventListener' | 'removeEventListener'>;
  /** Not everywhere (plain HTTP, older browsers): the screen goes dark as ever then. */
  wakeLock: Pick<WakeLock, 'request'> | undefined;
}

const here = (): Surroundings => ({ document, wakeLock: (navigator as { wakeLock?: WakeLock }).wakeLock });

/**
 * Keeps the screen on until the returned function is called: a phone's that nobody touches goes dark after half a minute, and its camera and often the call with it.
 * Browsers take the lock back whenever the page is out of sight; it is got again when the page is shown.
 */
export function keepAwake({ document, wakeLock }: Surroundings = here()): () => void {
  let over = false;
  let held: Pick<WakeLockSentinel, 'release'> | null = null;
  const release = (lock: Pick<WakeLockSentinel, 'release'> | null): void => void lock?.release().catch(() => undefined); // taken back already
  const hold = (): void => {
    if (document.visibilityState !== 'visible') return;
    wakeLock?.request('screen').then(
      (lock) => {
        if (over) return release(lock);
        release(held);
        held = lock;
      },
      () => undefined, // refused to save the battery: that is the person's choice
    );
  };
  hold();
  document.addEventListener('visibilitychange', hold);
  return () => {
    over = true;
    document.removeEventListener('visibilitychange', hold);
    release(held);
  };
}
