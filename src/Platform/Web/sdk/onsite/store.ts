import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { DeviceSelf, ListedTicket, NewScan, ScanAnswer } from './contract';

/** A scan that was shown to somebody. It names no one: who the holder is stands in the list alone. */
export interface KeptScan extends NewScan {
  ticket: string | null;
  /** What the platform said to it; null: it has not heard of it. */
  answer: Pick<ScanAnswer, 'result' | 'reason' | 'at' | 'admitted' | 'entry'> | null;
  /** 1: to be sent. A number, since indexes hold no booleans. */
  pending: 0 | 1;
  /** The platform would not take it. */
  failed?: boolean;
}

interface Kept {
  token: string;
  self: DeviceSelf;
  cursor: string;
  /** Milliseconds by which the platform's clock is ahead. */
  offset: number;
  syncedAt: number;
  revoked: boolean;
}

interface Schema extends DBSchema {
  kept: { key: string; value: Kept[keyof Kept] };
  tickets: { key: string; value: ListedTicket };
  scans: { key: string; value: KeptScan; indexes: { pending: number; at: string } };
}

const shown = 50;

/** What survives a closed tab: the device's token, its list, and every scan until the platform has answered it. */
export class ScanStore {
  private db: Promise<IDBPDatabase<Schema>> | null = null;
  private closed = false;

  private constructor(private readonly name: string) {}

  static async open(name = 'events-scan'): Promise<ScanStore> {
    const store = new ScanStore(name);
    await store.connection();
    return store;
  }

  get<Name extends keyof Kept>(name: Name): Promise<Kept[Name] | undefined> {
    return this.on((db) => db.get('kept', name) as Promise<Kept[Name] | undefined>);
  }

  async put<Name extends keyof Kept>(name: Name, value: Kept[Name]): Promise<void> {
    await this.on((db) => db.put('kept', value, name));
  }

  tickets(): Promise<ListedTicket[]> {
    return this.on((db) => db.getAll('tickets'));
  }

  /** A page of the list and where to go on, both or neither. */
  async putPage(items: ListedTicket[], cursor: string): Promise<void> {
    await this.on((db) => {
      const transaction = db.transaction(['tickets', 'kept'], 'readwrite');
      return Promise.all([...items.map((item) => transaction.objectStore('tickets').put(item)), transaction.objectStore('kept').put(cursor, 'cursor'), transaction.done]);
    });
  }

  /** A scan and what it does to the list, on disk when this returns. */
  async putScan(scan: KeptScan, ticket?: ListedTicket): Promise<void> {
    await this.on((db) => {
      const transaction = db.transaction(['tickets', 'scans'], 'readwrite', { durability: 'strict' });
      return Promise.all([transaction.objectStore('scans').put(scan), ...(ticket ? [transaction.objectStore('tickets').put(ticket)] : []), transaction.done]);
    });
  }

  scan(id: string): Promise<KeptScan | undefined> {
    return this.on((db) => db.get('scans', id));
  }

  pending(most: number): Promise<KeptScan[]> {
    return this.on((db) => db.getAllFromIndex('scans', 'pending', 1, most));
  }

  pendingCount(): Promise<number> {
    return this.on((db) => db.countFromIndex('scans', 'pending', 1));
  }

  /** Latest first; older ones that the platform knows are forgotten. */
  history(): Promise<KeptScan[]> {
    return this.on(async (db) => {
      const transaction = db.transaction('scans', 'readwrite');
      const found: KeptScan[] = [];
      for (let at = await transaction.store.index('at').openCursor(null, 'prev'); at; at = await at.continue()) {
        if (found.length < shown) found.push(at.value);
        else if (at.value.pending === 0) await at.delete();
      }
      await transaction.done;
      return found;
    });
  }

  /** The list goes; scans that are still to be sent stay. */
  async clearList(): Promise<void> {
    await this.on((db) => {
      const transaction = db.transaction(['tickets', 'kept'], 'readwrite');
      return Promise.all([transaction.objectStore('tickets').clear(), transaction.objectStore('kept').delete('cursor'), transaction.done]);
    });
  }

  async clear(): Promise<void> {
    await this.on((db) => {
      const transaction = db.transaction(['tickets', 'kept', 'scans'], 'readwrite');
      return Promise.all([transaction.objectStore('tickets').clear(), transaction.objectStore('kept').clear(), transaction.objectStore('scans').clear(), transaction.done]);
    });
  }

  close(): void {
    this.closed = true;
    void this.db?.then((db) => db.close(), () => undefined);
  }

  /** What is done here may be done twice: iOS ends the connections of pages that were in the background, some without a word, and the work is done on a fresh one. */
  private async on<T>(work: (db: IDBPDatabase<Schema>) => Promise<T>): Promise<T> {
    const opened = this.connection();
    try {
      return await work(await opened);
    } catch (error) {
      if (this.closed || !isLost(error)) throw error;
      if (this.db === opened) this.db = null;
      void opened.then((db) => db.close(), () => undefined);
      return work(await this.connection());
    }
  }

  private connection(): Promise<IDBPDatabase<Schema>> {
    const forget = (): void => void (this.db = null);
    if (!this.db) {
      this.db = openDB<Schema>(this.name, 1, {
        upgrade(db) {
          db.createObjectStore('kept');
          db.createObjectStore('tickets', { keyPath: 'id' });
          const scans = db.createObjectStore('scans', { keyPath: 'id' });
          scans.createIndex('pending', 'pending');
          scans.createIndex('at', 'at');
        },
        terminated: forget,
      });
      this.db.catch(forget); // who asked for it has the error
    }
    return this.db;
  }
}

/** The connection is the fault, and not what was asked of it: closed (InvalidStateError), gone while at work (AbortError), or "Connection to Indexed Database server lost" (UnknownError). */
const isLost = (error: unknown): boolean => ['InvalidStateError', 'AbortError', 'UnknownError'].includes((error as Error | null)?.name ?? '');
