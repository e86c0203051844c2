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
  private constructor(private readonly db: IDBPDatabase<Schema>) {}

  static async open(name = 'events-scan'): Promise<ScanStore> {
    return new ScanStore(
      await openDB<Schema>(name, 1, {
        upgrade(db) {
          db.createObjectStore('kept');
          db.createObjectStore('tickets', { keyPath: 'id' });
          const scans = db.createObjectStore('scans', { keyPath: 'id' });
          scans.createIndex('pending', 'pending');
          scans.createIndex('at', 'at');
        },
      }),
    );
  }

  async get<Name extends keyof Kept>(name: Name): Promise<Kept[Name] | undefined> {
    return (await this.db.get('kept', name)) as Kept[Name] | undefined;
  }

  async put<Name extends keyof Kept>(name: Name, value: Kept[Name]): Promise<void> {
    await this.db.put('kept', value, name);
  }

  tickets(): Promise<ListedTicket[]> {
    return this.db.getAll('tickets');
  }

  /** A page of the list and where to go on, both or neither. */
  async putPage(items: ListedTicket[], cursor: string): Promise<void> {
    const transaction = this.db.transaction(['tickets', 'kept'], 'readwrite');
    await Promise.all([...items.map((item) => transaction.objectStore('tickets').put(item)), transaction.objectStore('kept').put(cursor, 'cursor'), transaction.done]);
  }

  /** A scan and what it does to the list, on disk when this returns. */
  async putScan(scan: KeptScan, ticket?: ListedTicket): Promise<void> {
    const transaction = this.db.transaction(['tickets', 'scans'], 'readwrite', { durability: 'strict' });
    await Promise.all([transaction.objectStore('scans').put(scan), ...(ticket ? [transaction.objectStore('tickets').put(ticket)] : []), transaction.done]);
  }

  scan(id: string): Promise<KeptScan | undefined> {
    return this.db.get('scans', id);
  }

  pending(most: number): Promise<KeptScan[]> {
    return this.db.getAllFromIndex('scans', 'pending', 1, most);
  }

  pendingCount(): Promise<number> {
    return this.db.countFromIndex('scans', 'pending', 1);
  }

  /** Latest first; older ones that the platform knows are forgotten. */
  async history(): Promise<KeptScan[]> {
    const transaction = this.db.transaction('scans', 'readwrite');
    const found: KeptScan[] = [];
    for (let at = await transaction.store.index('at').openCursor(null, 'prev'); at; at = await at.continue()) {
      if (found.length < shown) found.push(at.value);
      else if (at.value.pending === 0) await at.delete();
    }
    await transaction.done;
    return found;
  }

  /** The list goes; scans that are still to be sent stay. */
  async clearList(): Promise<void> {
    const transaction = this.db.transaction(['tickets', 'kept'], 'readwrite');
    await Promise.all([transaction.objectStore('tickets').clear(), transaction.objectStore('kept').delete('cursor'), transaction.done]);
  }

  async clear(): Promise<void> {
    const transaction = this.db.transaction(['tickets', 'kept', 'scans'], 'readwrite');
    await Promise.all([transaction.objectStore('tickets').clear(), transaction.objectStore('kept').clear(), transaction.objectStore('scans').clear(), transaction.done]);
  }

  close(): void {
    this.db.close();
  }
}
