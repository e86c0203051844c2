import { useEffect, useRef, type RefObject } from 'react';

/** On a phone the tabs scroll sideways: the one that is shown is brought into sight. */
export function useCurrentTab(tab: string): RefObject<HTMLElement | null> {
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [tab]);
  return nav;
}
