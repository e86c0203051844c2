import { describe, expect, it } from 'vitest';
import { keepAwake, type Surroundings } from '../awake';

function phone(refuses = false) {
  const locks = new Set<object>();
  const made = {
    requests: 0,
    visibilityState: 'visible' as DocumentVisibilityState,
    get on() {
      return locks.size;
    },
  };
  const page = new EventTarget();
  const document = Object.defineProperty(page, 'visibilityState', { get: () => made.visibilityState }) as unknown as Surroundings['document'];
  const wakeLock: Surroundings['wakeLock'] = {
    request: async () => {
      made.requests += 1;
      if (refuses) throw new DOMException('', 'NotAllowedError');
      const lock = { release: async () => void locks.delete(lock) };
      locks.add(lock);
      return lock as unknown as WakeLockSentinel;
    },
  };
  /** As browsers do: a page out of sight loses its lock. */
  const show = (shown: boolean): void => {
    made.visibilityState = shown ? 'visible' : 'hidden';
    if (!shown) locks.clear();
    page.dispatchEvent(new Event('visibilitychange'));
  };
  return { made, show, around: { document, wakeLock } };
}
const settled = () => new Promise<void>((resolve) => setTimeout(resolve));

describe('a screen that is kept on', () => {
  it('is so whenever the page is in sight, until it is let go', async () => {
    const { made, show, around } = phone();
    const letGo = keepAwake(around);
    await settled();
    expect(made.on).toBe(1);
    show(false);
    await settled();
    expect(made.on).toBe(0);
    show(true);
    await settled();
    expect(made).toMatchObject({ on: 1, requests: 2 });
    letGo();
    show(false);
    show(true);
    await settled();
    expect(made).toMatchObject({ on: 0, requests: 2 });
  });

  it('is let go when that was asked for before it was there', async () => {
    const { made, around } = phone();
    keepAwake(around)();
    await settled();
    expect(made.on).toBe(0);
  });

  it('goes dark where browsers refuse, or know nothing of it', async () => {
    const { made, around } = phone(true);
    keepAwake(around)();
    keepAwake({ ...around, wakeLock: undefined })();
    await settled();
    expect(made).toMatchObject({ on: 0, requests: 1 });
  });
});
