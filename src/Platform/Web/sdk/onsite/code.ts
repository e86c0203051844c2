import type { DeviceSelf } from './contract';

/** What a ticket's QR code says, read and verified without the server: `E1:` and Base45 of event id, ticket id and an ECDSA P-256 signature. */
export type Reading = { kind: 'malformed' } | { kind: 'signature_invalid' } | { kind: 'verified'; eventId: string; ticketId: string };

const prefix = 'E1:';
const idsLength = 32; // two ids of 16 bytes
const signatureLength = 64; // r and s of P-256 (IEEE P1363), as WebCrypto takes them
const signedPrefix = new TextEncoder().encode('events-ticket-1');

// RFC 9285 §4, table 1
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';

export async function importKeys(keys: DeviceSelf['keys']): Promise<CryptoKey[]> {
  return Promise.all(keys.map(({ x, y }) => crypto.subtle.importKey('jwk', { kty: 'EC', crv: 'P-256', x, y }, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify'])));
}

export async function readCode(keys: readonly CryptoKey[], text: string): Promise<Reading> {
  const bytes = text.length < 200 && text.startsWith(prefix) ? decodeBase45(text.slice(prefix.length)) : null;
  if (bytes?.length !== idsLength + signatureLength) return { kind: 'malformed' };
  const signed = new Uint8Array(signedPrefix.length + idsLength);
  signed.set(signedPrefix);
  signed.set(bytes.subarray(0, idsLength), signedPrefix.length);
  for (const key of keys) {
    if (await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, bytes.slice(idsLength), signed)) {
      return { kind: 'verified', eventId: uuid(bytes.subarray(0, 16)), ticketId: uuid(bytes.subarray(16, 32)) };
    }
  }
  return { kind: 'signature_invalid' };
}

/** Three characters are two bytes, two at the end are one; null for anything else (RFC 9285 §4). */
export function decodeBase45(text: string): Uint8Array<ArrayBuffer> | null {
  if (text.length % 3 === 1) return null;
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i += 3) {
    const [a, b, c] = [alphabet.indexOf(text.charAt(i)), alphabet.indexOf(text.charAt(i + 1)), i + 2 < text.length ? alphabet.indexOf(text.charAt(i + 2)) : 0];
    if (a < 0 || b < 0 || c < 0) return null;
    const value = a + b * 45 + c * 45 * 45;
    if (i + 2 < text.length) {
      if (value > 0xffff) return null;
      bytes.push(value >> 8, value & 0xff);
    } else {
      if (value > 0xff) return null;
      bytes.push(value);
    }
  }
  return new Uint8Array(bytes);
}

function uuid(bytes: Uint8Array): string {
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
