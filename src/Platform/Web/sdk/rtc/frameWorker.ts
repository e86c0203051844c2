import { clearBytes, open, seal } from './frameCipher';

/** What {@link passphraseEncryption} gives each transform. */
export interface FrameWork {
  operation: 'encrypt' | 'decrypt';
  key: CryptoKey;
}

type EncodedFrame = RTCEncodedVideoFrame | RTCEncodedAudioFrame;

/** lib.dom knows only the page's half. */
interface TransformEvent extends Event {
  transformer: { readable: ReadableStream<EncodedFrame>; writable: WritableStream<EncodedFrame>; options: FrameWork };
}

// A worker of its own, so that a busy page holds up no frame (W3C webrtc-encoded-transform).
self.addEventListener('rtctransform', (event) => {
  const { readable, writable, options } = (event as TransformEvent).transformer;
  const { operation, key } = options;
  const transform = new TransformStream<EncodedFrame, EncodedFrame>({
    async transform(frame, controller) {
      const data = new Uint8Array(frame.data);
      // Empty frames are silence or a layer's end: there is nothing to hide.
      const changed = data.length === 0 ? data : operation === 'encrypt' ? await seal(data, clearBytes(typeOf(frame)), key) : await open(data, key);
      if (!changed) return; // left out: a decoder must not be given noise
      frame.data = changed.buffer;
      controller.enqueue(frame);
    },
  });
  readable
    .pipeThrough(transform)
    .pipeTo(writable)
    .catch((error: unknown) => {
      // A frame was under way when its sender or receiver ended, and has nowhere to go.
      if (!(error instanceof DOMException && error.name === 'InvalidStateError')) throw error;
    });
});

function typeOf(frame: EncodedFrame): 'key' | 'delta' | 'audio' {
  return 'type' in frame ? (frame.type === 'key' ? 'key' : 'delta') : 'audio';
}
