/** Waits between attempts: doubling from `first` to `most`, with up to 20 % taken off so that clients do not march in step. */
export class Backoff {
  private attempt = 0;

  constructor(
    private readonly firstMs: number,
    private readonly mostMs: number,
    private readonly random: () => number = Math.random,
  ) {}

  /** The next wait in milliseconds; the first is 0, since most losses are short. */
  next(): number {
    if (this.attempt === 0) {
      this.attempt = 1;
      return 0;
    }
    const wait = Math.min(this.mostMs, this.firstMs * 2 ** (this.attempt - 1));
    this.attempt += 1;
    return wait * (1 - 0.2 * this.random());
  }
}

/** Waits, or returns early (false) when the signal fires. */
export function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(false);
    const stop = (): void => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve(true);
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}
