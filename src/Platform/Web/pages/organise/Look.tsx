import { ImageUp, Trash2 } from 'lucide-react';
import { useId, useRef, useState, type ReactNode } from 'react';
import { contrast, leastContrast } from '../../ui/contrast';
import { CheckField, Form, TextField } from '../../ui/forms';
import { Button } from '../../ui/parts';
import { useToast } from '../../ui/toasts';
import { api } from '../account';
import { ifMatch } from './event/save';

const maxBytes = 5 * 1024 * 1024;
const usual = { background: '#1a3fb0', foreground: '#ffffff' };

export interface Pair {
  background: string | null;
  foreground: string | null;
}

interface ColoursProps {
  /** Of the API: takes the pair, or nothing for no pair of one's own. */
  path: string;
  version: number;
  /** Null: none of one's own. */
  own: Pair | null;
  /** What holds without colours of one's own. */
  otherwise: Pair;
  /** Of the box that turns own colours on, and what it means to leave it. */
  label: string;
  hint?: string;
  changed: () => void;
  /** How the pair looks at work. */
  example: (shown: Pair) => ReactNode;
}

/** A pair of colours that can be read, of an event or an organisation. */
export function Colours({ path, version, own: saved, otherwise, label, hint, changed, example }: ColoursProps) {
  const toast = useToast();
  const [own, setOwn] = useState(saved !== null);
  const [background, setBackground] = useState(saved?.background ?? otherwise.background ?? usual.background);
  const [foreground, setForeground] = useState(saved?.foreground ?? otherwise.foreground ?? usual.foreground);
  const ratio = contrast(background, foreground);
  const readable = !own || ratio >= leastContrast;
  return (
    <section className="panel" aria-labelledby="colours">
      <div className="panel__head">
        <div>
          <h2 id="colours">Colours</h2>
          <p>Of buttons and heads, by day and by night.</p>
        </div>
      </div>
      <Form
        submit="Save"
        testId="colours-save"
        lookAgain={changed}
        disabled={!readable}
        aliases={{ contrast_too_low: 'foreground', colour_invalid: 'background' }}
        send={async () => {
          await api.call(path, { method: 'PUT', headers: ifMatch({ version }), body: own ? { background, foreground } : {} });
          toast('Saved.');
          changed();
        }}
      >
        <CheckField name="own" label={label} {...(hint ? { hint } : {})} checked={own} onChange={(change) => setOwn(change.target.checked)} data-testid="own-colours" />
        {own && (
          <div className="form__row">
            <TextField name="background" label="Background" type="color" value={background} onChange={(change) => setBackground(change.target.value)} data-testid="brand-background" />
            <TextField name="foreground" label="Text on it" type="color" value={foreground} onChange={(change) => setForeground(change.target.value)} data-testid="brand-foreground" />
          </div>
        )}
        {own && (
          <p className={`small ${readable ? 'quiet' : 'field__wrong'}`} role="status" data-testid="contrast">
            Contrast {ratio.toFixed(1)} : 1{readable ? ', easy to read.' : `: too little to be read; at least ${leastContrast} : 1 is needed.`}
          </p>
        )}
        {example(own ? { background, foreground } : otherwise)}
      </Form>
    </section>
  );
}

interface PictureProps {
  /** Of the API: takes the picture's bytes. */
  path: string;
  kind: 'logo' | 'cover';
  name: string;
  says: string;
  url: string | null;
  /** Shown, but somebody else's: there is nothing to remove here. */
  inherited?: boolean;
  changed: () => void;
}

/** Said here: a server that refuses a body in the middle is heard by no browser. */
const upload = (path: string, file: File): Promise<unknown> =>
  file.size > maxBytes ? Promise.reject(new Error('The picture is larger than 5 MB.')) : api.call(path, { method: 'PUT', raw: file });

export function PictureRow({ path, kind, name, says, url, inherited = false, changed }: PictureProps) {
  const toast = useToast();
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const [busy, setBusy] = useState(false);
  const run = async (send: () => Promise<unknown>): Promise<void> => {
    setBusy(true);
    try {
      await send();
      changed();
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), 'error');
    } finally {
      setBusy(false);
      if (input.current) input.current.value = '';
    }
  };
  return (
    <div className="picture">
      <div className={`picture__frame picture__frame--${kind}`}>{url ? <img src={url} alt={`The ${name.toLowerCase()} as it is now`} data-testid={`${kind}-picture`} /> : <ImageUp size={22} aria-hidden="true" />}</div>
      <div className="item">
        <strong>{name}</strong>
        <span>{says}</span>
        <div className="row">
          <label className="visually-hidden" htmlFor={id}>
            {name}
          </label>
          <input
            ref={input}
            id={id}
            className="visually-hidden"
            type="file"
            tabIndex={-1}
            accept="image/png,image/jpeg,image/webp"
            data-testid={`${kind}-file`}
            onChange={(change) => {
              const file = change.target.files?.[0];
              if (file) void run(() => upload(path, file));
            }}
          />
          <Button size="small" busy={busy} onClick={() => input.current?.click()} aria-label={url && !inherited ? `Change the ${kind}` : undefined}>
            {url && !inherited ? 'Change' : `Choose ${inherited ? 'another' : 'a'} ${kind}`}
          </Button>
          {url && !inherited && (
            <Button size="small" look="quiet" disabled={busy} onClick={() => void run(() => api.call(path, { method: 'DELETE' }))} aria-label={`Remove the ${kind}`}>
              <Trash2 size={16} aria-hidden="true" /> Remove
            </Button>
          )}
        </div>
      </div>
    </div>
  );
}
