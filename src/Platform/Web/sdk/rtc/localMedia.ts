import type { HubMethods, RtcTrack, TrackSource } from './contract';
import { RtcError } from './contract';
import { LocalTrack, type PublishOptions } from './localTrack';
import { againMs, isPassing } from './recovery';
import type { Transports } from './transports';

/** What local media needs of the session around it. */
export interface LocalMediaWire {
  transports(): Transports | null;
  /** Null while there is no hub. */
  call(): (<M extends keyof HubMethods>(method: M, argument: HubMethods[M]['in']) => Promise<HubMethods[M]['out']>) | null;
  /** Our own tracks as the server knows them. */
  published(): readonly RtcTrack[];
  /** The server took our mute in. */
  muteTaken(trackId: string, muted: boolean): void;
  changed(locals: readonly LocalTrack[]): void;
  ended(local: LocalTrack): void;
  mutedByOthers(local: LocalTrack): void;
  /** True when the session heals itself from this error. */
  heals(error: unknown): boolean;
  over(): boolean;
}

/** A camera that stands still for a moment, on a busy machine or when another one is opened, is not marked. */
const settleMs = 1_000;

/** What this client publishes: it outlives sockets and transports, and keeps its mute in step with the server's mark. */
export class LocalMedia {
  private readonly locals: LocalTrack[] = [];

  constructor(private readonly wire: LocalMediaWire) {}

  get tracks(): readonly LocalTrack[] {
    return this.locals;
  }

  async publish(track: MediaStreamTrack, source: TrackSource, options: PublishOptions): Promise<LocalTrack> {
    if (this.wire.over()) {
      track.stop(); // its device opened after we had left
      throw new RtcError('not_joined', 'The session is over.');
    }
    const local = new LocalTrack(track, source, options);
    if (local.muted && !local.acquire) track.enabled = false;
    this.locals.push(local);
    this.attach(local);
    this.watch(local);
    this.changed();
    try {
      await this.negotiate();
    } catch (error) {
      this.drop([local]); // refused: what nobody is sent must not look as if it were, with its device on
      throw error;
    }
    return local;
  }

  async unpublish(local: LocalTrack): Promise<void> {
    await local.inTurn(async () => {
      const index = this.locals.indexOf(local);
      if (index < 0) return;
      this.locals.splice(index, 1);
      local.end();
      this.changed();
      const transports = this.wire.transports();
      if (local.sender && transports) await transports.publisher.remove(local.sender);
      await this.tellGone();
    });
  }

  /** Another device's track in place of the present one: no negotiation, and a mute stays what it is. */
  async replace(local: LocalTrack, track: MediaStreamTrack): Promise<void> {
    await local.inTurn(async () => {
      const { sender, track: old } = local;
      // It opened after we had stopped sending or left; muted with its device off, unmuting acquires by itself.
      if (!this.locals.includes(local) || this.wire.over() || (local.muted && local.acquire)) return track.stop();
      track.enabled = !local.muted;
      local.track = track;
      try {
        await sender?.replaceTrack(track);
      } catch (error) {
        if (local.sender === sender) {
          local.track = old;
          track.stop();
          throw error;
        }
        // The transports were made anew meanwhile, and have it.
      }
      old?.stop();
      this.watch(local);
      this.changed();
      await this.tellMuted(local); // the machine may have silenced the one before
    });
  }

  async setMuted(local: LocalTrack, muted: boolean): Promise<void> {
    await local.inTurn(async () => {
      await this.applyMuted(local, muted);
      await this.tellMuted(local);
    });
  }

  /** We may send less than before: what is no longer allowed stops, device and all. */
  keep(allowed: (source: TrackSource) => boolean): void {
    this.drop(this.locals.filter(({ source }) => !allowed(source)));
  }

  /** The transports were made anew. */
  detached(): void {
    for (const local of this.locals) local.sender = null;
  }

  attachAll(): void {
    for (const local of this.locals) this.attach(local);
  }

  async tellAllMuted(): Promise<void> {
    await Promise.all(this.locals.map((local) => this.tellMuted(local)));
  }

  /** The server has a track of ours: our mute may have changed on its way. */
  wasPublished(source: TrackSource): void {
    const local = this.locals.find((candidate) => candidate.source === source);
    if (local) void local.inTurn(() => this.tellMuted(local));
  }

  /** A moderator muted a track of ours, whatever we are just doing to it. Only that is obeyed: nobody may open another one's microphone. */
  heardSilenced(source: TrackSource): void {
    const local = this.locals.find((candidate) => candidate.source === source);
    if (!local) return;
    local.silences += 1;
    void local.inTurn(async () => {
      if (!local.muted) await this.muteToo(local, this.published(source)?.trackId);
    });
  }

  stopAll(): void {
    for (const local of this.locals) local.end();
  }

  async negotiate(): Promise<void> {
    try {
      await this.wire.transports()?.publisher.negotiate();
    } catch (error) {
      if (!this.wire.heals(error)) throw error;
    }
  }

  /** Until the server knows, others are shown the last picture. */
  private async tellGone(): Promise<void> {
    try {
      await this.negotiate();
    } catch (error) {
      if (!isPassing(error)) throw error;
      setTimeout(() => void this.tellGone().catch((reason: unknown) => this.wire.heals(reason)), againMs);
    }
  }

  /** The server has ended these, or never took them in; the next negotiation only says so. */
  private drop(gone: LocalTrack[]): void {
    if (gone.length === 0) return;
    for (const local of gone) {
      const index = this.locals.indexOf(local);
      if (index < 0) continue; // gone already: its sender may be another one's by now
      this.locals.splice(index, 1);
      local.end();
      const transports = this.wire.transports();
      if (local.sender && transports) transports.publisher.remove(local.sender).catch((error: unknown) => this.wire.heals(error));
    }
    this.changed();
  }

  private attach(local: LocalTrack): void {
    const transports = this.wire.transports();
    if (local.track && transports && !local.sender) {
      local.sender = transports.publisher.add(local.track, local.source, local.silent);
    }
  }

  private async applyMuted(local: LocalTrack, muted: boolean): Promise<void> {
    await local.applyMuted(muted);
    if (local.acquire && !muted) this.watch(local);
    if (local.sender) this.wire.transports()?.publisher.setMuted(local.sender, local.silent);
    else if (!muted) {
      this.attach(local); // it was muted while the transports were replaced
      await this.negotiate();
    }
    this.changed();
  }

  /** Brings the server's mute mark to ours; a lost socket repeats it after the resume. */
  private async tellMuted(local: LocalTrack): Promise<void> {
    const track = this.published(local.source);
    if (!track || track.muted === local.silent) return;
    if (await this.say(local, track.trackId, local.silent)) return;
    // A moderator's mute stands: nothing would be heard, so the device goes off again and the person is told.
    await this.muteToo(local, track.trackId);
  }

  /** A moderator's mute is ours too from now on: when the moderator lifts its own, nobody is to believe that we can be heard. */
  private async muteToo(local: LocalTrack, trackId: string | undefined): Promise<void> {
    await this.applyMuted(local, true);
    if (trackId !== undefined) await this.say(local, trackId, true);
    this.wire.mutedByOthers(local);
  }

  private published(source: TrackSource): RtcTrack | undefined {
    return this.wire.published().find((candidate) => candidate.source === source);
  }

  /** False when a moderator's mute forbids it. */
  private async say(local: LocalTrack, trackId: string, muted: boolean): Promise<boolean> {
    const call = this.wire.call();
    if (!call) return true; // said after the resume
    const { silences } = local;
    try {
      await call('mute', { trackId, muted });
      if (local.silences === silences) this.wire.muteTaken(trackId, muted); // else a moderator's mute, which is newer, stands
      return true;
    } catch (error) {
      if (error instanceof RtcError && error.code === 'muted_by_moderator') return false;
      if (!this.wire.heals(error) && isPassing(error)) setTimeout(() => void local.inTurn(() => this.tellMuted(local)), againMs);
      return true;
    }
  }

  /** A device may go, or be silenced by the machine. */
  private watch(local: LocalTrack): void {
    const { track } = local;
    const stale = (): boolean => local.track !== track || !this.locals.includes(local) || this.wire.over();
    const ended = (): void => {
      if (stale()) return;
      this.drop([local]); // before it is told: who hears it may put another in its place
      this.wire.ended(local);
      void this.tellGone().catch((error: unknown) => this.wire.heals(error));
    };
    let settling: ReturnType<typeof setTimeout> | undefined;
    const silenced = (): void => {
      clearTimeout(settling);
      if (!track?.muted) this.withhold(local, false, stale);
      else settling = setTimeout(() => this.withhold(local, true, stale), settleMs);
    };
    local.withheld = false;
    track?.addEventListener('ended', ended);
    track?.addEventListener('mute', silenced);
    track?.addEventListener('unmute', silenced);
    if (track?.muted) silenced();
    if (track?.readyState === 'ended') ended(); // unplugged on its way here: nobody tells it again
  }

  /** What the machine withholds is marked as muted for the others too: nobody is to be asked why it says nothing, or to be shown as a picture that stands still. */
  private withhold(local: LocalTrack, withheld: boolean, stale: () => boolean): void {
    if (stale() || local.withheld === withheld) return;
    local.withheld = withheld;
    if (local.sender) this.wire.transports()?.publisher.setMuted(local.sender, local.silent);
    this.changed();
    void local.inTurn(() => this.tellMuted(local));
  }

  private changed(): void {
    this.wire.changed(this.locals);
  }
}
