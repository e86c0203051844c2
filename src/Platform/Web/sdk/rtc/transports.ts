import { HubLost, type HubMethods } from './contract';
import type { VideoCodec } from './encodings';
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
  readonly publisher: Publisher;
  readonly subscriber: Subscriber;
  private readonly watches: IceWatch[];
  private subscriberRestart = false;

  constructor(
    private readonly configuration: RTCConfiguration,
    create: (configuration: RTCConfiguration) => RTCPeerConnection,
    private readonly wire: TransportsWire,
    videoCodec?: VideoCodec,
  ) {
    this.publisher = new Publisher(
      create(configuration),
      { publish: async (sdp, tracks) => (await wire.call('publish', { sdp, tracks })).sdp },
      videoCodec,
    );
    this.subscriber = new Subscriber(
      create(configuration),
      {
        answer: async (revision, sdp) => void (await wire.call('subscribeAnswer', { revision, sdp })),
      },
      (media) => wire.media(new Map(media.map(({ trackId, track }) => [trackId, track]))),
    );
    const watch = (pc: RTCPeerConnection, restart: () => Promise<void>): IceWatch =>
      new IceWatch(pc, { restart, changed: () => wire.changed(), giveUp: () => wire.giveUp() });
    this.watches = [
      watch(this.publisher.pc, () => this.publisher.negotiate({ iceRestart: true })),
      watch(this.subscriber.pc, () => this.restartSubscriber()),
    ];
  }

  /** True while a transport that carries media has not connected for the first time. */
  get starting(): boolean {
    return this.inUse.some((pc) => pc.connectionState === 'new' || pc.connectionState === 'connecting');
  }

  /** True while a transport that carries media is interrupted. */
  get broken(): boolean {
    return this.inUse.some((pc) => pc.connectionState === 'disconnected' || pc.connectionState === 'failed');
  }

  /** The hub is back: what was asked for while it was away is done now. */
  async resumed(): Promise<void> {
    for (const watch of this.watches) watch.resumed();
    await this.publisher.resumed();
    if (this.subscriberRestart) await this.restartSubscriber();
  }

  /** Fresh credentials: the next ICE restart uses them, and a relayed call that runs goes on. */
  setIceServers(iceServers: RTCIceServer[]): void {
    for (const { pc } of [this.publisher, this.subscriber]) {
      if (pc.signalingState !== 'closed') pc.setConfiguration({ ...this.configuration, iceServers });
    }
  }

  close(): void {
    for (const watch of this.watches) watch.stop();
    this.publisher.close();
    this.subscriber.close();
  }

  private get inUse(): RTCPeerConnection[] {
    return [this.publisher, this.subscriber].filter(({ used }) => used).map(({ pc }) => pc);
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
