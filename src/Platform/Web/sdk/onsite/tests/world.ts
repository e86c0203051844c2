import type { DeviceSelf, ListedTicket, ScanAnswer } from '../contract';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';

/** A key that signs tickets, as the platform has it. */
export async function made() {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const { x = '', y = '' } = await crypto.subtle.exportKey('jwk', pair.publicKey);
  const sign = async (eventId: string, ticketId: string): Promise<string> => {
    const ids = Uint8Array.from((eventId + ticketId).replaceAll('-', '').match(/../g) ?? [], (hex) => parseInt(hex, 16));
    const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, pair.privateKey, new Uint8Array([...new TextEncoder().encode('events-ticket-1'), ...ids]));
    return `E1:${encode(new Uint8Array([...ids, ...new Uint8Array(signature)]))}`;
  };
  return { keys: [{ kid: 'k', x, y }], sign, eventId: crypto.randomUUID(), ticketId: crypto.randomUUID() };
}

function encode(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    const n = ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
    text += alphabet.charAt(n % 45) + alphabet.charAt(Math.floor(n / 45) % 45) + alphabet.charAt(Math.floor(n / 2025));
  }
  return text;
}

export const self = (more: Partial<DeviceSelf> = {}, entrance: Partial<DeviceSelf['entrance']> = {}): DeviceSelf => ({
  id: 'device',
  name: 'Door A',
  role: 'scanner',
  event: { id: 'event', name: 'Fair', state: 'live', timeZone: 'UTC', startsAt: '', endsAt: '' },
  entrance: { ticketTypeIds: [], opensAt: null, closesAt: null, readmits: false, ...entrance },
  types: [{ id: 'seat', name: 'Seat' }],
  keys: [],
  serverTime: new Date().toISOString(),
  ...more,
});

export const ticket = (id: string, more: Partial<ListedTicket> = {}): ListedTicket => ({ id, name: `Holder ${id}`, typeId: 'seat', refusal: null, inAt: null, leftAt: null, ...more });

export const answer = (id: string, more: Partial<ScanAnswer> = {}): ScanAnswer => ({ id, result: 'ok', reason: null, at: new Date().toISOString(), admitted: true, ticket: null, entry: null, ...more });
