import { useCallback, useLayoutEffect, useRef, useState, type RefObject } from 'react';

/** A list this short is there as a whole. */
const few = 100;
/** Rows beyond what is seen, above and below: what the keyboard reaches next, and what a quick finger passes. */
const spare = 20;

export interface Rows {
  from: number;
  to: number;
}

/** Which rows of a long list are near what is seen of it. */
export function rowsNear(count: number, rowHeight: number, top: number, height: number): Rows {
  if (count <= few) return { from: 0, to: count };
  const from = Math.floor(top / rowHeight) - spare;
  const to = Math.ceil((top + height) / rowHeight) + spare;
  return { from: Math.max(0, Math.min(from, count - spare)), to: Math.min(count, to) };
}

export interface LongList extends Rows {
  list: RefObject<HTMLUListElement | null>;
  scrolled: () => void;
  /** Pixels that stand for the rows before and after. */
  before: number;
  after: number;
}

/** A list of thousands, of which only those rows are in the page that are seen. All are equally high, but for one that somebody opened. */
export function useRows(count: number, rowHeight: number): LongList {
  const list = useRef<HTMLUListElement>(null);
  const [seen, setSeen] = useState({ top: 0, height: 1_000 });
  const held = useRef(false);
  const rows = rowsNear(count, rowHeight, seen.top, seen.height);
  const scrolled = useCallback(() => {
    const element = list.current;
    if (!element) return;
    held.current = element.contains(document.activeElement);
    // In steps: not every pixel is to render anew.
    const step = rowHeight * 10;
    const top = Math.floor(element.scrollTop / step) * step;
    const height = (Math.ceil(element.clientHeight / step) + 1) * step;
    setSeen((last) => (last.top === top && last.height === height ? last : { top, height }));
  }, [rowHeight]);
  // Who had the focus on a row that is gone scrolls on from the list.
  useLayoutEffect(() => {
    const element = list.current;
    if (held.current && element && !element.contains(document.activeElement)) element.focus({ preventScroll: true });
    held.current = false;
  }, [rows.from, rows.to]);
  useLayoutEffect(scrolled, [count, scrolled]);
  return { ...rows, list, scrolled, before: rows.from * rowHeight, after: (count - rows.to) * rowHeight };
}
