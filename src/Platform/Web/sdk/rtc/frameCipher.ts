/**
 * One frame as it travels: what stays readable, the rest under AES-GCM with its tag (16 bytes), the nonce (12), how much stayed readable (1). What
 * stays readable is authenticated.
 */
const nonceBytes = 12;
const tagBytes = 16;
const trailerBytes = nonceBytes + 1;

/**
 * Bytes that stay readable: of VP8 the frame's header, by which servers know keyframes and their size (RFC 6386 §9.1), of Opus the table of contents
 * (RFC 6716 §3.1). The payload descriptor of RTP is outside of the frame.
 */
export function clearBytes(frameType: 'key' | 'delta' | 'audio'): number {
  return frameType === 'key' ? 10 : frameType === 'delta' ? 3 : 1;
}

/** A key of a passphrase that was agreed on elsewhere; the salt keeps one passphrase from having one key in all rooms. */
export async function keyOf(passphrase: string, salt: string): Promise<CryptoKey> {
  const text = new TextEncoder();
  const secret = await crypto.subtle.importKey('raw', text.encode(passphrase), 'PBKDF2', false, ['deriveKey']);
  // 600,000 rounds: OWASP Password Storage Cheat Sheet, PBKDF2 with HMAC-SHA-256.
  const derivation = { name: 'PBKDF2', hash: 'SHA-256', salt: text.encode(salt), iterations: 600_000 };
  return crypto.subtle.deriveKey(derivation, secret, { name: 'AES-GCM', length: 128 }, false, ['encrypt', 'decrypt']);
}

export async function seal(frame: Uint8Array<ArrayBuffer>, clear: number, key: CryptoKey): Promise<Uint8Array<ArrayBuffer>> {
  const readable = Math.min(clear, frame.length);
  // At random: 2^32 frames of all who share the key are safe (NIST SP 800-38D §8.3), years of a meeting.
  const nonce = crypto.getRandomValues(new Uint8Array(nonceBytes));
  const head = frame.subarray(0, readable);
  const body = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: nonce, additionalData: head }, key, frame.subarray(readable));
  const sealed = new Uint8Array(readable + body.byteLength + trailerBytes);
  sealed.set(head);
  sealed.set(new Uint8Array(body), readable);
  sealed.set(nonce, sealed.length - trailerBytes);
  sealed[sealed.length - 1] = readable;
  return sealed;
}

/** Null: it is not of this key, or was changed on its way. */
export async function open(sealed: Uint8Array<ArrayBuffer>, key: CryptoKey): Promise<Uint8Array<ArrayBuffer> | null> {
  const readable = sealed[sealed.length - 1] ?? 0;
  const end = sealed.length - trailerBytes;
  if (end < readable + tagBytes) return null;
  const head = sealed.subarray(0, readable);
  try {
    const body = await crypto.subtle.decrypt(
      { name: 'AES-GCM', iv: sealed.subarray(end, end + nonceBytes), additionalData: head },
      key,
      sealed.subarray(readable, end),
    );
    const frame = new Uint8Array(readable + body.byteLength);
    frame.set(head);
    frame.set(new Uint8Array(body), readable);
    return frame;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'OperationError') return null;
    throw error;
  }
}
