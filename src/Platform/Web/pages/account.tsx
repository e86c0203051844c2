import { createContext, useCallback, useContext, useEffect, useRef, useState, type ReactNode } from 'react';
import { Api, EventAccess, type Me } from '../sdk/event';
import { whoIsHere } from './whoIsHere';

export const api = new Api();

interface Account {
  /** Null for a guest. */
  me: Me | null;
  /** False until we know who is here. */
  known: boolean;
  signIn(email: string, password: string): Promise<void>;
  signOut(): Promise<void>;
  /** Reads again who is here, after a change of name or organisations. */
  refresh(): Promise<void>;
}

const Context = createContext<Account | null>(null);

export function useAccount(): Account {
  const account = useContext(Context);
  if (!account) throw new Error('useAccount outside AccountProvider');
  return account;
}

export function AccountProvider({ children }: { children: ReactNode }) {
  const [state, setState] = useState<{ me: Me | null; known: boolean }>({ me: null, known: false });

  const asking = useRef<AbortController>(undefined);
  const tabs = useRef<BroadcastChannel>(undefined);

  const refresh = useCallback(async () => {
    asking.current?.abort();
    const mine = (asking.current = new AbortController());
    const me = await whoIsHere(() => api.call<Me>('/me'), mine.signal);
    if (mine.signal.aborted) return;
    setState({ me, known: true });
    if (me) tabs.current?.postMessage('signed in');
  }, []);

  useEffect(() => {
    refresh().catch(() => undefined); // asked anew meanwhile, or the page went
    return () => asking.current?.abort();
  }, [refresh]);

  // A mailed link signs in in a tab of its own. A tab that is in an event as a guest goes on as the account, or its person would be counted twice.
  const isGuest = state.known && !state.me;
  useEffect(() => {
    if (!('BroadcastChannel' in window)) return;
    const channel = (tabs.current = new BroadcastChannel('events.account'));
    channel.onmessage = () => {
      if (isGuest) void refresh().catch(() => undefined); // as above
    };
    return () => channel.close();
  }, [isGuest, refresh]);
  const accountId = state.me?.user.id;
  useEffect(() => {
    if (accountId !== undefined) goOnAs(accountId);
  }, [accountId]);

  const signIn = useCallback(
    async (email: string, password: string) => {
      await api.call('/auth/sign-in', { method: 'POST', body: { email, password } });
      await refresh();
    },
    [refresh],
  );

  const signOut = useCallback(async () => {
    await api.call('/auth/sign-out', { method: 'POST' });
    accesses.clear();
    asking.current?.abort();
    setState({ me: null, known: true });
  }, []);

  return <Context value={{ ...state, signIn, signOut, refresh }}>{children}</Context>;
}

const accesses = new Map<string, EventAccess>();

/** This tab's access to an event; the same object on every page, so that its token is fetched once. */
export function accessTo(eventId: string, accountId: string | null): EventAccess {
  const preview = accountId !== null && isPreview(eventId);
  const key = `${eventId}.${accountId ?? 'guest'}${preview ? '.preview' : ''}`;
  let access = accesses.get(key);
  if (!access) accesses.set(key, (access = new EventAccess(eventId, accountId, api, tabStorage(), Date.now, preview)));
  return access;
}

/** Whoever is in events as a guest here, and has signed in, comes in as the account; what fails is done by the next call. */
function goOnAs(accountId: string): void {
  const guest = '.guest';
  for (const [key, access] of [...accesses]) {
    if (key.endsWith(guest) && access.participant) void accessTo(key.slice(0, -guest.length), accountId).token().catch(() => undefined);
  }
}

/** Whether this tab looks at the event with the organizer pass. */
export function isPreview(eventId: string): boolean {
  return tabStorage()?.getItem(`events.preview.${eventId}`) === '1';
}

export function setPreview(eventId: string, on: boolean): void {
  if (on) tabStorage()?.setItem(`events.preview.${eventId}`, '1');
  else tabStorage()?.removeItem(`events.preview.${eventId}`);
}

function tabStorage(): Storage | null {
  try {
    return window.sessionStorage;
  } catch {
    return null; // storage is switched off: the token lives as long as the page
  }
}
