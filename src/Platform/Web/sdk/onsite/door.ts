import { ApiError } from '../event/api';
import { OnsiteClient } from './client';
import { importKeys, readCode, type Reading } from './code';
import type { Conflict, DeviceSelf, Kind, ListedTicket, NewScan, Refusal, ScanAnswer } from './contract';
import { decide } from './decide';
import type { KeptScan, ScanStore } from './store';

const batch = 50;

/** Green, amber, red, and blue: let in without the platform, to be confirmed. */
export type Shade = 'ok' | 'already_in' | 'refused' | 'offline';

export interface Verdict {
  scanId: string;
  shade: Shade;
  kind: Kind;
  reason: Refusal | null;
  name: string | null;
  typeName: string | null;
  /** When and where the ticket came in before. */
  before: { at: string; device: string | null } | null;
}

export interface DoorState {
  self: DeviceSelf | null;
  reachable: boolean;
  revoked: boolean;
  pending: number;
  listed: number;
  syncedAt: number | null;
  history: KeptScan[];
  conflicts: Conflict[];
}

/** One door: asks the platform while it answers, decides by its own list while it does not, and makes up for it later. */
export class Door {
  state: DoorState = { self: null, reachable: true, revoked: false, pending: 0, listed: 0, syncedAt: null, history: [], conflicts: [] };
  readonly tickets = new Map<string, ListedTicket>();

  private keys: CryptoKey[] = [];
  private offset = 0;
  private syncing: Promise<void> | null = null;
  private readonly listeners = new Set<() => void>();

  private constructor(
    private readonly store: ScanStore,
    readonly client: OnsiteClient,
  ) {}

  /** The door that this browser was enrolled as; null: none. */
  static async open(store: ScanStore, clientFor: (token: string) => OnsiteClient = (token) => new OnsiteClient(token)): Promise<Door | null> {
    const token = await store.get('token');
    if (!token) return null;
    const door = new Door(store, clientFor(token));
    for (const ticket of await store.tickets()) door.tickets.set(ticket.id, ticket);
    door.offset = (await store.get('offset')) ?? 0;
    const self = (await store.get('self')) ?? null;
    if (self) door.keys = await importKeys(self.keys);
    await door.show({ self, revoked: (await store.get('revoked')) ?? false, syncedAt: (await store.get('syncedAt')) ?? null });
    return door;
  }

  /** What was scanned as another device has to be handed in first. */
  static async enrol(store: ScanStore, key: string): Promise<Door> {
    if ((await store.pendingCount()) > 0) await (await Door.open(store))?.sync();
    const waiting = await store.pendingCount();
    if (waiting > 0) throw new Error(`${waiting} scans of this device are still to be sent. They go first, once it is connected.`);
    const { token } = await new OnsiteClient(null).enrol(key);
    await store.clear();
    await store.put('token', token);
    const door = await Door.open(store);
    if (!door) throw new Error('The browser keeps nothing here: a private window cannot be a door.');
    await door.sync().catch(() => undefined); // it is enrolled: who stands at it is told by the next one
    return door;
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** By what the camera read, or by a ticket found in the list. */
  async scan(shown: { code: string } | { ticketId: string }, kind: Kind): Promise<Verdict> {
    const scan: NewScan = { id: crypto.randomUUID(), at: new Date().toISOString(), kind, decision: 'ask', ...shown };
    if (this.state.reachable && navigator.onLine) {
      try {
        const [answer] = await this.client.scans([scan], Date.now(), true);
        if (answer) return await this.answered(scan, answer);
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) await this.end();
        else this.lost(error); // throws what is not the network's fault
      }
    }
    return this.alone(scan);
  }

  /** Hands in what waits, reads what changed. One at a time; who asks meanwhile waits for the same. */
  sync(): Promise<void> {
    this.syncing ??= this.syncOnce().finally(() => (this.syncing = null));
    return this.syncing;
  }

  private async syncOnce(): Promise<void> {
    try {
      await this.upload();
      const sentAt = Date.now();
      const self = await this.client.device();
      // The answer was made somewhere between: half of the way is as good as it gets.
      this.offset = Date.parse(self.serverTime) - (sentAt + Date.now()) / 2;
      this.keys = await importKeys(self.keys);
      await this.store.put('self', self);
      await this.store.put('offset', this.offset);
      if (self.role !== 'scanner') return await this.show({ self, reachable: true, syncedAt: Date.now() });
      await this.readList();
      const conflicts = await this.client.conflicts();
      await this.learn(conflicts);
      await this.store.put('syncedAt', Date.now());
      await this.show({ self, conflicts, reachable: true, syncedAt: Date.now() });
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return await this.end();
      this.lost(error);
      await this.show({ reachable: false });
    }
  }

  /** Who has nothing to do at this door any more has no list of its guests. */
  private async end(): Promise<void> {
    await this.store.put('revoked', true);
    await this.store.clearList();
    this.tickets.clear();
    await this.show({ revoked: true, reachable: true });
  }

  private async upload(): Promise<void> {
    let waiting = await this.store.pending(batch);
    for (let left = Infinity; waiting.length > 0; ) {
      const now = await this.store.pendingCount();
      if (now >= left) return; // it answered, and not to what was asked
      left = now;
      try {
        await this.send(waiting);
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 400) throw error;
        // One of them is not to the platform's taste: the others are not to suffer for it.
        for (const one of waiting) {
          await this.send([one]).catch(async (reason: unknown) => {
            if (!(reason instanceof ApiError) || reason.status !== 400) throw reason;
            await this.store.putScan({ ...one, pending: 0, failed: true });
          });
        }
      }
      waiting = await this.store.pending(batch);
      await this.show({ reachable: true });
    }
  }

  private async send(waiting: KeptScan[]): Promise<void> {
    const scans = waiting.map(({ id, code, ticketId, at, kind, decision, reason }): NewScan => ({ id, at, kind, decision, ...(code ? { code } : { ticketId: ticketId ?? '' }), ...(reason ? { reason } : {}) }));
    const answers = new Map((await this.client.scans(scans, Date.now())).map((answer) => [answer.id, answer]));
    for (const scan of waiting) {
      const answer = answers.get(scan.id);
      if (answer) await this.store.putScan({ ...scan, pending: 0, answer: kept(answer) });
    }
  }

  private async readList(): Promise<void> {
    for (;;) {
      const cursor = await this.store.get('cursor');
      let page;
      try {
        page = await this.client.tickets(cursor);
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== 'cursor_gone') throw error;
        await this.store.clearList();
        this.tickets.clear();
        continue;
      }
      if (!page) return;
      // Who passed here while this page was under way is in, whatever the page says.
      const passed = new Set((await this.store.pending(batch * 20)).filter(({ decision }) => decision === 'admitted').map(({ ticket }) => ticket));
      const items = page.items.map((item) => {
        const here = passed.has(item.id) ? this.tickets.get(item.id) : undefined;
        return here ? { ...item, inAt: item.inAt ?? here.inAt, leftAt: here.leftAt } : item;
      });
      await this.store.putPage(items, page.cursor);
      for (const item of items) this.tickets.set(item.id, item);
      if (!page.more) return;
      await this.show({});
    }
  }

  /** What was confirmed may turn out to be a second entry, once another door comes back. */
  private async learn(conflicts: Conflict[]): Promise<void> {
    for (const { scanId, result, reason, entry, isMine } of conflicts) {
      const scan = isMine ? await this.store.scan(scanId) : undefined;
      if (scan?.answer && scan.answer.result !== result) await this.store.putScan({ ...scan, answer: { ...scan.answer, result, reason, entry } });
    }
  }

  /** The platform decided. */
  private async answered(scan: NewScan, answer: ScanAnswer): Promise<Verdict> {
    const listed = answer.ticket ? this.tickets.get(answer.ticket.id) : undefined;
    const now = listed && answer.entry ? { ...listed, inAt: answer.entry.at, leftAt: answer.entry.leftAt } : undefined;
    if (now) this.tickets.set(now.id, now);
    await this.store.putScan({ ...scan, ticket: answer.ticket?.id ?? null, answer: kept(answer), pending: 0 }, now);
    await this.show({ reachable: true });
    const shade: Shade = answer.result === 'ok' ? 'ok' : answer.result === 'refused' ? 'refused' : 'already_in';
    return {
      scanId: scan.id,
      shade,
      kind: scan.kind,
      reason: answer.reason,
      name: answer.ticket?.holderName ?? null,
      typeName: answer.ticket?.typeName ?? null,
      before: shade === 'already_in' && answer.entry ? { at: answer.entry.leftAt ?? answer.entry.at, device: answer.entry.device } : null,
    };
  }

  /** Nobody answers: by the list and the signature. On disk before it is shown. */
  private async alone(scan: NewScan): Promise<Verdict> {
    const { self, revoked } = this.state;
    if (!self) throw new Error('This device has not been connected yet: it knows neither the event nor its tickets.');
    const reading: Reading | null = scan.code === undefined ? null : await readCode(this.keys, scan.code);
    const ticket = reading === null ? (scan.ticketId ?? null) : reading.kind === 'verified' && reading.eventId === self.event.id ? reading.ticketId : null;
    const listed = ticket ? this.tickets.get(ticket) : undefined;
    const { decision, reason } = decide({ self, reading, listed, kind: scan.kind, now: Date.now() + this.offset, revoked });
    let changed: ListedTicket | undefined;
    if (decision === 'admitted' && ticket) {
      const at = new Date(Date.now() + this.offset).toISOString();
      // Also of a ticket that the list does not have yet: shown again, it is in.
      const before = listed ?? { id: ticket, name: null, typeId: '', refusal: null, inAt: null, leftAt: null };
      changed = scan.kind === 'in' ? { ...before, inAt: before.inAt ?? at, leftAt: null } : { ...before, inAt: before.inAt ?? at, leftAt: at };
    }
    await this.store.putScan({ ...scan, decision, ...(reason ? { reason } : {}), ticket, answer: null, pending: 1 }, changed);
    if (changed) this.tickets.set(changed.id, changed);
    await this.show({ reachable: revoked });
    return {
      scanId: scan.id,
      shade: decision === 'admitted' ? 'offline' : decision,
      kind: scan.kind,
      reason: reason ?? null,
      name: listed?.name ?? null,
      typeName: self.types.find(({ id }) => id === listed?.typeId)?.name ?? null,
      before: decision === 'already_in' && listed?.inAt ? { at: listed.leftAt ?? listed.inAt, device: null } : null,
    };
  }

  /** Lets pass what is the network's, the server's or the limit's fault; the rest is thrown on. */
  private lost(error: unknown): void {
    if (!(error instanceof ApiError) || !(error.status === 0 || error.status === 429 || error.status >= 500)) throw error;
    this.state = { ...this.state, reachable: false };
  }

  private async show(change: Partial<DoorState>): Promise<void> {
    this.state = { ...this.state, ...change, pending: await this.store.pendingCount(), listed: this.tickets.size, history: await this.store.history() };
    this.listeners.forEach((listener) => listener());
  }
}

function kept({ result, reason, at, admitted, entry }: ScanAnswer): KeptScan['answer'] {
  return { result, reason, at, admitted, entry };
}
