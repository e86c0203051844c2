import { describe, expect, it } from 'vitest';
import { OwnSwitch } from '../session/ownSwitch';

/** A device that opens when the test says so. */
function device() {
  const made = { on: false, published: 0, stopped: 0, opening: [] as (() => void)[] };
  const own = new OwnSwitch(
    () => made.on,
    async (on, wants) => {
      if (made.published > 0) {
        made.on = on;
        return;
      }
      await new Promise<void>((resolve) => made.opening.push(resolve));
      if (!wants()) {
        made.stopped += 1;
        return;
      }
      made.published += 1;
      made.on = true;
    },
  );
  return { made, own };
}

describe('a switch of the control bar', () => {
  it('opens one device however often it is pressed meanwhile', async () => {
    const { made, own } = device();
    const done = [own.toggle(), own.toggle(), own.toggle()];
    made.opening.forEach((open) => open());
    await Promise.all(done);
    expect(made).toMatchObject({ on: true, published: 1 });
    expect(made.opening).toHaveLength(1);
  });

  it('does not go live when it was let go before its device was open', async () => {
    const { made, own } = device();
    const pressed = own.set(true);
    const released = own.set(false);
    made.opening.forEach((open) => open());
    await Promise.all([pressed, released]);
    expect(made).toMatchObject({ on: false, published: 0, stopped: 1 });
  });

  it('says what it is about to be, and goes on after a failure', async () => {
    let fails = true;
    let on = false;
    const own = new OwnSwitch(
      () => on,
      async (to) => {
        if (fails) throw new Error('no device');
        on = to;
      },
    );
    const failing = own.set(true);
    expect(own.wants).toBe(true);
    await expect(failing).rejects.toThrow('no device');
    expect(own.wants).toBe(false);
    fails = false;
    await own.toggle();
    expect(on).toBe(true);
  });

  it('does not try for ever what is not granted', async () => {
    let tried = 0;
    const own = new OwnSwitch(() => false, async () => void (tried += 1));
    await own.set(true);
    expect(tried).toBe(1);
  });
});
