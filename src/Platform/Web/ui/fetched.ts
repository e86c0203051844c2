/** Loading the page anew sooner than this again would be for ever. */
const againMs = 30_000;
const key = 'events.reloaded';

interface Surroundings {
  reload(): void;
  store: Pick<Storage, 'getItem' | 'setItem'> | null;
  now(): number;
  online(): boolean;
}

const here = (): Surroundings => ({
  reload: () => location.reload(),
  store: storage(),
  now: Date.now,
  online: () => navigator.onLine,
});

/** The code of a page could not be fetched, and loading everything anew did not help. */
export class PageUnreachable extends Error {}

/**
 * Fetches the code of a page. When the site was renewed while this tab was open, what it asks for has other names now: everything is loaded anew, which leads to where
 * the person was going, for the address says so already.
 */
export async function fetched<T>(load: () => Promise<T>, around: Surroundings = here()): Promise<T> {
  try {
    return await load();
  } catch {
    const last = Number(around.store?.getItem(key) ?? 0);
    if (!around.store || !around.online() || around.now() - last < againMs) throw new PageUnreachable();
    around.store.setItem(key, String(around.now()));
    around.reload();
    return new Promise<never>(() => undefined);
  }
}

function storage(): Storage | null {
  try {
    return window.sessionStorage;
  } catch {
    return null; // switched off: nothing would end the reloading
  }
}
