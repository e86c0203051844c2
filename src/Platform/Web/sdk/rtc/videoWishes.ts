import { againMs, isPassing } from './recovery';

/** How a remote video track is wanted. Sizes are pixels of the screen; absent ones are any. */
export interface VideoWish {
  maxWidth?: number;
  maxHeight?: number;
  maxFrameRate?: number;
  paused?: boolean;
}

/** A tile that is dragged or animated changes with every frame; the server needs to hear where it ends. */
const settleMs = 150;

/**
 * What the views want of remote video, and what the server has been told. Changes are gathered for a moment, the resumption of a paused
 * track excepted; equal wishes are not repeated. A new stay in the room starts with all of them.
 */
export class VideoWishes {
  private readonly wishes = new Map<string, VideoWish>();
  private readonly told = new Map<string, string>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private again: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly tell: (trackId: string, wish: VideoWish) => Promise<void>) {}

  set(trackId: string, wish: VideoWish): void {
    const before = this.wishes.get(trackId);
    this.wishes.set(trackId, wish);
    if (before?.paused && !wish.paused) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), settleMs);
  }

  /** The track ended. */
  forget(trackId: string): void {
    this.wishes.delete(trackId);
    this.told.delete(trackId);
  }

  /** The server may know nothing of what it was told: after a resume or a new join. */
  repeat(): void {
    this.told.clear();
    this.flush();
  }

  close(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    clearTimeout(this.again);
    this.wishes.clear();
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const [trackId, wish] of this.wishes) {
      const text = JSON.stringify(wish);
      if (this.told.get(trackId) === text) continue;
      this.told.set(trackId, text);
      this.tell(trackId, wish).catch((error: unknown) => {
        // The track is gone, or the socket: a track that comes is wished for anew, and so is everything after a resume.
        if (this.told.get(trackId) === text) this.told.delete(trackId);
        if (!isPassing(error)) return;
        clearTimeout(this.again);
        this.again = setTimeout(() => this.flush(), againMs);
      });
    }
  }
}
