import { CreditCard } from 'lucide-react';
import { useState } from 'react';
import type { Organisation } from '../../sdk/event';
import { Form, TextField } from '../../ui/forms';
import type { Loaded as Load } from '../../ui/load';
import { Button, ErrorNotice } from '../../ui/parts';
import { useToast } from '../../ui/toasts';
import { api, useAccount } from '../account';

export function OrganisationSettings({ organisation, load }: { organisation: Organisation; load: Load<Organisation> }) {
  const { refresh } = useAccount();
  const toast = useToast();
  return (
    <>
      <section className="panel" aria-labelledby="name">
        <div className="panel__head">
          <h2 id="name">Name</h2>
        </div>
        <Form
          submit="Save"
          send={async (values) => {
            await api.call(`/organisations/${organisation.id}`, { method: 'PATCH', body: { name: values.text('name') } });
            await refresh();
            load.reload();
            toast('Saved.');
          }}
        >
          <TextField name="name" label="Name of the organisation" defaultValue={organisation.name} autoComplete="organization" />
        </Form>
      </section>
      <PaymentAccount organisationId={organisation.id} />
    </>
  );
}

function PaymentAccount({ organisationId }: { organisationId: string }) {
  const [busy, setBusy] = useState(false);
  const [connected, setConnected] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const connect = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await api.call(`/organisations/${organisationId}/payment-account`, { method: 'POST' });
      setConnected(true);
    } catch (reason) {
      setError(reason);
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="panel" aria-labelledby="payments">
      <div className="panel__head">
        <div>
          <h2 id="payments">Payments</h2>
          <p>Events that sell tickets for money go live once the organisation has a payment account. All of the price goes to it.</p>
        </div>
        {connected ? (
          <span className="badge badge--good" role="status">
            Connected
          </span>
        ) : (
          <Button busy={busy} onClick={() => void connect()} data-testid="connect-payments">
            <CreditCard size={17} aria-hidden="true" /> Connect an account
          </Button>
        )}
      </div>
      {error !== null && <ErrorNotice error={error} />}
    </section>
  );
}
