import { ImageUp, Trash2 } from 'lucide-react';
import { useId, useRef, useState } from 'react';
import type { Branding } from '../../../sdk/event';
import { contrast, leastContrast } from '../../../ui/contrast';
import { CheckField, Form, TextField } from '../../../ui/forms';
import { Button } from '../../../ui/parts';
import { useToast } from '../../../ui/toasts';
import { api } from '../../account';
import { brandVars, Cover, Logo } from '../../brand';
import { ifMatch } from './save';
import type { Setup } from './SetupPage';

const maxBytes = 5 * 1024 * 1024;
const usual = { background: '#1a3fb0', foreground: '#ffffff' };

/** How the event looks on its pages, in its mails, on its tickets and in the widget. */
export function BrandingTab({ event, reloadEvent }: Setup) {
  const branding = event.branding;
  return (
    <>
      <Colours key={branding?.version} event={event} reloadEvent={reloadEvent} />
      <section className="panel" aria-labelledby="pictures">
        <div className="panel__head">
          <div>
            <h2 id="pictures">Pictures</h2>
            <p>PNG, JPEG or WebP, at most 5 MB. They are made smaller, and what else is in the files (like where a photo was taken) is left out.</p>
          </div>
        </div>
        <PictureRow event={event} kind="logo" name="Logo" says="Beside your name, on tickets and in mails; best square, at least 128 pixels." url={branding?.logoUrl ?? null} changed={reloadEvent} />
        <PictureRow event={event} kind="cover" name="Cover" says="Across the top of the event’s page and in the listing; best 1600 by 600 pixels." url={branding?.coverUrl ?? null} changed={reloadEvent} />
      </section>
    </>
  );
}

function Colours({ event, reloadEvent }: Pick<Setup, 'event' | 'reloadEvent'>) {
  const toast = useToast();
  const [own, setOwn] = useState(event.branding?.background != null);
  const [background, setBackground] = useState(event.branding?.background ?? usual.background);
  const [foreground, setForeground] = useState(event.branding?.foreground ?? usual.foreground);
  const ratio = contrast(background, foreground);
  const readable = !own || ratio >= leastContrast;
  const shown: Branding = { background: own ? background : null, foreground: own ? foreground : null, logoUrl: event.branding?.logoUrl ?? null, coverUrl: event.branding?.coverUrl ?? null, version: 0 };
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
        lookAgain={reloadEvent}
        disabled={!readable}
        aliases={{ contrast_too_low: 'foreground', colour_invalid: 'background' }}
        send={async () => {
          await api.call(`/events/${event.id}/branding`, { method: 'PUT', headers: ifMatch({ version: event.branding?.version ?? 0 }), body: own ? { background, foreground } : {} });
          toast('Saved.');
          reloadEvent();
        }}
      >
        <CheckField name="own" label="Use our own colours" checked={own} onChange={(change) => setOwn(change.target.checked)} data-testid="own-colours" />
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
        <div className="lookalike" style={brandVars(shown)} data-branded={own || undefined} aria-hidden="true">
          <Cover event={{ slug: event.slug, branding: shown }} className="card__cover" />
          <div className="lookalike__body">
            <Logo branding={shown} />
            <div>
              <span className="eyebrow">{event.organisation?.name}</span>
              <strong>{event.name}</strong>
            </div>
            <span className="button button--primary">Register</span>
          </div>
        </div>
      </Form>
    </section>
  );
}

interface PictureProps {
  event: Setup['event'];
  kind: 'logo' | 'cover';
  name: string;
  says: string;
  url: string | null;
  changed: () => void;
}

/** Said here: a server that refuses a body in the middle is heard by no browser. */
const upload = (path: string, file: File): Promise<unknown> =>
  file.size > maxBytes ? Promise.reject(new Error('The picture is larger than 5 MB.')) : api.call(path, { method: 'PUT', raw: file });

function PictureRow({ event, kind, name, says, url, changed }: PictureProps) {
  const toast = useToast();
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const [busy, setBusy] = useState(false);
  const path = `/events/${event.id}/branding/${kind}`;
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
          <Button size="small" busy={busy} onClick={() => input.current?.click()} aria-label={url ? `Change the ${kind}` : undefined}>
            {url ? 'Change' : `Choose a ${kind}`}
          </Button>
          {url && (
            <Button size="small" look="quiet" disabled={busy} onClick={() => void run(() => api.call(path, { method: 'DELETE' }))} aria-label={`Remove the ${kind}`}>
              <Trash2 size={16} aria-hidden="true" /> Remove
            </Button>
          )}
        </div>
      </div>
    </div>
  );
}
