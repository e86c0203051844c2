import { describe, expect, it } from 'vitest';
import { fetched, PageUnreachable } from '../fetched';

function tab() {
  const kept = new Map<string, string>();
  const made = { reloads: 0, at: 1_000_000, isOnline: true };
  const around = {
    reload: () => void (made.reloads += 1),
    store: { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) },
    now: () => made.at,
    online: () => made.isOnline,
  };
  return { made, around };
}
const gone = () => Promise.reject(new TypeError('Failed to fetch dynamically imported module'));
const settled = () => new Promise<void>((resolve) => setTimeout(resolve));

describe('the code of a page', () => {
  it('that is gone since the site was renewed is fetched by loading everything anew, once', async () => {
    const { made, around } = tab();
    void fetched(gone, around);
    await settled();
    expect(made.reloads).toBe(1);
    await expect(fetched(gone, around)).rejects.toBeInstanceOf(PageUnreachable);
    made.at += 60_000; // hours later it may be renewed again
    void fetched(gone, around);
    await settled();
    expect(made.reloads).toBe(2);
    expect(await fetched(async () => 'page', around)).toBe('page');
  });

  it('is no reason to leave what is on the screen while there is no network, or where nothing would end it', async () => {
    const { made, around } = tab();
    made.isOnline = false;
    await expect(fetched(gone, around)).rejects.toBeInstanceOf(PageUnreachable);
    made.isOnline = true;
    await expect(fetched(gone, { ...around, store: null })).rejects.toBeInstanceOf(PageUnreachable);
    expect(made.reloads).toBe(0);
  });
});
