import type { LocalTrack } from '../../sdk/rtc';

/** How someone is in a room, so that a reloaded page can be there again as the same one, and no more open than before. */
export interface Presence {
  sessionId: string;
  /** When it was last so, by this machine's clock. */
  at: number;
  publish: boolean;
  camera: boolean;
  microphone: boolean;
}

const presenceKey = 'events.presence';
const tabKey = 'events.tab';
let tab: Promise<string> | undefined;

/** A reload takes seconds. Later, who comes back is asked at the door: nobody is to be live without knowing. */
const reloadWithinMs = 60_000;

/**
 * This tab's id: a reload keeps it, so that the reloaded page takes its old self's place. A duplicated tab copies the storage, so the id
 * is held by a lock while its page lives, and who finds it taken is another tab.
 */
export function tabId(): Promise<string> {
  tab ??= claim(read(tabKey) ?? fresh());
  return tab;
}

async function claim(id: string): Promise<string> {
  const mine = await held(id);
  const claimed = mine ? id : fresh();
  if (!mine) await held(claimed);
  write(tabKey, claimed);
  return claimed;
}

/** Takes the lock for the page's life; false when another page has it. A reload's old page may take a moment to let go. */
async function held(id: string): Promise<boolean> {
  // Not everywhere (plain HTTP): then every page is a tab of its own, and an old self leaves by itself.
  const locks = (navigator as { locks?: LockManager }).locks;
  if (!locks) return false;
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), 500);
  return new Promise((resolve) => {
    locks
      .request(`events.tab.${id}`, { signal: patience.signal }, () => {
        clearTimeout(timer);
        resolve(true);
        return new Promise<never>(() => undefined);
      })
      .catch(() => resolve(false));
  });
}

const fresh = (): string => [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** Keeps what a reload needs, with every change of what is sent. */
export function stay(sessionId: string, publish: boolean, local: readonly LocalTrack[]): void {
  const open = (source: 'camera' | 'microphone'): boolean => local.some((track) => track.source === source && !track.muted);
  write(presenceKey, JSON.stringify({ sessionId, at: Date.now(), publish, camera: open('camera'), microphone: open('microphone') } satisfies Presence));
}

/** The page goes: what was kept holds from now. */
export function going(): void {
  const kept = presence();
  if (kept) write(presenceKey, JSON.stringify({ ...kept, at: Date.now() } satisfies Presence));
}

export function left(): void {
  try {
    sessionStorage.removeItem(presenceKey);
  } catch {
    // nothing is kept then
  }
}

/** How this tab was in the room when its page was reloaded; null when it comes in any other way. */
export function returning(sessionId: string): Presence | null {
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  // The document may have been reloaded on another page, and come here since.
  if (navigation?.type !== 'reload' || new URL(navigation.name).pathname !== location.pathname) return null;
  const kept = presence();
  return kept?.sessionId === sessionId && Math.abs(Date.now() - kept.at) < reloadWithinMs ? kept : null;
}

function presence(): Presence | null {
  try {
    return JSON.parse(read(presenceKey) ?? 'null') as Presence | null;
  } catch {
    return null;
  }
}

function read(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    sessionStorage.setItem(key, value);
  } catch {
    // storage is switched off or full: a reload begins at the door
  }
}
