import { useCallback, useRef } from 'react';

/** Runs one after the other what comes faster than it is answered: a hand scanner types the next code meanwhile. `work` says its own errors. */
export function useInTurn<T extends unknown[]>(work: (...args: T) => Promise<void>): (...args: T) => Promise<void> {
  const latest = useRef(work);
  latest.current = work;
  const last = useRef<Promise<void>>(Promise.resolve());
  return useCallback((...args: T) => (last.current = last.current.then(() => latest.current(...args))), []);
}
