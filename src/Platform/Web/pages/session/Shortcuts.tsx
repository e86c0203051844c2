import { useState } from 'react';
import { Dialog } from '../../ui/dialog';
import { setKeys, usesKeys } from './keys';

const keys: [string, string][] = [
  ['M', 'Microphone on or off'],
  ['V', 'Camera on or off'],
  ['Space', 'Hold to talk while the microphone is off'],
  ['H', 'Raise or lower your hand'],
  ['P', 'Show or hide the list of people'],
  ['D', 'Choose camera, microphone and speaker'],
  ['?', 'Show or hide this list'],
];

export function Shortcuts({ close }: { close: () => void }) {
  const [on, setOn] = useState(usesKeys);
  const turn = (wanted: boolean): void => {
    setKeys(wanted);
    setOn(wanted);
  };
  return (
    <Dialog title="Keyboard" close={close}>
      <div className="check">
        <input type="checkbox" id="keys-on" checked={on} onChange={(change) => turn(change.target.checked)} data-testid="keys-on" />
        <label htmlFor="keys-on">Use these keys on this device</label>
        <p className="field__hint">Off, no single key does anything in a room: for speech input, and hands that hit keys unintended.</p>
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
    </Dialog>
  );
}
