import type { TrackKind, TrackSource } from './contract';

/** Gets the device again after its track was stopped. */
export type Acquire = () => Promise<MediaStreamTrack>;

export interface PublishOptions {
  /** With it, muting stops the device (the camera's light goes off) and unmuting gets it again. */
  acquire?: Acquire;
  muted?: boolean;
}

/** Something this client publishes. It outlives its transport: after a rejoin it is published again. */
export class LocalTrack {
  readonly kind: TrackKind;
  readonly acquire: Acquire | undefined;
  /** Null while muted with its device stopped. */
  track: MediaStreamTrack | null;
  muted: boolean;
  /** The machine gives nothing of it: a headset's own button, the system's switch, a phone call. It is not ours to change. */
  withheld = false;
  /** Where it is sent; null until it is on a transport. */
  sender: RTCRtpSender | null = null;
  /** How often a moderator muted it. */
  silences = 0;
  private ended = false;
  private work: Promise<unknown> = Promise.resolve();

  constructor(
    track: MediaStreamTrack,
    readonly source: TrackSource,
    options: PublishOptions,
  ) {
    this.kind = track.kind === 'audio' ? 'audio' : 'video';
    this.track = track;
    this.acquire = options.acquire;
    this.muted = options.muted ?? false;
  }

  /** Others see and hear nothing of it. */
  get silent(): boolean {
    return this.muted || this.withheld;
  }

  /** Runs one change after the other: two quick presses of a button must not interleave. */
  inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.work.then(change);
    this.work = result.catch(() => undefined); // its caller has the error
    return result;
  }

  /** It is sent no more: its device stops, also one that is still being opened. */
  end(): void {
    this.ended = true;
    this.track?.stop();
  }

  /** Stops or restarts the device, or silences the track. */
  async applyMuted(muted: boolean): Promise<void> {
    if (muted === this.muted) return;
    if (this.acquire) {
      if (muted) {
        this.track?.stop();
        this.track = null;
      } else {
        const track = await this.acquire();
        if (this.ended) {
          track.stop();
          return;
        }
        this.track = track;
      }
      await this.sender?.replaceTrack(this.track);
    } else if (this.track) {
      this.track.enabled = !muted;
    }
    this.muted = muted;
  }
}
