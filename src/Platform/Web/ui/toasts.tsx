import { createContext, useCallback, useContext, useRef, useState, type ReactNode } from 'react';

type Tone = 'plain' | 'error';
interface Toast {
  id: number;
  text: string;
  tone: Tone;
}

const Context = createContext<(text: string, tone?: Tone) => void>(() => undefined);

/** Says something short that goes away by itself; screen readers hear it. */
export const useToast = (): ((text: string, tone?: Tone) => void) => useContext(Context);

const shownMs: Record<Tone, number> = { plain: 3_500, error: 7_000 };

export function Toasts({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const next = useRef(1);
  const say = useCallback((text: string, tone: Tone = 'plain') => {
    const id = next.current++;
    // More than three at once are read by nobody.
    setToasts((before) => [...before.filter((toast) => toast.text !== text).slice(-2), { id, text, tone }]);
    setTimeout(() => setToasts((before) => before.filter((toast) => toast.id !== id)), shownMs[tone]);
  }, []);
  return (
    <Context value={say}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {toasts.map((toast) => (
          <div key={toast.id} className={`toast ${toast.tone === 'error' ? 'toast--error' : ''}`}>
            {toast.text}
          </div>
        ))}
      </div>
    </Context>
  );
}
