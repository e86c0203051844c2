import { Plus } from 'lucide-react';
import { useState } from 'react';
import type { Organisation, SsoConnection } from '../../../sdk/event';
import { Confirm, Dialog } from '../../../ui/dialog';
import { useLoad } from '../../../ui/load';
import { Loaded } from '../../../ui/loaded';
import { Button } from '../../../ui/parts';
import { useToast } from '../../../ui/toasts';
import { api } from '../../account';
import { ConnectionForm } from './ConnectionForm';

const kinds = { oidc: 'OpenID Connect', saml: 'SAML 2.0' };

/** The company's own identity providers. */
export function ConnectionsPanel({ organisation }: { organisation: Organisation }) {
  const path = `/organisations/${organisation.id}/sso/connections`;
  const connections = useLoad(async (signal) => (await api.call<{ items: SsoConnection[] }>(path, { signal })).items, path);
  const toast = useToast();
  const [open, setOpen] = useState<'add' | { remove: SsoConnection } | null>(null);
  const close = (): void => setOpen(null);
  const turn = (connection: SsoConnection): void =>
    void api.call(`${path}/${connection.id}`, { method: 'PATCH', body: { enabled: !connection.enabled } }).then(connections.reload, (error: unknown) => toast(error instanceof Error ? error.message : String(error), 'error'));
  return (
    <section className="panel" aria-labelledby="connections">
      <div className="panel__head">
        <div>
          <h2 id="connections">Company sign-in</h2>
          <p>Your people come in through your own sign-in. An event can demand it, on its page “Details”.</p>
        </div>
        <Button size="small" look="primary" onClick={() => setOpen('add')} data-testid="connection-add">
          <Plus size={16} aria-hidden="true" /> Connect
        </Button>
      </div>
      <Loaded of={connections} rows={1}>
        {(items) =>
          items.length === 0 ? (
            <p className="quiet">None yet.</p>
          ) : (
            <ul className="list" data-testid="connections">
              {items.map((connection) => (
                <li key={connection.id}>
                  <div className="item">
                    <strong>{connection.name}</strong>
                    <span>
                      {kinds[connection.kind]} · {connection.issuer}
                    </span>
                    <span>{connection.domains.join(', ')}</span>
                    <Addresses connection={connection} />
                  </div>
                  <div className="item__end">
                    <span className={`badge ${connection.enabled ? 'badge--good' : ''}`}>{connection.enabled ? 'On' : 'Off'}</span>
                    <Button size="small" onClick={() => turn(connection)} aria-label={`Switch ${connection.name} ${connection.enabled ? 'off' : 'on'}`}>
                      {connection.enabled ? 'Switch off' : 'Switch on'}
                    </Button>
                    <Button size="small" look="quiet" onClick={() => setOpen({ remove: connection })} aria-label={`Remove ${connection.name}`}>
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
        <Dialog title="Connect a company sign-in" close={close}>
          <ConnectionForm
            path={path}
            close={close}
            done={() => {
              connections.reload();
              close();
            }}
          />
        </Dialog>
      )}
      {open && typeof open === 'object' && (
        <Confirm
          title={`Remove ${open.remove.name}?`}
          action="Remove"
          danger
          close={close}
          act={async () => {
            await api.call(`${path}/${open.remove.id}`, { method: 'DELETE' });
            connections.reload();
          }}
        >
          <p>Nobody signs in through it any more. Accounts stay, and are entered by link or password.</p>
        </Confirm>
      )}
    </section>
  );
}

/** What the provider has to know of us. */
function Addresses({ connection: { kind, redirectUri, metadataUrl, startUrl } }: { connection: SsoConnection }) {
  return (
    <details className="small">
      <summary>Addresses for your provider</summary>
      <dl className="addresses">
        {kind === 'oidc' && (
          <>
            <dt>Redirect address</dt>
            <dd>{redirectUri}</dd>
          </>
        )}
        {kind === 'saml' && (
          <>
            <dt>Our metadata, and entity id</dt>
            <dd>{metadataUrl}</dd>
          </>
        )}
        <dt>Where sign-in begins</dt>
        <dd>{new URL(startUrl, location.origin).href}</dd>
      </dl>
    </details>
  );
}
