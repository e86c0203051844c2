import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it } from 'vitest';
import { ApiError } from '../../event/api';
import type { OnsiteClient } from '../client';
import type { Conflict, ListPage, NewScan } from '../contract';
import { Door } from '../door';
import { ScanStore } from '../store';
import { answer, made, self, ticket } from './world';

Object.defineProperty(globalThis, 'navigator', { value: { onLine: true }, configurable: true });

/** A platform that can be cut off, and remembers what it was told. */
class Platform {
  down = false;
  refuses: ApiError | null = null;
  list: ListPage = { items: [], cursor: '1.a', more: false };
  told: NewScan[][] = [];
  device = self();
  reply = (scan: NewScan) => answer(scan.id);

  client = {
    device: () => this.answer(() => this.device),
    conflicts: () => this.answer(() => []),
    tickets: (cursor?: string) => this.answer(() => (cursor === this.list.cursor ? null : this.list)),
    scans: (scans: NewScan[]) =>
      this.answer(() => {
        this.told.push(scans);
        return scans.map(this.reply);
      }),
  } as unknown as OnsiteClient;

  private async answer<T>(make: () => T): Promise<T> {
    if (this.down) throw new ApiError(0, 'unreachable', 'down');
    if (this.refuses) throw this.refuses;
    return make();
  }
}

describe('a door', () => {
  let platform: Platform;
  let store: ScanStore;
  let name: string;
  const open = async (): Promise<Door> => {
    const door = await Door.open(store, () => platform.client);
    if (!door) throw new Error('not enrolled');
    return door;
  };

  beforeEach(async () => {
    name = crypto.randomUUID();
    [platform, store] = [new Platform(), await ScanStore.open(name)];
    platform.list.items = [ticket('a'), ticket('b', { refusal: 'revoked', name: null })];
    await store.put('token', 'evd_x');
  });

  it('is none without a token', async () => {
    expect(await Door.open(await ScanStore.open('other'))).toBeNull();
  });

  it('asks while it is answered', async () => {
    const door = await open();
    await door.sync();
    platform.reply = (scan) => answer(scan.id, { ticket: { id: 'a', holderName: 'Holder a', typeId: 'seat', typeName: 'Seat' }, entry: { at: '2026-05-01T10:00:00Z', device: 'Door A', leftAt: null } });
    expect(await door.scan({ ticketId: 'a' }, 'in')).toMatchObject({ shade: 'ok', name: 'Holder a' });
    expect(platform.told[0]?.[0]?.decision).toBe('ask');
    expect(door.state.pending).toBe(0);
    platform.down = true;
    expect(await door.scan({ ticketId: 'a' }, 'in')).toMatchObject({ shade: 'already_in' });
  });

  it('goes on alone, loses nothing with the tab, and makes up for it once', async () => {
    const before = await open();
    await before.sync();
    platform.down = true;
    expect(await before.scan({ ticketId: 'a' }, 'in')).toMatchObject({ shade: 'offline', name: 'Holder a' });
    expect(await before.scan({ ticketId: 'b' }, 'in')).toMatchObject({ shade: 'refused', reason: 'revoked' });
    store.close();

    store = await ScanStore.open(name);
    const door = await open();
    expect(door.state.pending).toBe(2);
    expect(await door.scan({ ticketId: 'a' }, 'in')).toMatchObject({ shade: 'already_in' });
    await door.sync();
    expect(door.state).toMatchObject({ pending: 3, reachable: false });
    platform.down = false;
    platform.reply = (scan) => answer(scan.id, scan.decision === 'admitted' ? { result: 'conflict' } : { result: scan.decision === 'refused' ? 'refused' : 'already_in', reason: scan.reason ?? null, admitted: false });
    await door.sync();
    await door.sync();
    expect(platform.told.flat().map(({ decision }) => decision).sort()).toEqual(['admitted', 'already_in', 'refused']);
    expect(door.state).toMatchObject({ pending: 0, reachable: true });
    expect(door.state.history.map(({ answer: said }) => said?.result).sort()).toEqual(['already_in', 'conflict', 'refused']);
  });

  it('learns that what was confirmed was a second entry', async () => {
    const door = await open();
    await door.sync();
    platform.down = true;
    const { scanId } = await door.scan({ ticketId: 'a' }, 'in');
    platform.down = false;
    await door.sync();
    expect(door.state.history[0]?.answer?.result).toBe('ok');
    const conflict: Conflict = { seq: 1, scanId, result: 'conflict', reason: null, at: '', receivedAt: '', device: 'Door A', ticket: null, entry: { at: 'x', device: 'Door B', leftAt: null }, isMine: true };
    platform.client.conflicts = () => Promise.resolve([conflict, { ...conflict, scanId: 'of another', isMine: false }]);
    await door.sync();
    expect(door.state.history[0]?.answer).toMatchObject({ result: 'conflict', entry: { device: 'Door B' } });
    expect(door.state.conflicts).toHaveLength(2);
  });

  it('verifies the signature of a ticket that is not in its list', async () => {
    const { keys, sign, ticketId } = await made();
    const eventId = crypto.randomUUID();
    platform.device = self({ keys, event: { ...self().event, id: eventId } });
    const door = await open();
    await door.sync();
    platform.down = true;
    const code = await sign(eventId, ticketId);
    expect(await door.scan({ code }, 'in')).toMatchObject({ shade: 'offline', name: null });
    expect(await door.scan({ code }, 'in')).toMatchObject({ shade: 'already_in' });
    expect(await door.scan({ code: await (await made()).sign(eventId, ticketId) }, 'in')).toMatchObject({ shade: 'refused', reason: 'signature_invalid' });
  });

  it('keeps what was decided here while a page of the list is under way', async () => {
    const door = await open();
    await door.sync();
    platform.list = { items: [ticket('a')], cursor: '2.a', more: false };
    platform.client.tickets = async () => {
      platform.down = true;
      await door.scan({ ticketId: 'a' }, 'in');
      platform.down = false;
      return platform.list;
    };
    await door.sync();
    expect(door.state.pending).toBe(1);
    expect(door.tickets.get('a')?.inAt).not.toBeNull();
  });

  it('passes over one scan that the platform will not take, and sends the others', async () => {
    const door = await open();
    await door.sync();
    platform.down = true;
    await door.scan({ ticketId: 'a' }, 'in');
    await door.scan({ code: 'rubbish' }, 'in');
    platform.down = false;
    const take = platform.client.scans;
    platform.client.scans = (scans, at) => (scans.some(({ code }) => code === 'rubbish') ? Promise.reject(new ApiError(400, 'scan_invalid', 'no')) : take(scans, at));
    await door.sync();
    expect(door.state.pending).toBe(0);
    expect(door.state.history.map(({ failed, answer: said }) => failed ?? said?.result).sort()).toEqual(['ok', true]);
  });

  it('lets nobody in and forgets the list once it is revoked, and still hands in', async () => {
    const door = await open();
    await door.sync();
    platform.down = true;
    await door.scan({ ticketId: 'a' }, 'in');
    platform.down = false;
    platform.client.device = () => Promise.reject(new ApiError(401, 'device_revoked', 'gone'));
    await door.sync();
    expect(door.state).toMatchObject({ revoked: true, pending: 0, listed: 0 });
    expect(platform.told.flat()).toHaveLength(1);
    platform.down = true;
    expect(await door.scan({ code: 'x' }, 'in')).toMatchObject({ shade: 'refused', reason: 'device_revoked' });
  });
});
