import { useEffect, useRef } from 'react';
import { recall, remember } from './preview';

export interface Keys {
  m: () => void;
  v: () => void;
  '?': () => void;
  p: () => void;
  d: () => void;
  h: () => void;
  /** Space is held (true) and let go (false). */
  talk: (pressed: boolean) => void;
}

const preference = 'events.keys';
let using = recall(preference) !== 'off';

/** Whether single keys do something. Who speaks to the computer, or hits keys unintended, can do without (WCAG 2.1.4). */
export const usesKeys = (): boolean => using;

export function setKeys(on: boolean): void {
  using = on;
  remember(preference, on ? 'on' : 'off');
}

/** Single keys, except while someone types, and never with a modifier that the browser or a screen reader owns. */
export function useKeys(keys: Keys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    let talking = false;
    const down = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (!usesKeys() || event.ctrlKey || event.metaKey || event.altKey || target.closest('input, select, textarea')) return;
      if (event.key === ' ') {
        if (target.closest('button, a, summary')) return; // there, space presses
        event.preventDefault();
        if (!event.repeat) {
          talking = true;
          latest.current.talk(true);
        }
      } else if (!event.repeat) {
        const key = event.key.toLowerCase();
        if (key === 'm' || key === 'v' || key === '?' || key === 'p' || key === 'd' || key === 'h') latest.current[key]();
      }
    };
    const up = (event: KeyboardEvent | FocusEvent): void => {
      if (!talking || (event instanceof KeyboardEvent && event.key !== ' ')) return;
      talking = false;
      latest.current.talk(false);
    };
    document.addEventListener('keydown', down);
    document.addEventListener('keyup', up);
    window.addEventListener('blur', up);
    return () => {
      document.removeEventListener('keydown', down);
      document.removeEventListener('keyup', up);
      window.removeEventListener('blur', up);
    };
  }, []);
}
