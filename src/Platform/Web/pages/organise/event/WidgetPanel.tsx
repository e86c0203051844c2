import { Copy, ExternalLink } from 'lucide-react';
import type { EventDetail } from '../../../sdk/event';
import { AreaField, Form } from '../../../ui/forms';
import { useLoad } from '../../../ui/load';
import { Loaded } from '../../../ui/loaded';
import { Button } from '../../../ui/parts';
import { useToast } from '../../../ui/toasts';
import { api } from '../../account';

interface Widget {
  origins: string[];
  frameUrl: string;
  scriptUrl: string;
  /** What goes into the other site's page. */
  html: string;
}

/** The ticket sale as a part of the organiser's own web site. */
export function WidgetPanel({ event }: { event: EventDetail }) {
  const path = `/events/${event.id}/widget`;
  const widget = useLoad((signal) => api.call<Widget>(path, { signal }), path);
  const toast = useToast();
  return (
    <section className="panel" aria-labelledby="widget">
      <div className="panel__head">
        <div>
          <h2 id="widget">On your own web site</h2>
          <p>Sell tickets in a frame on your pages. Only the sites listed here may show it.</p>
        </div>
      </div>
      <Loaded of={widget} rows={1}>
        {(value) => (
          <>
            <Form
              key={value.origins.join()}
              submit="Save"
              submitLook="plain"
              testId="widget-save"
              aliases={{ origins_invalid: 'origins' }}
              send={async (values) => {
                await api.call(path, { method: 'PUT', body: { origins: values.text('origins').split(/\s+/).filter(Boolean) } });
                toast('Saved.');
                widget.reload();
              }}
            >
              <AreaField name="origins" label="Sites" optional rows={2} maxLength={4000} defaultValue={value.origins.join('\n')} placeholder="https://www.example.org" hint="One address a line, like https://www.example.org, without a path. Empty: nowhere." data-testid="widget-origins" />
            </Form>
            {value.origins.length > 0 && (
              <div className="stack stack--tight">
                <p className="quiet small">Put this into your page where the sale is to stand.</p>
                <pre className="snippet" tabIndex={0} aria-label="The code for your page" data-testid="widget-code">
                  {value.html}
                </pre>
                <div className="form__end">
                  <Button size="small" onClick={() => void navigator.clipboard.writeText(value.html).then(() => toast('Copied.'), () => toast('Your browser does not let us copy; select the text instead.', 'error'))}>
                    <Copy size={16} aria-hidden="true" /> Copy
                  </Button>
                  <a className="button button--small" href={value.frameUrl} target="_blank" rel="noreferrer">
                    <ExternalLink size={16} aria-hidden="true" /> See it
                  </a>
                </div>
              </div>
            )}
          </>
        )}
      </Loaded>
    </section>
  );
}
