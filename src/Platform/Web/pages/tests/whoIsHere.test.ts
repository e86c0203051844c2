import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError, type Me } from '../../sdk/event';
import { whoIsHere } from '../whoIsHere';

const ada: Me = { user: { id: 'u1', email: 'ada@example.org', name: 'Ada' }, organisations: [] };
const answers = (...list: (Me | number)[]) => async () => {
  const next = list.shift() ?? 500;
  if (typeof next === 'number') throw new ApiError(next, `http_${next}`, '');
  return next;
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('who is here', () => {
  it('is a guest only if the server says so', async () => {
    expect(await whoIsHere(answers(401), new AbortController().signal)).toBeNull();
    const known = whoIsHere(answers(429, 503, 0, ada), new AbortController().signal);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await known).toBe(ada);
  });

  it('is no longer asked once nobody wants to know', async () => {
    const over = new AbortController();
    const known = whoIsHere(answers(), over.signal);
    over.abort();
    await expect(known).rejects.toMatchObject({ status: 500 });
  });
});
