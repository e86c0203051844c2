import { againMs, isPassing } from './recovery';

/**
 * What is wanted of the server, by key, and what it has been told. Equal wishes are not repeated; one that is refused for the moment is said again, and a new
 * stay in the room starts with all of them.
 */
export class Wishes<Wish> {
  private readonly wishes = new Map<string, Wish>();
  private readonly told = new Map<string, string>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private again: ReturnType<typeof setTimeout> | undefined;
  private closed = false;

  constructor(
    private readonly tell: (key: string, wish: Wish) => Promise<void>,
    /** How long a change may wait for others; 0: it is told at once. */
    private readonly settleMs: (before: Wish | undefined, wish: Wish) => number = () => 0,
  ) {}

  set(key: string, wish: Wish): void {
    if (this.closed) return;
    const before = this.wishes.get(key);
    this.wishes.set(key, wish);
    const wait = this.settleMs(before, wish);
    if (wait === 0) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), wait);
  }

  /** There is nothing more to be told of it. */
  forget(key: string): void {
    this.wishes.delete(key);
    this.told.delete(key);
  }

  /** The server may know nothing of what it was told: after a resume or a new join. */
  repeat(still: (key: string) => boolean = () => true): void {
    for (const key of this.wishes.keys()) if (!still(key)) this.forget(key);
    this.told.clear();
    this.flush();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.again);
    this.wishes.clear();
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const [key, wish] of this.wishes) {
      const text = JSON.stringify(wish);
      if (this.told.get(key) === text) continue;
      this.told.set(key, text);
      this.tell(key, wish).catch((error: unknown) => {
        // What it is about is gone, or the socket: what comes is wished for anew, and so is everything after a resume.
        if (this.told.get(key) === text) this.told.delete(key);
        if (!isPassing(error) || this.closed) return;
        clearTimeout(this.again);
        this.again = setTimeout(() => this.flush(), againMs);
      });
    }
  }
}
