import { Wishes } from './wishes';

/** How a remote video track is wanted. Sizes are pixels of the screen; absent ones are any. */
export interface VideoWish {
  maxWidth?: number;
  maxHeight?: number;
  maxFrameRate?: number;
  paused?: boolean;
}

/** A tile that is dragged or animated changes with every frame; the server needs to hear where it ends. */
const settleMs = 150;

/** What the views want of remote video. Changes are gathered for a moment, the resumption of a paused track excepted. */
export class VideoWishes extends Wishes<VideoWish> {
  constructor(tell: (trackId: string, wish: VideoWish) => Promise<void>) {
    super(tell, (before, wish) => (before?.paused && !wish.paused ? 0 : settleMs));
  }
}
