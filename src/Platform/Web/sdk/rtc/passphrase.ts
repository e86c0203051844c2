import type { FrameEncryption } from './frameEncryption';
import { keyOf } from './frameCipher';
import type { FrameWork } from './frameWorker';

/** One for the page: each transform brings its own key, and a worker of every call would stay behind. */
let worker: Worker | undefined;

/**
 * An example of {@link FrameEncryption}: one key for all who know a passphrase. It protects sound and VP8 from who runs the servers; it knows no members
 * that leave, and no sender from another. Needs RTCRtpScriptTransform, which all browsers have since October 2025; throws where it is absent.
 */
export async function passphraseEncryption(passphrase: string, salt: string): Promise<FrameEncryption> {
  if (!('RTCRtpScriptTransform' in globalThis)) throw new Error('This browser cannot encrypt calls end to end. Update it, and come again.');
  const key = await keyOf(passphrase, salt);
  const frames = (worker ??= new Worker(new URL('./frameWorker.ts', import.meta.url), { type: 'module' }));
  const transform = (operation: FrameWork['operation']): RTCRtpScriptTransform => new RTCRtpScriptTransform(frames, { operation, key } satisfies FrameWork);
  return {
    type: 'gcm',
    encrypt: (sender) => void (sender.transform = transform('encrypt')),
    decrypt: (receiver) => void (receiver.transform = transform('decrypt')),
  };
}
