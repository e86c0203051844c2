import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it } from 'vitest';
import { openDoor } from '../scan/enrolment';
import { ApiError } from '../../sdk/event';
import { Door, ScanStore } from '../../sdk/onsite';

describe('the key of an enrolment', () => {
  let store: ScanStore;
  let hash: string | null;
  const address = { key: () => hash, forget: () => void (hash = null) };
  const failing = (error: unknown) => () => Promise.reject(error);

  beforeEach(async () => {
    store = await ScanStore.open(crypto.randomUUID());
    hash = 'evk_x';
  });

  it.each([
    new ApiError(0, 'unreachable', 'The server cannot be reached.'),
    new ApiError(503, 'http_503', 'down'),
    new ApiError(429, 'too_many_attempts', 'wait'),
    new Error('2 scans of this device are still to be sent.'),
  ])('is kept while it was not used: $message', async (error) => {
    await expect(openDoor(store, address, failing(error))).rejects.toBe(error);
    expect(hash).toBe('evk_x');
    await store.put('token', 'evd_x');
    const door = await openDoor(store, address, async () => (await Door.open(store)) as Door);
    expect(door).toBeInstanceOf(Door);
    expect(hash).toBeNull();
  });

  it('goes when it is good for nothing', async () => {
    await expect(openDoor(store, address, failing(new ApiError(401, 'enrolment_invalid', 'used')))).rejects.toMatchObject({ code: 'enrolment_invalid' });
    expect(hash).toBeNull();
    expect(await openDoor(store, address)).toBeNull();
  });
});
