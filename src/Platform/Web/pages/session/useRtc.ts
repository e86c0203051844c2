import { useCallback, useRef, useSyncExternalStore } from 'react';
import type { RtcSession, RtcSessionEvents } from '../../sdk/rtc';

/** Renders again when one of the named things of the session changes. */
export function useRtc(rtc: RtcSession, ...what: (keyof RtcSessionEvents)[]): void {
  const version = useRef(0);
  const names = what.join(' ');
  const subscribe = useCallback(
    (changed: () => void) => {
      const stops = (names.split(' ') as (keyof RtcSessionEvents)[]).map((name) =>
        rtc.events.on(name, () => {
          version.current += 1;
          changed();
        }),
      );
      return () => stops.forEach((stop) => stop());
    },
    [rtc, names],
  );
  useSyncExternalStore(subscribe, () => version.current);
}
