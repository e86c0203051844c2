import { CloudOff, RefreshCw, ShieldX, Wifi, WifiOff } from 'lucide-react';
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { Door, ScanStore, type Kind, type Verdict } from '../../sdk/onsite';
import { clockTime } from '../../ui/format';
import { Blank, Button, ErrorNotice, Spinner } from '../../ui/parts';
import { DoorConflicts } from './DoorConflicts';
import { DoorHistory } from './DoorHistory';
import { openDoor, pageAddress } from './enrolment';
import { LeadPage } from './LeadPage';
import { Lookup } from './Lookup';
import { Shown } from './Shown';

/** Often enough that two doors hear of each other, seldom enough for a phone's battery. */
const syncMs = 8_000;

/** How often a device that is not enrolled yet tries again with its key. */
const enrolMs = 15_000;

type Opened = { door: Door } | { door: null; why: unknown; /** What this device is until its key is taken. */ before: Door | null } | null;

/** A door of an event on somebody's phone. It goes on working when the network does not. */
export function ScanPage() {
  const [opened, setOpened] = useState<Opened>(null);
  const [busy, setBusy] = useState(false);
  const opening = useRef<Promise<void> | null>(null);
  const open = useCallback((): Promise<void> => {
    setBusy(true);
    opening.current ??= openStored()
      .then(setOpened, (why: unknown) => setOpened({ door: null, why, before: null }))
      .finally(() => {
        opening.current = null;
        setBusy(false);
      });
    return opening.current;
  }, []);
  const began = useRef(false);
  useEffect(() => {
    // Once: a key is used up.
    if (!began.current) void open();
    began.current = true;
    const another = (): void => void (pageAddress.key() && open()); // a link that is opened here while the page stands
    addEventListener('hashchange', another);
    return () => removeEventListener('hashchange', another);
  }, [open]);
  const goOn = (door: Door | null): void => {
    pageAddress.forget();
    if (door) setOpened({ door });
  };
  const waits = opened !== null && opened.door === null && pageAddress.key() !== null;
  useEffect(() => {
    if (!waits) return;
    const again = (): void => void open();
    const timer = setInterval(again, enrolMs);
    addEventListener('online', again);
    return () => {
      clearInterval(timer);
      removeEventListener('online', again);
    };
  }, [waits, open]);
  return (
    <div className="door">
      {opened === null ? (
        <main className="door__waiting" role="status" aria-busy="true">
          <h1 className="visually-hidden">Door</h1>
          <Spinner size={28} />
          <span className="visually-hidden">Loading</span>
        </main>
      ) : opened.door ? (
        <Enrolled door={opened.door} />
      ) : (
        <main className="door__waiting" data-testid="not-enrolled">
          <Blank page icon={<CloudOff size={32} />} title={opened.before ? `This device is still ${nameOf(opened.before)}` : 'This device is no door yet'}>
            {opened.why !== null && <ErrorNotice error={opened.why} />}
            {waits ? (
              <>
                <p>Its link is kept, and tried again by itself. Leave this page open.</p>
                <Button busy={busy} onClick={() => void open()} data-testid="enrol-again">
                  Try again
                </Button>
              </>
            ) : opened.before ? null : (
              <p>The organiser registers it under “Check-in” and shows a code. Scan that code with this device’s camera, or open its link here.</p>
            )}
            {opened.before && (
              <Button look="quiet" onClick={() => goOn(opened.before)} data-testid="enrol-not">
                Go on as {nameOf(opened.before)}
              </Button>
            )}
          </Blank>
        </main>
      )}
    </div>
  );
}

const nameOf = (door: Door): string => door.state.self?.name ?? 'another door';

async function openStored(): Promise<Opened> {
  const store = await ScanStore.open();
  void navigator.storage?.persist?.();
  try {
    const door = await openDoor(store);
    return door ? { door } : { door: null, why: null, before: null };
  } catch (why) {
    return { door: null, why, before: await Door.open(store) };
  }
}

/** A door, or a booth that collects contacts. */
function Enrolled({ door }: { door: Door }) {
  const state = useSyncExternalStore(useCallback((changed) => door.subscribe(changed), [door]), () => door.state);
  return state.self?.role === 'lead' ? <LeadPage door={door} /> : <Standing door={door} />;
}

function Standing({ door }: { door: Door }) {
  const state = useSyncExternalStore(useCallback((changed) => door.subscribe(changed), [door]), () => door.state);
  const [kind, setKind] = useState<Kind>('in');
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [syncing, setSyncing] = useState(false);

  const sync = useCallback(async () => {
    setSyncing(true);
    await door.sync().catch(setError);
    setSyncing(false);
  }, [door]);

  useEffect(() => {
    void sync();
    const again = setInterval(() => void door.sync().catch(setError), syncMs);
    const back = (): void => void door.sync().catch(setError);
    addEventListener('online', back);
    addEventListener('visibilitychange', back);
    return () => {
      clearInterval(again);
      removeEventListener('online', back);
      removeEventListener('visibilitychange', back);
    };
  }, [door, sync]);

  const scan = async (shown: { code: string } | { ticketId: string }): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      const said = await door.scan(shown, kind);
      setVerdict(said);
      navigator.vibrate?.(said.shade === 'ok' || said.shade === 'offline' ? 60 : [80, 60, 80]);
    } catch (reason) {
      setVerdict(null);
      setError(reason);
    } finally {
      setBusy(false);
    }
  };

  const online = state.reachable && !state.revoked;
  return (
    <>
      <header className="door__top">
        <div className="door__where">
          <h1>{state.self?.name ?? 'Door'}</h1>
          <p>{state.self?.event.name ?? 'Not connected yet'}</p>
        </div>
        <p className={`door__net ${online ? '' : 'door__net--off'}`} data-testid="door-net" data-state={state.revoked ? 'revoked' : online ? 'online' : 'offline'} data-pending={state.pending} data-listed={state.listed} role="status">
          {state.revoked ? <ShieldX size={16} aria-hidden="true" /> : online ? <Wifi size={16} aria-hidden="true" /> : <WifiOff size={16} aria-hidden="true" />}
          {state.revoked ? 'Revoked' : online ? 'Online' : 'Offline'}
          {state.pending > 0 && `, ${state.pending} to send`}
        </p>
      </header>
      <main className="door__main" id="content">
        {state.revoked && <ErrorNotice error="The organiser has revoked this device. What it scanned is still handed in; nobody is let in here any more." />}
        <fieldset className="door__kind">
          <legend className="visually-hidden">Which way people go</legend>
          {(['in', 'out'] as const).map((way) => (
            <label key={way}>
              <input type="radio" name="kind" checked={kind === way} onChange={() => setKind(way)} data-testid={`kind-${way}`} />
              <span>{way === 'in' ? 'Coming in' : 'Going out'}</span>
            </label>
          ))}
        </fieldset>
        <div aria-live="assertive">
          {error !== null && <ErrorNotice error={error} />}
          {verdict && <Shown verdict={verdict} key={verdict.scanId} />}
        </div>
        <Lookup door={door} busy={busy} scan={scan} />
        <DoorConflicts items={state.conflicts} />
        <DoorHistory scans={state.history} tickets={door.tickets} />
      </main>
      <footer className="door__foot">
        <span>
          {state.listed === 1 ? 'One ticket' : `${state.listed} tickets`} on this device{state.syncedAt && `, as of ${clockTime(new Date(state.syncedAt).toISOString())}`}
        </span>
        <Button size="small" look="quiet" busy={syncing} onClick={() => void sync()} data-testid="door-sync">
          {!syncing && <RefreshCw size={16} aria-hidden="true" />} Update
        </Button>
      </footer>
    </>
  );
}
