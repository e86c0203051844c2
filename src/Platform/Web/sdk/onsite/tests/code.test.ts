import { describe, expect, it } from 'vitest';
import { decodeBase45, importKeys, readCode } from '../code';
import { made } from './world';

const text = (bytes: Uint8Array | null): string | null => bytes && new TextDecoder().decode(bytes);

describe('a ticket’s code', () => {
  it('is Base45 as RFC 9285 has it (§4.3, §4.4)', () => {
    expect(text(decodeBase45('BB8'))).toBe('AB');
    expect(text(decodeBase45('%69 VD92EX0'))).toBe('Hello!!');
    expect(text(decodeBase45('UJCLQE7W581'))).toBe('base-45');
    expect(text(decodeBase45('QED8WEX0'))).toBe('ietf!');
    for (const bad of ['GGW', 'A', 'ab8', '::', 'BB8A']) expect(decodeBase45(bad)).toBeNull();
  });

  it('is verified with the public key alone, an old one too', async () => {
    const { keys, sign, eventId, ticketId } = await made();
    const old = await made();
    const trusted = await importKeys([...keys, ...old.keys]);
    expect(await readCode(trusted, await sign(eventId, ticketId))).toEqual({ kind: 'verified', eventId, ticketId });
    expect(await readCode(trusted, await old.sign(eventId, ticketId))).toEqual({ kind: 'verified', eventId, ticketId });
    expect(await readCode(await importKeys(keys), await old.sign(eventId, ticketId))).toEqual({ kind: 'signature_invalid' });
  });

  it('says what is wrong with others', async () => {
    const { keys, sign, eventId, ticketId } = await made();
    const trusted = await importKeys(keys);
    const code = await sign(eventId, ticketId);
    const changed = code.slice(0, 10) + (code[10] === '0' ? '1' : '0') + code.slice(11);
    expect((await readCode(trusted, changed)).kind).not.toBe('verified');
    for (const other of ['', 'hello', 'E1:', code.slice(0, -1), `${code}000`, 'x'.repeat(5_000), code.replace('E1:', 'E2:')]) expect(await readCode(trusted, other)).toEqual({ kind: 'malformed' });
  });
});
