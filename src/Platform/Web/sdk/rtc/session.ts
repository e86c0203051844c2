import { Backoff, pause } from './backoff';
import { HubLost, RtcError, type JoinAnswer, type RtcParticipant, type TrackSource, type You } from './contract';
import { Emitter } from './emitter';
import type { VideoCodec } from './encodings';
import { openSignalRHub, type OpenHub, type RtcHub } from './hub';
import { Inbox } from './inbox';
import { LocalTrack, type PublishOptions } from './localTrack';
import { QualityMeter, unknownQuality, type Quality } from './quality';
import { Roster, type RosterChange } from './roster';
import { Transports } from './transports';
import { VideoWishes, type VideoWish } from './videoWishes';

export type ConnectionState = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'failed' | 'left';

export interface RtcSessionOptions {
  /** Called before a rejoin: a grant is short-lived, and the room may have moved to another node. */
  freshGrant: () => Promise<{ mediaUrl: string; grant: string }>;
  openHub?: OpenHub;
  createPeerConnection?: (configuration: RTCConfiguration) => RTCPeerConnection;
  /** Named to the server for its logs. */
  client?: string;
  /** What video is sent in; the browser's own first choice by default. VP9 and AV1 are sent as one stream with layers (SVC). */
  videoCodec?: VideoCodec;
}

export interface RtcSessionEvents {
  state: ConnectionState;
  roster: RosterChange;
  /** Remote media changed: see {@link RtcSession.media}. */
  media: ReadonlyMap<string, MediaStreamTrack>;
  local: readonly LocalTrack[];
  /** Level 0…1 by participant. */
  speakers: ReadonlyMap<string, number>;
  quality: Quality;
  /** Cameras that {@link RtcSession.setLastN} holds back now, by track id. */
  held: ReadonlySet<string>;
  /** Someone else muted one of our tracks. */
  mutedByOthers: LocalTrack;
  /** A device was unplugged, or the browser's own "stop sharing" was pressed. */
  ended: LocalTrack;
}

const sampleEveryMs = 2_000;
/** Credentials of TURN servers are renewed when this much of their life is over. */
const renewAfter = 0.75;
const renewAgainMs = 30_000;
/** A person who waits longer than this has reloaded the page. */
const giveUpAfterMs = 120_000;
/** The hub closes for these on purpose; everything else is an accident that a rejoin heals. */
const finalCodes = new Set(['removed', 'replaced', 'room_closed', 'grant_wrong_room', 'publish_not_allowed', 'subscribe_not_allowed']);

/**
 * One participant in one room: a hub socket and two peer connections. Losing the socket leaves the call alone (resume);
 * only when the server has forgotten us, or a transport cannot be healed, everything is made anew (rejoin).
 */
export class RtcSession {
  readonly events = new Emitter<RtcSessionEvents>();
  readonly roster = new Roster();
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
  private readonly locals: LocalTrack[] = [];
  private hub: RtcHub | null = null;
  private transports: Transports | null = null;
  private resumeToken = '';
  private recovering: Promise<void> | null = null;
  private mutesInFlight = 0;
  private lastN: number | null = null;
  private readonly wishes = new VideoWishes(async (trackId, wish) => {
    if (!this.hub) throw new HubLost();
    await this.hub.call('setVideo', { trackId, ...wish });
  });
  private meter = new QualityMeter();
  private sampler: ReturnType<typeof setInterval> | undefined;
  private renewal: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: RtcSessionOptions) {
    this.openHub = options.openHub ?? openSignalRHub;
  }

  get publisher(): RTCPeerConnection | null {
    return this.transports?.publisher.pc ?? null;
  }

  get subscriber(): RTCPeerConnection | null {
    return this.transports?.subscriber.pc ?? null;
  }

  get local(): readonly LocalTrack[] {
    return this.locals;
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
  async publish(track: MediaStreamTrack, source: TrackSource, options: PublishOptions = {}): Promise<LocalTrack> {
    const local = new LocalTrack(track, source, options);
    if (local.muted && !local.acquire) track.enabled = false;
    this.locals.push(local);
    this.watchEnd(local);
    this.attachLocal(local);
    this.changedLocal();
    await this.negotiate();
    return local;
  }

  async unpublish(local: LocalTrack): Promise<void> {
    await local.inTurn(async () => {
      const index = this.locals.indexOf(local);
      if (index < 0) return;
      this.locals.splice(index, 1);
      local.track?.stop();
      this.changedLocal();
      if (local.sender && this.transports) await this.transports.publisher.remove(local.sender);
      await this.negotiate();
    });
  }

  /** Sends another device's track in place of the present one; the old one is stopped. */
  async replace(local: LocalTrack, track: MediaStreamTrack): Promise<void> {
    await local.inTurn(async () => {
      const old = local.track;
      if (local.muted && local.acquire) {
        track.stop(); // stays muted; unmuting acquires by itself
        return;
      }
      track.enabled = !local.muted;
      local.track = track;
      this.watchEnd(local);
      await local.sender?.replaceTrack(track);
      old?.stop();
      this.changedLocal();
    });
  }

  async setMuted(local: LocalTrack, muted: boolean): Promise<void> {
    await local.inTurn(async () => {
      await this.applyMuted(local, muted);
      await this.tellMuted(local);
    });
  }

  /** Opts out of, or back into, one remote track. */
  async setSubscribed(trackId: string, enabled: boolean): Promise<void> {
    await this.hub?.call('subscribe', { trackId, enabled });
  }

  /** Says how a remote video is shown: in which size, or not now. The server sends the layer that fits. */
  setVideo(trackId: string, wish: VideoWish): void {
    if (this.roster.owner(trackId)) this.wishes.set(trackId, wish);
    else this.wishes.forget(trackId); // a view that goes after its track did
  }

  /** Receives the cameras of the most recent speakers only, so many of them; null: everybody's. */
  async setLastN(count: number | null): Promise<void> {
    this.lastN = count;
    await this.hub?.call('setLastN', { count });
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
    for (const local of this.locals) this.attachLocal(local);
    if (this.transports?.publisher.used) await this.negotiate();
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
    await Promise.all(this.locals.map((local) => this.tellMuted(local)));
  }

  private enter(hub: RtcHub, inbox: Inbox, answer: JoinAnswer): void {
    this.hub = hub;
    this.you = answer.you;
    this.resumeToken = answer.resumeToken;
    hub.onLost(() => {
      if (this.hub === hub) this.lost();
    });
    this.renewIceServers(answer.iceServersTtl ?? null);
    const { you, participants } = answer;
    // A hidden participant is in nobody's list but its own.
    const present = participants.some(({ participantId }) => participantId === you.participantId);
    this.events.emit('roster', this.roster.replace(present ? participants : [...participants, { ...you, tracks: [] }]));
    if (answer.offer) this.accept(answer.offer);
    inbox.open({
      subscribeOffer: (offer) => this.accept(offer),
      participantJoined: (participant) => this.events.emit('roster', this.roster.joined(participant)),
      participantLeft: (left) => this.events.emit('roster', this.roster.left(left)),
      trackPublished: (published) => {
        this.roster.published(published);
        this.changedRoster();
        if (published.participantId === this.you?.participantId) this.tellMutedOf(published.track.source);
      },
      trackUnpublished: (unpublished) => {
        this.roster.unpublished(unpublished);
        this.wishes.forget(unpublished.trackId);
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
        if (muted.participantId === this.you?.participantId) this.heardMuted(muted.trackId, muted.muted);
      },
      activeSpeakers: ({ speakers }) => {
        this.speakers = new Map(speakers.map(({ participantId, level }) => [participantId, level]));
        this.events.emit('speakers', this.speakers);
      },
      closed: ({ code, message }) => {
        if (this.hub !== hub) return;
        this.hub = null;
        void hub.close();
        const reason = new RtcError(code, message);
        if (finalCodes.has(code)) this.fail(reason);
        else this.recover('rejoin');
      },
    });
    this.wishes.repeat();
    if (this.lastN !== null) this.setLastN(this.lastN).catch((error: unknown) => this.callFailed(error));
    this.look();
  }

  /** Asks for TURN credentials before those that we have end. */
  private renewIceServers(ttl: number | null): void {
    clearTimeout(this.renewal);
    if (ttl === null) return;
    this.renewal = setTimeout(() => void this.fetchIceServers(), ttl * 1_000 * renewAfter);
  }

  private async fetchIceServers(): Promise<void> {
    const hub = this.hub;
    if (!hub) return; // resuming brings fresh ones
    try {
      const { iceServers, iceServersTtl } = await hub.call('iceServers', null);
      if (this.hub !== hub) return;
      this.transports?.setIceServers(iceServers);
      this.renewIceServers(iceServersTtl);
    } catch (error) {
      if (this.callFailed(error)) return;
      this.renewal = setTimeout(() => void this.fetchIceServers(), renewAgainMs);
    }
  }

  private accept(offer: NonNullable<JoinAnswer['offer']>): void {
    this.transports?.subscriber.accept(offer).catch((error: unknown) => this.callFailed(error));
  }

  private replaceTransports(iceServers: RTCIceServer[]): void {
    this.transports?.close();
    this.media = new Map();
    this.events.emit('media', this.media);
    for (const local of this.locals) local.sender = null;
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
          if (this.transports === transports) this.recover('rejoin');
        },
      },
      this.options.videoCodec,
    );
    this.transports = transports;
  }

  private attachLocal(local: LocalTrack): void {
    if (local.track && this.transports && !local.sender) {
      local.sender = this.transports.publisher.add(local.track, local.source, local.muted);
    }
  }

  private async applyMuted(local: LocalTrack, muted: boolean): Promise<void> {
    await local.applyMuted(muted);
    if (local.acquire && !muted) this.watchEnd(local);
    if (local.sender) this.transports?.publisher.setMuted(local.sender, muted);
    else if (!muted) {
      this.attachLocal(local); // it was muted while the transports were replaced
      await this.negotiate();
    }
    this.changedLocal();
  }

  private trackOf(source: TrackSource) {
    const me = this.you ? this.roster.get(this.you.participantId) : undefined;
    return me?.tracks.find((track) => track.source === source);
  }

  private tellMutedOf(source: TrackSource): void {
    const local = this.locals.find((candidate) => candidate.source === source);
    if (local) void local.inTurn(() => this.tellMuted(local));
  }

  /** Brings the server's mute mark to ours; a lost socket repeats it after the resume. */
  private async tellMuted(local: LocalTrack): Promise<void> {
    const track = this.trackOf(local.source);
    if (!track || track.muted === local.muted || !this.hub) return;
    const muted = local.muted;
    this.mutesInFlight += 1;
    try {
      await this.hub.call('mute', { trackId: track.trackId, muted });
      if (this.you) this.roster.muted({ participantId: this.you.participantId, trackId: track.trackId, muted });
      this.changedRoster();
    } catch (error) {
      this.callFailed(error);
    } finally {
      this.mutesInFlight -= 1;
    }
  }

  private heardMuted(trackId: string, muted: boolean): void {
    const source = this.roster.owner(trackId)?.track.source;
    const local = this.locals.find((candidate) => candidate.source === source);
    // Only muting is obeyed: nobody may open another one's microphone.
    if (!local || this.mutesInFlight > 0 || !muted || local.muted) return;
    void local.inTurn(() => this.applyMuted(local, true)).then(() => this.events.emit('mutedByOthers', local));
  }

  private async negotiate(): Promise<void> {
    try {
      await this.transports?.publisher.negotiate();
    } catch (error) {
      if (!this.callFailed(error)) throw error;
    }
  }

  /** True when the session heals itself from this error. */
  private callFailed(error: unknown): boolean {
    if (error instanceof HubLost || this.end.signal.aborted) return true;
    if (error instanceof RtcError && error.code === 'stale_revision') return true; // a newer offer is on its way
    if (error instanceof RtcError && error.code === 'participant_gone') {
      this.recover('rejoin');
      return true;
    }
    return false;
  }

  private watchEnd(local: LocalTrack): void {
    const track = local.track;
    track?.addEventListener('ended', () => {
      if (local.track !== track || this.end.signal.aborted) return;
      this.events.emit('ended', local);
      void this.unpublish(local);
    });
  }

  private lost(): void {
    this.hub = null;
    this.recover('resume');
  }

  private recover(first: 'resume' | 'rejoin'): void {
    if (this.recovering || this.end.signal.aborted || this.state === 'failed') return;
    this.recovering = this.recovery(first).finally(() => {
      this.recovering = null;
      this.look();
      // The socket may have gone again between the last step of the recovery and here.
      if (!this.hub && !this.end.signal.aborted) this.recover('resume');
    });
    this.look();
  }

  private async recovery(first: 'resume' | 'rejoin'): Promise<void> {
    const signal = this.end.signal;
    const deadline = Date.now() + giveUpAfterMs;
    let way = first;
    // The server keeps us over an outage for as long as we try: resume attempts stay close together. Rejoins step back to spare a node that restarts.
    let backoff = way === 'resume' ? new Backoff(250, 2_000) : new Backoff(500, 10_000);
    for (;;) {
      if (!(await pause(backoff.next(), signal))) return;
      try {
        await (way === 'resume' ? this.resume() : this.rejoin());
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (isFinal(error) || Date.now() > deadline) return this.fail(error);
        if (way === 'resume' && error instanceof RtcError && !(error instanceof HubLost)) {
          way = 'rejoin';
          backoff = new Backoff(500, 10_000);
        }
      }
    }
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
    clearTimeout(this.renewal);
    this.wishes.close();
    if (typeof window !== 'undefined') window.removeEventListener('pagehide', this.pageGoes);
    for (const local of this.locals) local.track?.stop();
    this.transports?.close();
    this.become(state);
  }

  /** Derives the one state that people see from the socket and both transports. */
  private look(): void {
    if (this.end.signal.aborted || this.state === 'idle') return;
    if (!this.hub || this.recovering || this.transports?.broken) {
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

  private changedLocal(): void {
    this.events.emit('local', this.locals);
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

function isFinal(error: unknown): boolean {
  if (error instanceof HubLost) return false;
  if (error instanceof RtcError) return finalCodes.has(error.code);
  // The grant callback's error: forbidden and gone stay so; everything else (network, 5xx, 429) may pass.
  const status = (error as { status?: unknown }).status;
  return status === 403 || status === 404 || status === 410;
}
