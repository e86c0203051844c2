import { RtcError } from './contract';

export interface DataMessage {
  /** Participant id. */
  from: string;
  bytes: Uint8Array<ArrayBuffer>;
  reliable: boolean;
}

export interface SendDataOptions {
  /** Complete and in order (the default), or at once and perhaps not at all. */
  reliable?: boolean;
  /** Participant ids, at most 16; everybody in the room when absent. */
  to?: readonly string[];
}

export interface DataChannelsWire {
  message(message: DataMessage): void;
  /** A channel opened, or closed. While it is closed messages are missed. */
  changed(reliable: boolean, open: boolean): void;
}

/** What the server takes (docs/api.md, "Data messages"). */
export const maxReliableBytes = 16_384;
export const maxLossyBytes = 1_200;
const maxRecipients = 16;

/** Of what waits in the browser; more means that the network takes less than we send. */
const maxBuffered = 1_048_576;

/** A channel that the server closed is opened again, but not at once: what closed it may still be so. */
const reopenAfterMs = 3_000;

/** Both data channels of one publishing connection. */
export class DataChannels {
  private readonly channels = new Map<boolean, RTCDataChannel>();
  private readonly timers = new Set<ReturnType<typeof setTimeout>>();
  private closed = false;

  constructor(
    private readonly pc: RTCPeerConnection,
    private readonly wire: DataChannelsWire,
  ) {
    this.open(true);
    this.open(false);
  }

  /** Sends one message. Throws {@link RtcError} when it is too long, the channel is not open, or more waits than the network takes. */
  send(bytes: Uint8Array, { reliable = true, to = [] }: SendDataOptions = {}): void {
    if (bytes.length > (reliable ? maxReliableBytes : maxLossyBytes)) {
      throw new RtcError('data_too_long', `A ${reliable ? 'reliable' : 'lossy'} message has at most ${reliable ? maxReliableBytes : maxLossyBytes} bytes.`);
    }
    if (to.length > maxRecipients) throw new RtcError('too_many_recipients', `Name at most ${maxRecipients} participants, or none for the room.`);
    const channel = this.channels.get(reliable);
    if (channel?.readyState !== 'open') throw new RtcError('data_not_open', 'The data channel is not open yet, or the connection is being repaired; send again later.');
    if (channel.bufferedAmount > maxBuffered) {
      if (!reliable) return; // it would be old before it is sent
      throw new RtcError('data_too_fast', 'The network takes less than is sent; send less, or later.');
    }
    channel.send(encode(to, bytes));
  }

  close(): void {
    this.closed = true;
    for (const timer of this.timers) clearTimeout(timer);
    for (const channel of this.channels.values()) channel.close();
  }

  private open(reliable: boolean): void {
    const channel = reliable
      ? this.pc.createDataChannel('reliable')
      : this.pc.createDataChannel('lossy', { ordered: false, maxRetransmits: 0 });
    channel.binaryType = 'arraybuffer';
    this.channels.set(reliable, channel);
    channel.addEventListener('open', () => this.wire.changed(reliable, true));
    channel.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) => {
      const message = decode(new Uint8Array(data));
      if (message) this.wire.message({ ...message, reliable });
    });
    channel.addEventListener('close', () => {
      if (this.closed || this.channels.get(reliable) !== channel) return;
      this.wire.changed(reliable, false);
      const timer = setTimeout(() => {
        this.timers.delete(timer);
        if (!this.closed && this.pc.connectionState !== 'closed') this.open(reliable);
      }, reopenAfterMs);
      this.timers.add(timer);
    });
  }
}

/** The number of names, each name with its length before it, then the payload. */
export function encode(names: readonly string[], bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const encoded = names.map((name) => new TextEncoder().encode(name));
  const message = new Uint8Array(1 + encoded.reduce((sum, name) => sum + 1 + name.length, 0) + bytes.length);
  message[0] = encoded.length;
  let at = 1;
  for (const name of encoded) {
    message[at] = name.length;
    message.set(name, at + 1);
    at += 1 + name.length;
  }
  message.set(bytes, at);
  return message;
}

/** The other way: the one name is the sender's. Null for what is no such message. */
export function decode(message: Uint8Array<ArrayBuffer>): { from: string; bytes: Uint8Array<ArrayBuffer> } | null {
  const length = message[1];
  if (message[0] !== 1 || length === undefined || message.length < 2 + length) return null;
  return { from: new TextDecoder().decode(message.subarray(2, 2 + length)), bytes: message.slice(2 + length) };
}
