import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ScanStore, type KeptScan } from '../store';
import { ticket } from './world';

const scan = (id: string): KeptScan => ({ id, at: `2026-05-01T08:00:0${id}Z`, kind: 'in', decision: 'admitted', code: 'c', ticket: id, answer: null, pending: 1 });

describe('a store whose connection the browser ends', () => {
  let connections: IDBDatabase[];
  let store: ScanStore;

  beforeEach(async () => {
    connections = [];
    const open = indexedDB.open.bind(indexedDB);
    vi.spyOn(indexedDB, 'open').mockImplementation((name, version) => {
      const request = open(name, version);
      request.addEventListener('success', () => connections.push(request.result));
      return request;
    });
    store = await ScanStore.open(`store-${crypto.randomUUID()}`);
    await store.putScan(scan('1'), ticket('1'));
  });
  afterEach(() => {
    store.close();
    vi.restoreAllMocks();
  });

  it('goes on with another one, whatever it was asked for', async () => {
    for (const asked of [
      () => store.put('cursor', '1.a'),
      () => store.putScan(scan('2'), ticket('2')),
      () => store.putPage([ticket('3')], '1.b'),
      () => store.history(),
    ]) {
      connections.at(-1)?.close();
      await asked();
    }
    expect(connections).toHaveLength(5);
    expect([await store.get('cursor'), (await store.tickets()).length, await store.pendingCount()]).toEqual(['1.b', 3, 2]);
    expect(connections).toHaveLength(5);
  });

  it('does again what was under way, once for all who were', async () => {
    const lost = connections[0]!;
    vi.spyOn(lost, 'transaction').mockImplementation(() => {
      throw new DOMException('Connection to Indexed Database server lost. Refresh the page to try again', 'UnknownError');
    });
    const [pending, count, history] = await Promise.all([store.pending(10), store.pendingCount(), store.history()]);
    expect([pending.length, count, history.length]).toEqual([1, 1, 1]);
    expect(connections).toHaveLength(2);
  });

  it('says what is not the connection’s fault, and no more than twice what is', async () => {
    await expect(store.putScan({ ...scan('1'), ticket: (() => undefined) as never })).rejects.toMatchObject({ name: 'DataCloneError' });
    expect(connections).toHaveLength(1);
    connections[0]?.close();
    vi.spyOn(indexedDB, 'open').mockImplementation(() => {
      throw new DOMException('no more', 'UnknownError');
    });
    await expect(store.pendingCount()).rejects.toThrow('no more');
  });
});
