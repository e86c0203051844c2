import { Plus } from 'lucide-react';
import { useState } from 'react';
import type { Organisation, SsoDomain } from '../../../sdk/event';
import { Confirm, Dialog } from '../../../ui/dialog';
import { moment } from '../../../ui/format';
import { Form, TextField } from '../../../ui/forms';
import { useLoad } from '../../../ui/load';
import { Loaded } from '../../../ui/loaded';
import { Button } from '../../../ui/parts';
import { useToast } from '../../../ui/toasts';
import { api } from '../../account';

/** Whose mail addresses the company may sign in: proven by a code that goes to the domain's postmaster. */
export function DomainsPanel({ organisation }: { organisation: Organisation }) {
  const path = `/organisations/${organisation.id}/sso/domains`;
  const domains = useLoad(async (signal) => (await api.call<{ items: SsoDomain[] }>(path, { signal })).items, path);
  const toast = useToast();
  const [open, setOpen] = useState<'add' | { verify: SsoDomain } | { remove: SsoDomain } | null>(null);
  const close = (): void => setOpen(null);
  return (
    <section className="panel" aria-labelledby="domains">
      <div className="panel__head">
        <div>
          <h2 id="domains">Mail domains</h2>
          <p>People are signed in for the first time only with addresses of domains that you have proven to be yours.</p>
        </div>
        <Button size="small" onClick={() => setOpen('add')} data-testid="domain-add">
          <Plus size={16} aria-hidden="true" /> Add a domain
        </Button>
      </div>
      <Loaded of={domains} rows={1}>
        {(items) =>
          items.length === 0 ? (
            <p className="quiet">None yet.</p>
          ) : (
            <ul className="list" data-testid="domains">
              {items.map((domain) => (
                <li key={domain.id}>
                  <div className="item">
                    <strong>{domain.domain}</strong>
                    <span>{domain.verifiedAt ? `Proven ${moment(domain.verifiedAt)}, for a year` : `A code went to postmaster@${domain.domain}`}</span>
                  </div>
                  <div className="item__end">
                    {domain.verifiedAt ? <span className="badge badge--good">Proven</span> : <Button size="small" onClick={() => setOpen({ verify: domain })}>Enter the code</Button>}
                    <Button size="small" look="quiet" onClick={() => setOpen({ remove: domain })} aria-label={`Remove ${domain.domain}`}>
                      Remove
                    </Button>
                  </div>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      {open === 'add' && (
        <Dialog title="Add a mail domain" close={close}>
          <Form
            submit="Mail the code"
            testId="domain-send"
            cancel={close}
            send={async (values) => {
              const { domain } = await api.call<SsoDomain>(path, { method: 'POST', body: { domain: values.text('domain') } });
              toast(`A code is on its way to postmaster@${domain}.`);
              domains.reload();
              close();
            }}
          >
            <TextField name="domain" label="Domain" placeholder="example.org" hint="We mail a code to postmaster@ this domain; whoever reads that mailbox enters it here." autoCapitalize="none" spellCheck={false} data-testid="domain-name" />
          </Form>
        </Dialog>
      )}
      {open && typeof open === 'object' && 'verify' in open && (
        <Dialog title={`Prove ${open.verify.domain}`} close={close}>
          <Form
            submit="Prove it"
            cancel={close}
            aliases={{ sso_domain_code_invalid: 'code' }}
            send={async (values) => {
              await api.call(`${path}/${open.verify.id}/verify`, { method: 'POST', body: { code: values.text('code') } });
              toast('The domain is yours.');
              domains.reload();
              close();
            }}
          >
            <TextField name="code" label="Code" hint={`From the mail to postmaster@${open.verify.domain}; good for 7 days.`} autoComplete="one-time-code" autoCapitalize="none" spellCheck={false} />
          </Form>
        </Dialog>
      )}
      {open && typeof open === 'object' && 'remove' in open && (
        <Confirm
          title={`Remove ${open.remove.domain}?`}
          action="Remove"
          danger
          close={close}
          act={async () => {
            await api.call(`${path}/${open.remove.id}`, { method: 'DELETE' });
            domains.reload();
          }}
        >
          <p>New people with addresses there are not signed in any more. Who was before still is.</p>
        </Confirm>
      )}
    </section>
  );
}
