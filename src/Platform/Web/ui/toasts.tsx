import { createContext, useCallback, useContext, useLayoutEffect, useId, useMemo, useRef, useState, type ReactNode } from 'react';

type Tone = 'plain' | 'error';
interface Toast {
  id: number;
  text: string;
  tone: Tone;
}

const Say = createContext<(text: string, tone?: Tone) => void>(() => undefined);

interface Shown {
  toasts: readonly Toast[];
  /** Where they are shown; the last one that came is on top of all others. */
  places: readonly string[];
  /** A place is there, until the returned function is called. */
  come(place: string): () => void;
}

const Showing = createContext<Shown>({ toasts: [], places: [], come: () => () => undefined });

/** Says something short that goes away by itself; screen readers hear it. */
export const useToast = (): ((text: string, tone?: Tone) => void) => useContext(Say);

const shownMs: Record<Tone, number> = { plain: 3_500, error: 7_000 };

export function Toasts({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const [places, setPlaces] = useState<string[]>([]);
  const next = useRef(1);
  const say = useCallback((text: string, tone: Tone = 'plain') => {
    const id = next.current++;
    // More than three at once are read by nobody.
    setToasts((before) => [...before.filter((toast) => toast.text !== text).slice(-2), { id, text, tone }]);
    setTimeout(() => setToasts((before) => before.filter((toast) => toast.id !== id)), shownMs[tone]);
  }, []);
  const come = useCallback((place: string) => {
    setPlaces((before) => [...before, place]);
    return () => setPlaces((before) => before.filter((other) => other !== place));
  }, []);
  const showing = useMemo(() => ({ toasts, places, come }), [toasts, places, come]);
  return (
    <Say value={say}>
      <Showing value={showing}>
        {children}
        <ToastPlace />
      </Showing>
    </Say>
  );
}

/** Where toasts are shown: in the page, or in the window that lies over it. What is behind an open window is out of sight, and of reach for screen readers. */
export function ToastPlace() {
  const { toasts, places, come } = useContext(Showing);
  const place = useId();
  useLayoutEffect(() => come(place), [come, place]);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {places.at(-1) === place &&
        toasts.map((toast) => (
          <div key={toast.id} className={`toast ${toast.tone === 'error' ? 'toast--error' : ''}`}>
            {toast.text}
          </div>
        ))}
    </div>
  );
}
