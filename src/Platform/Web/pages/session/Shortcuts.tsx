import { Dialog } from '../../ui/dialog';

const keys: [string, string][] = [
  ['M', 'Microphone on or off'],
  ['V', 'Camera on or off'],
  ['Space', 'Hold to talk while the microphone is off'],
  ['H', 'Raise or lower your hand'],
  ['P', 'Show or hide the list of people'],
  ['?', 'Show or hide this list'],
];

export function Shortcuts({ close }: { close: () => void }) {
  return (
    <Dialog title="Keyboard" close={close}>
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
