import type { Playback } from '../../sdk/event';

/** What of a video is taken up again. */
export type Video = Pick<HTMLVideoElement, 'currentTime' | 'paused' | 'playbackRate' | 'play'>;

export interface Renewed {
  /** Null: the first one is good yet. */
  playback: Playback | null;
  /** Why the video does not play on. */
  problem: unknown;
  busy: boolean;
}

/** An address that fails sooner after it was given out is not merely expired. */
const soonMs = 10_000;

/** Signed addresses expire: a player that was left open gets a new one and goes on where it was, as fast as it was, playing if it played. */
export class Renewal {
  private place: { at: number; rate: number; playing: boolean } | null = null;
  private renewedAt = -Infinity;

  constructor(
    private readonly fetch: () => Promise<Playback>,
    private readonly show: (change: Partial<Renewed>) => void,
    private readonly now: () => number = Date.now,
  ) {}

  /** The video's address plays no more. */
  async failed(video: Video): Promise<void> {
    this.hold(video);
    if (this.now() - this.renewedAt > soonMs) await this.renew(video);
    else this.show({ problem: 'The video could not be played. Try again, or download the file.' });
  }

  async renew(video: Video): Promise<void> {
    this.hold(video);
    this.show({ busy: true });
    try {
      const playback = await this.fetch();
      this.renewedAt = this.now();
      this.show({ playback, problem: null, busy: false });
    } catch (problem) {
      this.show({ problem, busy: false });
    }
  }

  /** A video is there: the first one from its start, a renewed one from where the last one was. */
  loaded(video: Video): void {
    const place = this.place;
    this.place = null;
    if (!place) return;
    video.currentTime = place.at;
    video.playbackRate = place.rate;
    if (place.playing) video.play().catch(() => undefined); // the browser wants a press first: the button is there
  }

  /** The place is kept over addresses that fail before anything of them was shown. */
  private hold(video: Video): void {
    this.place ??= { at: video.currentTime, rate: video.playbackRate, playing: !video.paused };
  }
}
