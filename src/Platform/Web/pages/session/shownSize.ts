import { useEffect, type RefObject } from 'react';
import type { RtcSession } from '../../sdk/rtc';

/**
 * Layers double from one to the next. A picture that is enlarged by less than half looks better than its bits suggest, one that is enlarged
 * more looks soft: so half as much again as the tile is asked for, and the server gives the largest layer within that.
 */
const slack = 1.5;

/** Asks for a remote video in the size in which an element shows it, and pauses it while the element is off the screen or gone. */
export function useShownSize(rtc: RtcSession, trackId: string | null, element: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const shown = element.current;
    if (!shown || !trackId) return;
    let visible = true;
    let box = { width: shown.clientWidth, height: shown.clientHeight };
    const tell = (): void => {
      const scale = window.devicePixelRatio * slack;
      const empty = box.width === 0 || box.height === 0;
      rtc.setVideo(trackId, visible && !empty ? { maxWidth: Math.ceil(box.width * scale), maxHeight: Math.ceil(box.height * scale) } : { paused: true });
    };
    const sizes = new ResizeObserver(([entry]) => {
      if (entry) box = { width: entry.contentRect.width, height: entry.contentRect.height };
      tell();
    });
    const sight = new IntersectionObserver(([entry]) => {
      visible = entry?.isIntersecting ?? true;
      tell();
    });
    sizes.observe(shown);
    sight.observe(shown);
    return () => {
      sizes.disconnect();
      sight.disconnect();
      rtc.setVideo(trackId, { paused: true });
    };
  }, [rtc, trackId, element]);
}
