import { HubLost, RtcError, type HubMessages, type HubMethods, type JoinAnswer, type RtcParticipant, type SubscribeOffer, type TrackSource } from '../contract';
import type { RtcHub } from '../hub';
import type { SubscriberWire } from '../subscriber';

export type Handlers = { [M in keyof HubMethods]?: (argument: HubMethods[M]['in']) => HubMethods[M]['out'] | Promise<HubMethods[M]['out']> };

/** The outermost wire: a hub whose answers a test writes, and that can be cut. */
export class FakeHub implements RtcHub {
  readonly calls: { method: keyof HubMethods; argument: unknown }[] = [];
  closed = false;
  private readonly listeners = new Map<keyof HubMessages, (value: never) => void>();
  private lost: () => void = () => undefined;
  private cut = false;

  constructor(readonly handlers: Handlers) {}

  async call<M extends keyof HubMethods>(method: M, argument: HubMethods[M]['in']): Promise<HubMethods[M]['out']> {
    this.calls.push({ method, argument });
    if (this.cut) throw new HubLost();
    const handler = this.handlers[method];
    const answer = await (handler ? handler(argument as never) : {});
    if (this.cut) throw new HubLost();
    return answer as HubMethods[M]['out'];
  }

  on<M extends keyof HubMessages>(message: M, listener: (value: HubMessages[M]) => void): void {
    this.listeners.set(message, listener as (value: never) => void);
  }

  onLost(listener: () => void): void {
    this.lost = listener;
  }

  tell(method: 'leave'): void {
    this.calls.push({ method, argument: null });
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  say<M extends keyof HubMessages>(message: M, value: HubMessages[M]): void {
    this.listeners.get(message)?.(value as never);
  }

  drop(): void {
    this.cut = true;
    this.lost();
  }

  count(method: keyof HubMethods): number {
    return this.calls.filter((call) => call.method === method).length;
  }
}

export const refuse = (code: string) => (): never => {
  throw new RtcError(code, code);
};

export const offer = (revision: number, tracks: SubscribeOffer['tracks'] = []): SubscribeOffer => ({ revision, sdp: `offer-${revision}`, tracks });

/** A server that takes every answer. */
export const subscriberWire: SubscriberWire = { answer: async () => undefined, freshOffer: refuse('nothing_to_subscribe'), giveUp: () => undefined };

export const everySource: readonly TrackSource[] = ['camera', 'microphone', 'screen', 'screen_audio'];

/** Someone else in the room. */
export const person = (participantId: string, more: Partial<RtcParticipant> = {}): RtcParticipant => ({
  participantId,
  identity: `${participantId}.1`,
  name: participantId.toUpperCase(),
  role: 'attendee',
  canPublish: true,
  hand: null,
  moderates: false,
  reconnecting: false,
  tracks: [],
  ...more,
});

export function joined(more: Partial<JoinAnswer> = {}): JoinAnswer {
  const you = { participantId: 'me', identity: 'me.1', name: 'Me', role: 'attendee', canPublish: true, canSubscribe: true, sources: [...everySource], moderates: false };
  return {
    you,
    resumeToken: 'token-1',
    room: { id: 'room', locked: false },
    participants: [{ ...you, hand: null, reconnecting: false, tracks: [] }],
    iceServers: [],
    offer: null,
    ...more,
  };
}

export class FakeSender {
  encodings: RTCRtpEncodingParameters[] = [];
  /** As browsers: parameters that are not the last ones given out are refused. */
  private transaction = 0;
  constructor(public track: FakeTrack | null) {}
  getParameters(): { transactionId: string; encodings: RTCRtpEncodingParameters[] } {
    this.transaction += 1;
    return { transactionId: String(this.transaction), encodings: this.encodings.map((encoding) => ({ active: true, ...encoding })) };
  }
  async setParameters(parameters: { transactionId: string; encodings: RTCRtpEncodingParameters[] }): Promise<void> {
    if (parameters.transactionId !== String(this.transaction)) throw new Error('InvalidModificationError');
    await Promise.resolve();
    this.encodings = parameters.encodings;
  }
  async replaceTrack(track: FakeTrack | null): Promise<void> {
    this.track = track;
  }
}

interface FakeTransceiver {
  mid: string | null;
  direction: string;
  currentDirection: string | null;
  sender: FakeSender;
  receiver: { track: FakeTrack };
}

export class FakeTrack extends EventTarget {
  enabled = true;
  muted = false;
  stopped = false;
  readyState: 'live' | 'ended' = 'live';
  constructor(readonly kind: 'audio' | 'video') {
    super();
  }
  stop(): void {
    this.stopped = true;
  }
  get media(): MediaStreamTrack {
    return this as unknown as MediaStreamTrack;
  }
}

/** A peer connection that refuses what a real one refuses: descriptions in the wrong state. */
export class FakePeer extends EventTarget {
  connectionState = 'new';
  iceConnectionState = 'new';
  signalingState = 'stable';
  localDescription: { type: string; sdp: string } | null = null;
  readonly transceivers: FakeTransceiver[] = [];
  readonly log: string[] = [];
  private offers = 0;

  addTransceiver(track: FakeTrack, init: { direction: string; sendEncodings?: RTCRtpEncodingParameters[] }): FakeTransceiver {
    const transceiver = { mid: null, direction: init.direction, currentDirection: null, sender: new FakeSender(track), receiver: { track: new FakeTrack(track.kind) } };
    transceiver.sender.encodings = init.sendEncodings ?? [];
    this.transceivers.push(transceiver);
    return transceiver;
  }

  async getStats(): Promise<Map<string, RTCStats>> {
    return new Map();
  }

  createDataChannel(): RTCDataChannel {
    return Object.assign(new EventTarget(), { readyState: 'connecting', bufferedAmount: 0, close: () => undefined }) as unknown as RTCDataChannel;
  }

  getTransceivers(): FakeTransceiver[] {
    return this.transceivers;
  }

  async createOffer(options: { iceRestart?: boolean } = {}): Promise<{ type: string; sdp: string }> {
    this.offers += 1;
    const sdp = `offer-${this.offers}${options.iceRestart ? '-restart' : ''}`;
    return { type: 'offer', sdp };
  }

  async createAnswer(): Promise<{ type: string; sdp: string }> {
    if (this.signalingState !== 'have-remote-offer') throw new Error(`createAnswer in ${this.signalingState}`);
    return { type: 'answer', sdp: this.log.at(-1)?.replace('remote offer-', 'answer-') ?? '' };
  }

  async setLocalDescription(description: { type: string; sdp?: string }): Promise<void> {
    if (description.type === 'rollback') {
      if (this.signalingState !== 'have-local-offer') throw new Error(`rollback in ${this.signalingState}`);
      this.signalingState = 'stable';
    } else if (description.type === 'offer') {
      if (this.signalingState !== 'stable') throw new Error(`local offer in ${this.signalingState}`);
      this.signalingState = 'have-local-offer';
      this.transceivers.forEach((transceiver, index) => (transceiver.mid = String(index)));
    } else {
      if (this.signalingState !== 'have-remote-offer') throw new Error(`local answer in ${this.signalingState}`);
      this.signalingState = 'stable';
    }
    this.localDescription = { type: description.type, sdp: description.sdp ?? '' };
    this.log.push(`local ${description.sdp ?? 'rollback'}`);
  }

  async setRemoteDescription(description: { type: string; sdp: string }): Promise<void> {
    const wanted = description.type === 'offer' ? 'stable' : 'have-local-offer';
    if (this.signalingState !== wanted) throw new Error(`remote ${description.type} in ${this.signalingState}`);
    this.signalingState = description.type === 'offer' ? 'have-remote-offer' : 'stable';
    if (description.type === 'answer') for (const transceiver of this.transceivers) if (transceiver.mid !== null) transceiver.currentDirection = transceiver.direction;
    this.log.push(`remote ${description.sdp}`);
  }

  iceServers: RTCIceServer[] = [];

  setConfiguration({ iceServers }: RTCConfiguration): void {
    this.iceServers = iceServers ?? [];
  }

  become(ice: string, connection = ice): void {
    this.iceConnectionState = ice;
    this.connectionState = connection;
    this.dispatchEvent(new Event('iceconnectionstatechange'));
    this.dispatchEvent(new Event('connectionstatechange'));
  }

  close(): void {
    this.signalingState = 'closed';
    this.connectionState = 'closed';
  }

  get pc(): RTCPeerConnection {
    return this as unknown as RTCPeerConnection;
  }
}
