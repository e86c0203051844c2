import { HubLost, RtcError, type HubMessages, type HubMethods, type JoinAnswer, type Rights, type RtcParticipant, type RtcTrack, type TrackSource, type You } from './contract';
import type { SendDataOptions } from './dataChannels';
import { Emitter } from './emitter';
import { isEncrypted } from './frameEncryption';
import { openSignalRHub, type OpenHub, type RtcHub } from './hub';
import { IceServerRenewal } from './iceServerRenewal';
import { Inbox } from './inbox';
import { LocalMedia } from './localMedia';
import type { LocalTrack, PublishOptions } from './localTrack';
import { MediaWatch } from './mediaWatch';
import { QualityMeter, unknownQuality, type Quality } from './quality';
import { isFinal, Recovery } from './recovery';
import { Roster } from './roster';
import { Running } from './running';
import type { ConnectionState, RtcSessionEvents, RtcSessionOptions } from './sessionEvents';
import { Transports } from './transports';
import { VideoWishes, type VideoWish } from './videoWishes';
import { Wishes } from './wishes';

const sampleEveryMs = 2_000;

/**
 * One participant in one room: a hub socket and two peer connections. Losing the socket leaves the call alone (resume);
 * only when the server has forgotten us, or a transport cannot be healed, everything is made anew (rejoin).
 */
export class RtcSession {
  readonly events = new Emitter<RtcSessionEvents>();
  readonly roster = new Roster();
  /** Running the room, and being run. */
  readonly running: Running;
  state: ConnectionState = 'idle';
  quality: Quality = unknownQuality;
  /** Remote media by track id. */
  media: ReadonlyMap<string, MediaStreamTrack> = new Map();
  speakers: ReadonlyMap<string, number> = new Map();
  held: ReadonlySet<string> = new Set();
  you: You | null = null;
  /** Why {@link state} is "failed". */
  failure: Error | null = null;

  private readonly openHub: OpenHub;
  private readonly end = new AbortController();
  private readonly own: LocalMedia;
  private hub: RtcHub | null = null;
  private transports: Transports | null = null;
  private resumeToken = '';
  private readonly recovery = new Recovery(
    {
      resume: () => this.resume(),
      rejoin: () => this.rejoin(),
      failed: (error) => this.fail(error),
      changed: () => this.look(),
      connected: () => this.hub !== null,
    },
    this.end.signal,
  );
  private readonly relays = new IceServerRenewal({
    hub: () => this.hub,
    take: (iceServers) => this.transports?.setIceServers(iceServers),
    heals: (error) => this.callFailed(error),
  });
  private readonly wishes = new VideoWishes((trackId, wish) => this.ask('setVideo', { trackId, ...wish }));
  /** Which tracks are wanted at all, by their ids. */
  private readonly subscribed = new Wishes<boolean>((trackId, enabled) => this.ask('subscribe', { trackId, enabled }));
  private readonly lastN = new Wishes<number | null>((_, count) => this.ask('setLastN', { count }));
  private readonly mediaWatch = new MediaWatch({
    connected: () => this.hub !== null,
    media: () => this.transports ?? { flows: false, stuck: false },
    changed: (blocked) => this.events.emit('blocked', blocked),
  });
  private meter = new QualityMeter();
  private sampler: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly options: RtcSessionOptions) {
    this.openHub = options.openHub ?? openSignalRHub;
    const call = () => (this.hub ? this.hub.call.bind(this.hub) : null);
    this.running = new Running({ call, changed: () => this.events.emit('running', this.running) });
    this.own = new LocalMedia({
      transports: () => this.transports,
      call,
      published: () => (this.you ? (this.roster.get(this.you.participantId)?.tracks ?? []) : []),
      muteTaken: (trackId, muted) => {
        const silenced = muted && (this.roster.owner(trackId)?.track.silenced ?? false);
        if (this.you) this.roster.muted({ participantId: this.you.participantId, trackId, muted, silenced });
        this.changedRoster();
      },
      changed: (locals) => this.events.emit('local', locals),
      ended: (local) => this.events.emit('ended', local),
      mutedByOthers: (local) => this.events.emit('mutedByOthers', local),
      heals: (error) => this.callFailed(error),
      over: () => this.end.signal.aborted,
    });
  }

  /** True when a track of another could be shown: it is not encrypted, or we have what decrypts it. */
  canRead(track: RtcTrack): boolean {
    return this.options.encryption !== undefined || !isEncrypted(track);
  }

  get publisher(): RTCPeerConnection | null {
    return this.transports?.publisher.pc ?? null;
  }

  get subscriber(): RTCPeerConnection | null {
    return this.transports?.subscriber.pc ?? null;
  }

  /** The server is reached, and has been for a while, but neither sound nor picture comes through: the network lets none of it pass. It is tried on. */
  get blocked(): boolean {
    return this.mediaWatch.blocked;
  }

  get local(): readonly LocalTrack[] {
    return this.own.tracks;
  }

  get participants(): RtcParticipant[] {
    return this.roster.participants;
  }

  /** Enters the room. Rejects with {@link RtcError} when the server refuses or cannot be reached. */
  async connect(mediaUrl: string, grant: string): Promise<void> {
    this.become('connecting');
    try {
      await this.join(mediaUrl, grant);
    } catch (error) {
      this.fail(error);
      throw error;
    }
    if (typeof window !== 'undefined') window.addEventListener('pagehide', this.pageGoes);
    this.sampler = setInterval(() => void this.sample(), sampleEveryMs);
  }

  /** Publishes a track. While the connection is lost it is remembered, and published when it is back. */
  publish(track: MediaStreamTrack, source: TrackSource, options: PublishOptions = {}): Promise<LocalTrack> {
    return this.own.publish(track, source, options);
  }

  unpublish(local: LocalTrack): Promise<void> {
    return this.own.unpublish(local);
  }

  /** Sends another device's track in place of the present one; the old one is stopped. */
  replace(local: LocalTrack, track: MediaStreamTrack): Promise<void> {
    return this.own.replace(local, track);
  }

  setMuted(local: LocalTrack, muted: boolean): Promise<void> {
    return this.own.setMuted(local, muted);
  }

  /**
   * Sends a message to the room, or to those who are named; needs the option `data` and the right to publish. At most 16,384 bytes, lossy 1,200.
   * Throws {@link RtcError}: `data_not_open`, `data_too_long`, `data_too_fast`, `too_many_recipients`.
   */
  sendData(bytes: Uint8Array, options: SendDataOptions = {}): void {
    const channels = this.transports?.publisher.data;
    if (!channels) throw new RtcError('data_not_open', 'The session is not connected, or was made without the option "data".');
    channels.send(bytes, options);
  }

  /** Opts out of, or back into, one remote track; it stays so for as long as there is the track, over every way back into the room. */
  setSubscribed(trackId: string, enabled: boolean): void {
    if (this.roster.owner(trackId)) this.subscribed.set(trackId, enabled);
  }

  /** Says how a remote video is shown: in which size, or not now. The server sends the layer that fits. */
  setVideo(trackId: string, wish: VideoWish): void {
    if (this.roster.owner(trackId)) this.wishes.set(trackId, wish);
    else this.wishes.forget(trackId); // a view that goes after its track did
  }

  /** Receives the cameras of the most recent speakers only, so many of them; null: everybody's. */
  setLastN(count: number | null): void {
    this.lastN.set('', count);
  }

  /** Leaves the room and stops every device. */
  async leave(): Promise<void> {
    const hub = this.hub;
    this.finish('left');
    if (!hub) return;
    try {
      await hub.call('leave', null);
    } catch (error) {
      if (!(error instanceof RtcError)) throw error; // gone already: that is what we wanted
    }
    await hub.close();
  }

  /** Raw reports of both peer connections, for diagnostics. */
  async stats(): Promise<{ publisher: RTCStats[]; subscriber: RTCStats[]; quality: Quality }> {
    const [publisher, subscriber] = await Promise.all([this.publisher?.getStats(), this.subscriber?.getStats()]);
    return {
      publisher: publisher ? [...publisher.values()] : [],
      subscriber: subscriber ? [...subscriber.values()] : [],
      quality: this.quality,
    };
  }

  private async join(mediaUrl: string, grant: string): Promise<void> {
    const hub = await this.openHub(mediaUrl);
    const inbox = new Inbox(hub);
    let answer: JoinAnswer;
    try {
      answer = await hub.call('join', { grant, client: this.options.client });
    } catch (error) {
      await hub.close();
      throw error;
    }
    if (this.end.signal.aborted) return void (await hub.close());
    this.mediaUrl = mediaUrl;
    this.replaceTransports(answer.iceServers);
    this.enter(hub, inbox, answer);
    this.own.attachAll();
    if (this.transports?.publisher.used) await this.own.negotiate();
  }

  private mediaUrl = '';

  private async resume(): Promise<void> {
    const hub = await this.openHub(this.mediaUrl);
    const inbox = new Inbox(hub);
    let answer: JoinAnswer;
    try {
      answer = await hub.call('resume', { resumeToken: this.resumeToken });
    } catch (error) {
      await hub.close();
      throw error;
    }
    if (this.end.signal.aborted) return void (await hub.close());
    this.enter(hub, inbox, answer);
    if (answer.iceServersTtl) this.transports?.setIceServers(answer.iceServers); // an outage may have outlived the credentials
    await this.transports?.resumed();
    await this.own.tellAllMuted();
  }

  private enter(hub: RtcHub, inbox: Inbox, answer: JoinAnswer): void {
    this.hub = hub;
    const before = this.you;
    this.you = answer.you;
    this.resumeToken = answer.resumeToken;
    hub.onLost(() => {
      if (this.hub !== hub) return;
      this.hub = null;
      this.recovery.begin('resume');
    });
    this.relays.given(answer.iceServersTtl ?? null);
    const { you, participants } = answer;
    // A hidden participant is in nobody's list but its own.
    const present = participants.some(({ participantId }) => participantId === you.participantId);
    this.events.emit('roster', this.roster.replace(present ? participants : [...participants, { ...you, hand: null, reconnecting: false, tracks: [] }]));
    this.running.entered(answer.room.locked);
    if (before) this.obeyRights(before, you); // while we were away they may have changed
    if (answer.offer) this.accept(answer.offer);
    this.subscribed.repeat((trackId) => this.roster.owner(trackId) !== undefined);
    for (const { participantId, tracks } of participants) this.refuseUnreadable(tracks, participantId);
    inbox.open({
      subscribeOffer: (offer) => this.accept(offer),
      participantJoined: (participant) => this.events.emit('roster', this.roster.joined(participant)),
      participantLeft: (left) => this.events.emit('roster', this.roster.left(left)),
      participantReconnecting: (lost) => {
        this.roster.reconnecting(lost, true);
        this.changedRoster();
      },
      participantReconnected: (back) => {
        this.roster.reconnecting(back, false);
        this.changedRoster();
      },
      trackPublished: (published) => {
        this.roster.published(published);
        this.refuseUnreadable([published.track], published.participantId);
        this.changedRoster();
        if (published.participantId === this.you?.participantId) this.own.wasPublished(published.track.source);
      },
      trackUnpublished: (unpublished) => {
        this.roster.unpublished(unpublished);
        this.wishes.forget(unpublished.trackId);
        this.subscribed.forget(unpublished.trackId);
        this.changedRoster();
      },
      publishLayers: ({ mid, encodings }) => {
        this.transports?.publisher.setDemand(mid, encodings).catch((error: unknown) => this.callFailed(error));
      },
      videoHeld: ({ trackIds }) => {
        this.held = new Set(trackIds);
        this.events.emit('held', this.held);
      },
      trackMuted: (muted) => {
        this.roster.muted(muted);
        this.changedRoster();
        const source = this.roster.owner(muted.trackId)?.track.source;
        if (source && muted.silenced && muted.participantId === this.you?.participantId) this.own.heardSilenced(source);
      },
      activeSpeakers: ({ speakers }) => {
        this.speakers = new Map(speakers.map(({ participantId, level }) => [participantId, level]));
        this.events.emit('speakers', this.speakers);
      },
      rightsChanged: (changed) => this.heardRights(changed),
      handRaised: (raised) => {
        this.roster.hand(raised);
        this.changedRoster();
        const participant = this.roster.get(raised.participantId);
        if (participant && raised.hand !== null && this.you?.moderates) this.events.emit('handRaised', participant);
      },
      stageInvited: (invited) => this.running.heardInvited(invited),
      invitationAnswered: ({ participantId, accepted }) => {
        const participant = this.roster.get(participantId);
        if (participant) this.events.emit('invitationAnswered', { participant, accepted });
      },
      unmuteAsked: (asked) => this.running.heardUnmuteAsked(asked),
      roomLocked: (locked) => this.running.heardLocked(locked),
      closed: ({ code, message }) => {
        if (this.hub !== hub) return;
        this.hub = null;
        void hub.close();
        const reason = new RtcError(code, message);
        if (isFinal(reason)) this.fail(reason);
        else this.recovery.begin('rejoin');
      },
    });
    this.wishes.repeat();
    this.lastN.repeat();
    this.look();
  }

  /** What we cannot decrypt is not sent to us: a decoder that is given noise asks for keyframes without end. */
  private refuseUnreadable(tracks: readonly RtcTrack[], participantId: string): void {
    if (participantId === this.you?.participantId) return;
    for (const track of tracks) {
      if (!this.canRead(track)) this.setSubscribed(track.trackId, false);
    }
  }

  private async ask<M extends 'setVideo' | 'subscribe' | 'setLastN'>(method: M, argument: HubMethods[M]['in']): Promise<void> {
    if (!this.hub) throw new HubLost();
    try {
      await this.hub.call(method, argument);
    } catch (error) {
      this.callFailed(error);
      throw error;
    }
  }

  private heardRights(changed: HubMessages['rightsChanged']): void {
    this.roster.rights(changed);
    const before = this.you;
    if (before && changed.participantId === before.participantId) {
      const { participantId: _, ...rights } = changed;
      this.you = { ...before, ...rights };
      this.obeyRights(before, this.you);
      this.running.rightsChanged();
    }
    this.changedRoster();
  }

  /** The server has ended what we may no longer send; devices must not stay open for it. */
  private obeyRights(before: You, after: You): void {
    if (before.canPublish && !after.canPublish && before.participantId === after.participantId) this.renewPublisher();
    this.own.keep((source) => after.canPublish && after.sources.includes(source));
    if (rightsOf(before) !== rightsOf(after)) this.events.emit('rights', { before, after });
  }

  private renewPublisher(): void {
    this.transports?.renewPublisher();
    // Messages are received on the same connection, by those too who may send none.
    // What the session cannot heal shows as data channels that stay closed.
    if (this.options.data) this.own.negotiate().catch((error: unknown) => this.callFailed(error));
  }

  private accept(offer: NonNullable<JoinAnswer['offer']>): void {
    this.transports?.subscriber.accept(offer).catch((error: unknown) => this.callFailed(error));
  }

  private replaceTransports(iceServers: RTCIceServer[]): void {
    this.transports?.close();
    this.media = new Map();
    this.events.emit('media', this.media);
    this.held = new Set(); // the server says it anew
    this.events.emit('held', this.held);
    this.own.detached();
    this.meter = new QualityMeter();
    const transports = new Transports(
      { iceServers, bundlePolicy: 'max-bundle' },
      this.options.createPeerConnection ?? ((configuration) => new RTCPeerConnection(configuration)),
      {
        call: (method, argument) => (this.hub ? this.hub.call(method, argument) : Promise.reject(new HubLost())),
        media: (media) => {
          this.media = media;
          this.events.emit('media', media);
        },
        changed: () => this.look(),
        giveUp: () => {
          if (this.transports === transports) this.recovery.begin('rejoin');
        },
      },
      this.options.videoCodec,
      this.options.data
        ? {
            message: (message) => this.events.emit('data', message),
            changed: (reliable, open) => this.events.emit('dataChannel', { reliable, open }),
          }
        : undefined,
      this.options.encryption,
    );
    this.transports = transports;
  }

  /** True when the session heals itself from this error. */
  private callFailed(error: unknown): boolean {
    if (error instanceof HubLost || this.end.signal.aborted) return true;
    if (error instanceof RtcError && error.code === 'stale_revision') return true; // a newer offer is on its way
    if (error instanceof RtcError && error.code === 'participant_gone') {
      this.recovery.begin('rejoin');
      return true;
    }
    return false;
  }

  private async rejoin(): Promise<void> {
    const old = this.hub;
    this.hub = null;
    if (old) await old.close();
    const { mediaUrl, grant } = await this.options.freshGrant();
    await this.join(mediaUrl, grant);
  }

  private readonly pageGoes = (): void => {
    this.hub?.tell('leave');
    const hub = this.hub;
    this.finish('left');
    void hub?.close();
  };

  private fail(error: unknown): void {
    this.failure = error instanceof Error ? error : new Error(String(error));
    const hub = this.hub;
    this.finish('failed');
    void hub?.close();
  }

  private finish(state: 'left' | 'failed'): void {
    this.end.abort();
    this.hub = null;
    clearInterval(this.sampler);
    this.relays.stop();
    this.mediaWatch.stop();
    for (const wishes of [this.wishes, this.subscribed, this.lastN]) wishes.close();
    if (typeof window !== 'undefined') window.removeEventListener('pagehide', this.pageGoes);
    this.own.stopAll();
    this.transports?.close();
    this.become(state);
  }

  /** Derives the one state that people see from the socket and both transports. */
  private look(): void {
    if (this.end.signal.aborted || this.state === 'idle') return;
    this.mediaWatch.look();
    if (!this.hub || this.recovery.active || this.transports?.broken) {
      if (this.state !== 'connecting') this.become('reconnecting');
    } else if (!this.transports?.starting) {
      this.become('connected');
    }
  }

  private become(state: ConnectionState): void {
    if (state === this.state) return;
    this.state = state;
    this.events.emit('state', state);
  }

  private changedRoster(): void {
    this.events.emit('roster', { joined: [], left: [] });
  }

  private async sample(): Promise<void> {
    const transports = this.transports;
    if (!transports || this.state !== 'connected') return;
    const [publisher, subscriber] = await Promise.all([
      transports.publisher.used ? transports.publisher.pc.getStats() : null,
      transports.subscriber.used ? transports.subscriber.pc.getStats() : null,
    ]);
    if (transports !== this.transports) return;
    this.quality = this.meter.sample(publisher, subscriber, performance.now());
    this.events.emit('quality', this.quality);
  }
}

const rightsOf = ({ canPublish, canSubscribe, sources, moderates }: Rights): string => JSON.stringify([canPublish, canSubscribe, [...sources].sort(), moderates]);
