import { HubLost, type HubMethods } from './contract';
import type { DataChannelsWire } from './dataChannels';
import type { VideoCodec } from './encodings';
import type { FrameEncryption } from './frameEncryption';
import { IceWatch } from './iceWatch';
import { Publisher } from './publisher';
import { Subscriber } from './subscriber';

export interface TransportsWire {
  call<M extends keyof HubMethods>(method: M, argument: HubMethods[M]['in']): Promise<HubMethods[M]['out']>;
  /** Remote media by track id, after each offer. */
  media(media: ReadonlyMap<string, MediaStreamTrack>): void;
  changed(): void;
  /** A transport cannot be healed. */
  giveUp(): void;
}

/** Both peer connections of one stay in a room, and their healing. */
export class Transports {
  readonly subscriber: Subscriber;
  private sending: { publisher: Publisher; watch: IceWatch };
  private readonly receiving: IceWatch;
  private subscriberRestart = false;

  constructor(
    private configuration: RTCConfiguration,
    private readonly create: (configuration: RTCConfiguration) => RTCPeerConnection,
    private readonly wire: TransportsWire,
    private readonly videoCodec?: VideoCodec,
    private readonly data?: DataChannelsWire,
    private readonly encryption?: FrameEncryption,
  ) {
    this.sending = this.newPublisher();
    this.subscriber = new Subscriber(
      create(configuration),
      {
        answer: async (revision, sdp) => void (await wire.call('subscribeAnswer', { revision, sdp })),
        freshOffer: async () => (await wire.call('restartSubscriber', null)).offer,
        giveUp: () => wire.giveUp(),
      },
      (media) => wire.media(new Map(media.map(({ trackId, track }) => [trackId, track]))),
      encryption,
    );
    this.receiving = this.watch(this.subscriber.pc, () => this.restartSubscriber());
  }

  get publisher(): Publisher {
    return this.sending.publisher;
  }

  /** The server has ended our sending. A connection that waits takes the place of the one that it closed. */
  renewPublisher(): void {
    this.sending.watch.stop();
    this.sending.publisher.close();
    this.sending = this.newPublisher();
  }

  /** True while a transport that carries media has not connected for the first time. */
  get starting(): boolean {
    return this.inUse.some((pc) => pc.connectionState === 'new' || pc.connectionState === 'connecting');
  }

  /** True while a transport that carries media is interrupted. */
  get broken(): boolean {
    return this.inUse.some((pc) => pc.connectionState === 'disconnected' || pc.connectionState === 'failed');
  }

  /** True when there is media to carry, and every transport for it is connected. */
  get flows(): boolean {
    return this.inUse.length > 0 && this.inUse.every((pc) => pc.connectionState === 'connected');
  }

  /** True when some of it is not, or not any more. */
  get stuck(): boolean {
    return this.starting || this.broken;
  }

  /** The hub is back: what was asked for while it was away is done now. */
  async resumed(): Promise<void> {
    this.sending.watch.resumed();
    this.receiving.resumed();
    await this.publisher.resumed();
    if (this.subscriberRestart) await this.restartSubscriber();
  }

  /** Fresh credentials: the next ICE restart uses them, and a relayed call that runs goes on. */
  setIceServers(iceServers: RTCIceServer[]): void {
    this.configuration = { ...this.configuration, iceServers };
    for (const { pc } of [this.publisher, this.subscriber]) {
      if (pc.signalingState !== 'closed') pc.setConfiguration(this.configuration);
    }
  }

  close(): void {
    this.sending.watch.stop();
    this.receiving.stop();
    this.publisher.close();
    this.subscriber.close();
  }

  private get inUse(): RTCPeerConnection[] {
    return [this.publisher, this.subscriber].filter(({ used }) => used).map(({ pc }) => pc);
  }

  private newPublisher(): { publisher: Publisher; watch: IceWatch } {
    const publisher = new Publisher(
      this.create(this.configuration),
      { publish: async (sdp, tracks) => (await this.wire.call('publish', { sdp, tracks })).sdp },
      this.videoCodec,
      this.data,
      this.encryption,
    );
    return { publisher, watch: this.watch(publisher.pc, () => publisher.negotiate({ iceRestart: true })) };
  }

  private watch(pc: RTCPeerConnection, restart: () => Promise<void>): IceWatch {
    return new IceWatch(pc, { restart, changed: () => this.wire.changed(), giveUp: () => this.wire.giveUp() });
  }

  private async restartSubscriber(): Promise<void> {
    this.subscriberRestart = true;
    try {
      const { offer } = await this.wire.call('restartSubscriber', null);
      this.subscriberRestart = false;
      await this.subscriber.accept(offer);
    } catch (error) {
      if (!(error instanceof HubLost)) this.subscriberRestart = false;
      throw error;
    }
  }
}
