import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../../sdk/event';
import { poll, waitMs, type Surroundings } from '../poll';

/** A page that a test shows and hides. */
function page() {
  const made = { visible: true, changed: () => undefined as void, listening: 0 };
  const around: Surroundings = {
    visible: () => made.visible,
    now: Date.now,
    random: () => 0.5,
    listen(changed) {
      made.changed = changed;
      made.listening += 1;
      return () => void (made.listening -= 1);
    },
  };
  const show = (visible: boolean): void => {
    made.visible = visible;
    made.changed();
  };
  return { made, around, show };
}

function polled(answers: () => Promise<string>, around: Surroundings, everyMs: number | null = 5_000) {
  const told: string[] = [];
  const fetch = vi.fn(answers);
  const stop = poll<string>({ fetch, everyMs: () => everyMs, came: (value) => told.push(value), failed: (error) => told.push(`failed: ${(error as Error).message}`) }, around);
  return { fetch, told, stop };
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('asking again and again', () => {
  it('asks as often as was said while the page is visible, and no more when it is over', async () => {
    const { around, made } = page();
    const { fetch, stop } = polled(async () => 'value', around);
    await pass(15_000);
    expect(fetch).toHaveBeenCalledTimes(4);
    stop();
    await pass(60_000);
    expect(fetch).toHaveBeenCalledTimes(4);
    expect(made.listening).toBe(0);
  });

  it('asks once for what changes no more', async () => {
    const { around, show } = page();
    const { fetch } = polled(async () => 'value', around, null);
    await pass(60_000);
    show(true);
    await pass(60_000);
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it('fetches in a tab that was opened hidden, asks nothing more there, and at once when it is shown', async () => {
    const { around, made, show } = page();
    made.visible = false;
    const { fetch } = polled(async () => 'value', around);
    await pass(600_000);
    expect(fetch).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
    show(true);
    await pass(0);
    expect(fetch).toHaveBeenCalledTimes(2);
  });

  it('does not ask more often for a tab that is left and shown again', async () => {
    const { around, show } = page();
    const { fetch } = polled(async () => 'value', around);
    await pass(4_000);
    for (let i = 0; i < 5; i++) {
      show(false);
      show(true);
    }
    await pass(900);
    expect(fetch).toHaveBeenCalledTimes(1);
    await pass(100);
    expect(fetch).toHaveBeenCalledTimes(2);
  });

  it('steps back from a server that fails, to once a minute, and comes back as soon as it answers', async () => {
    const { around } = page();
    let fails = true;
    const { fetch, told } = polled(async () => {
      if (fails) throw new Error('down');
      return 'value';
    }, around);
    await pass(7_500 + 15_000 + 30_000);
    expect(fetch).toHaveBeenCalledTimes(4);
    await pass(450_000);
    expect(fetch).toHaveBeenCalledTimes(14); // every 45 s
    fails = false;
    await pass(45_000);
    expect(told.at(-1)).toBe('value');
    await pass(5_000);
    expect(fetch).toHaveBeenCalledTimes(16);
  });

  it('tries what failed at once when somebody looks, but never sooner than the server said', async () => {
    const { around, show } = page();
    let error: Error = new Error('down');
    const { fetch } = polled(async () => Promise.reject(error), around);
    await pass(7_500 + 15_000);
    expect(fetch).toHaveBeenCalledTimes(3);
    error = new ApiError(429, 'too_many_requests', 'Wait.', 90_000);
    show(true);
    await pass(0);
    expect(fetch).toHaveBeenCalledTimes(4);
    show(true);
    await pass(89_000);
    expect(fetch).toHaveBeenCalledTimes(4);
    show(true);
    await pass(1_000);
    expect(fetch).toHaveBeenCalledTimes(5);
  });

  it('spreads those who lost the server at the same moment over half of each wait', () => {
    const waits = (failures: number) => [0, 0.999].map((random) => Math.round(waitMs(5_000, failures, 0, () => random) / 1000));
    expect([0, 1, 2, 3, 9].map(waits)).toEqual([[5, 5], [5, 10], [10, 20], [20, 40], [30, 60]]);
    expect(waitMs(600_000, 3, 0, () => 0)).toBe(540_000);
  });
});
