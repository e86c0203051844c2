import { X } from 'lucide-react';
import { useId, useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import { Button, ErrorNotice } from './parts';
import { ToastPlace } from './toasts';

/** A window over the page. The browser keeps the focus inside, closes it on Escape, and gives the focus back. */
export function Dialog({ title, close, children, wide }: { title: string; close: () => void; children: ReactNode; wide?: boolean | 'full' }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  // A layout effect: it closes before the element leaves the page, and so gives the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={`dialog ${wide === 'full' ? 'dialog--full' : wide ? 'dialog--wide' : ''}`}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
    >
      <div className="dialog__head">
        <h2 id={id}>{title}</h2>
        <button type="button" className="icon-button" aria-label="Close" onClick={close}>
          <X size={18} aria-hidden="true" />
        </button>
      </div>
      <div className="dialog__body">{children}</div>
      <ToastPlace />
    </dialog>
  );
}

interface Asked {
  title: string;
  children: ReactNode;
  /** On the button: what will happen. */
  action: string;
  danger?: boolean;
  act: () => Promise<void>;
}

/** Asks before something that cannot be taken back. */
export function Confirm({ title, children, action, danger, act, close }: Asked & { close: () => void }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const go = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await act();
      close();
    } catch (reason) {
      setError(reason);
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} close={close}>
      <div className="form">
        <div className="dialog__text">{children}</div>
        {error !== null && <ErrorNotice error={error} />}
        <div className="form__end">
          <Button look={danger ? 'danger' : 'primary'} busy={busy} onClick={() => void go()}>
            {action}
          </Button>
          <Button look="quiet" onClick={close}>
            Keep as it is
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
