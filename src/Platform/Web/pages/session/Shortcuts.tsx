import { X } from 'lucide-react';
import { useEffect, useRef } from 'react';

const keys: [string, string][] = [
  ['M', 'Microphone on or off'],
  ['V', 'Camera on or off'],
  ['Space', 'Hold to talk while the microphone is off'],
  ['H', 'Raise or lower your hand'],
  ['P', 'Show or hide the list of people'],
  ['?', 'Show or hide this list'],
];

export function Shortcuts({ close }: { close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby="shortcuts-title" onClose={close} onClick={(event) => event.target === dialog.current && close()}>
      <div className="popover__head">
        <h2 id="shortcuts-title">Keyboard</h2>
        <button type="button" className="icon-button" aria-label="Close" onClick={close}>
          <X size={19} />
        </button>
      </div>
      <dl className="shortcuts">
        {keys.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </dialog>
  );
}
