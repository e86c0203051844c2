import { describe, expect, it } from 'vitest';
import { Api } from '../api';
import { EventAccess } from '../eventToken';

interface Asked {
  path: string;
  bearer: string | null;
  body: unknown;
}

/** The platform as far as entries go: each token lives ten minutes. Its clock is not the tab's, which the test turns. */
function world(refuse: (asked: Asked) => number | null = () => null) {
  const asked: Asked[] = [];
  const kept = new Map<string, string>();
  const clock = { now: 1_000_000 };
  let issued = 0;
  const api = new Api(async (input, init) => {
    const headers = init.headers as Record<string, string>;
    const one: Asked = {
      path: input,
      bearer: headers['Authorization']?.slice('Bearer '.length) ?? null,
      body: init.body ? JSON.parse(init.body as string) : null,
    };
    asked.push(one);
    const status = refuse(one);
    if (status !== null) return Response.json({ code: `refused_${status}`, detail: 'no' }, { status });
    if (!input.endsWith('/entry')) return Response.json({ ok: true });
    const name = (one.body as { name?: string }).name ?? 'Guest';
    return Response.json({ token: `t${++issued}`, expiresAt: new Date(5_000_000_000_000).toISOString(), expiresIn: 600, participant: { id: 'p', name, role: 'attendee' } });
  });
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  const open = (account: string | null = null, preview = false): EventAccess => new EventAccess('e1', account, api, storage, () => clock.now, preview);
  return { asked, clock, open, entries: () => asked.filter(({ path }) => path.endsWith('/entry')) };
}

describe('event token', () => {
  it('is fetched once for calls that start together', async () => {
    const made = world();
    const access = made.open();
    await Promise.all([access.call('/a'), access.call('/b'), access.call('/c')]);
    expect(made.entries()).toHaveLength(1);
    expect(made.asked.filter(({ bearer }) => bearer === 't1')).toHaveLength(3);
  });

  it('is kept over a reload of the tab', async () => {
    const made = world();
    await made.open().enter('Ada');
    const again = made.open();
    expect(again.participant?.name).toBe('Ada');
    expect(await again.token()).toBe('t1');
  });

  it('of a guest is not used for an account', async () => {
    const made = world();
    await made.open().enter('Ada');
    expect(made.open('u1').participant).toBeNull();
  });

  it('of a guest is shown, once, by the account that the guest signed in to', async () => {
    const made = world();
    await made.open().enter('Ada');
    const account = made.open('u1');
    await Promise.all([account.call('/a'), account.call('/b')]);
    expect(made.entries()).toHaveLength(2);
    expect(made.entries()[1]).toMatchObject({ bearer: 't1', body: {} });
    made.clock.now += 541_000;
    await account.token();
    expect(made.entries()[2]).toMatchObject({ bearer: 't2' });
    expect(made.open().participant).toBeNull();
  });

  it('of a guest is shown also by an account that was in the event before', async () => {
    const made = world();
    await made.open('u1').enter();
    await made.open().enter('Ada');
    expect(await made.open('u1').token()).toBe('t3');
    expect(made.entries()[2]).toMatchObject({ bearer: 't2', body: {} });
  });

  it('of a guest that is not taken keeps no account out', async () => {
    const made = world(({ bearer, path }) => (path.endsWith('/entry') && bearer === 't1' ? 401 : null));
    await made.open().enter('Ada');
    expect(await made.open('u1').token()).toBe('t2');
    expect(made.entries().at(-1)).toMatchObject({ bearer: null, body: {} });
    expect(made.open().participant).toBeNull();
  });

  it('is renewed a minute before it expires, with the old one as bearer', async () => {
    const made = world();
    const access = made.open();
    await access.enter('Ada');
    made.clock.now += 539_000;
    expect(await access.token()).toBe('t1');
    made.clock.now += 2_000;
    expect(await access.token()).toBe('t2');
    expect(made.entries()[1]).toMatchObject({ bearer: 't1', body: { name: 'Ada' } });
  });

  it('of an account does not say the name again, which another tab may have changed', async () => {
    const made = world();
    const access = made.open('u1');
    await access.enter('Ada');
    made.clock.now += 541_000;
    expect(await access.token()).toBe('t2');
    expect(made.entries()[1]).toMatchObject({ bearer: 't1', body: {} });
  });

  it('that has expired still says who comes back, also after a reload of the tab', async () => {
    const made = world();
    const access = made.open();
    await access.enter('Ada');
    made.clock.now += 700_000;
    expect(await access.token()).toBe('t2');
    expect(made.entries()[1]).toMatchObject({ bearer: 't1', body: { name: 'Ada' } });
    made.clock.now += 700_000;
    expect(await made.open().token()).toBe('t3');
    expect(made.entries()[2]).toMatchObject({ bearer: 't2', body: { name: 'Ada' } });
  });

  it('that cannot be renewed is used up to its end', async () => {
    let down = false;
    const made = world(() => (down ? 503 : null));
    const access = made.open();
    await access.enter('Ada');
    down = true;
    made.clock.now += 570_000;
    expect(await access.token()).toBe('t1');
    made.clock.now += 60_000;
    await expect(access.token()).rejects.toMatchObject({ status: 503 });
  });

  it('that the server no longer takes is renewed, and the call made again, once', async () => {
    const made = world(({ bearer, path }) => (bearer === 't1' && path.endsWith('/grants') ? 401 : null));
    const access = made.open();
    await access.enter('Ada');
    await expect(access.call('/sessions/s/grants', { method: 'POST' })).resolves.toEqual({ ok: true });
    expect(made.asked.at(-1)?.bearer).toBe('t2');
  });

  it('does not loop when every token is refused', async () => {
    const made = world(({ path }) => (path.endsWith('/grants') ? 401 : null));
    await expect(made.open().call('/sessions/s/grants', { method: 'POST' })).rejects.toMatchObject({ status: 401 });
    expect(made.asked.filter(({ path }) => path.endsWith('/grants'))).toHaveLength(2);
  });

  it('signed with keys of yesterday is dropped for a new entry', async () => {
    const made = world(({ bearer, path }) => (path.endsWith('/entry') && bearer === 't1' ? 401 : null));
    const access = made.open();
    await access.enter('Ada');
    made.clock.now += 570_000;
    expect(await access.token()).toBe('t2');
    expect(made.entries().at(-1)).toMatchObject({ bearer: null, body: { name: 'Ada' } });
  });

  it('keeps the organizer pass apart from coming in', async () => {
    const made = world();
    await made.open('a1').enter();
    const pass = made.open('a1', true);
    expect(pass.participant).toBeNull();
    await pass.enter();
    expect(made.entries().map(({ body }) => (body as { preview?: boolean }).preview ?? false)).toEqual([false, true]);
    made.clock.now += 590_000; // renewed, it is still the pass
    await pass.call('/a');
    expect(made.entries().at(-1)?.body).toMatchObject({ preview: true });
  });
});
