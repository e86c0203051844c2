import { CreditCard } from 'lucide-react';
import { useState } from 'react';
import type { Organisation } from '../../sdk/event';
import { Form, TextField } from '../../ui/forms';
import { useLoad, type Loaded as Load } from '../../ui/load';
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

interface Account {
  state: 'missing' | 'onboarding' | 'ready';
  onboardingUrl: string | null;
}

function PaymentAccount({ organisationId }: { organisationId: string }) {
  const path = `/organisations/${organisationId}/payment-account`;
  const account = useLoad((signal) => api.call<Account>(path, { signal }), path);
  const [busy, setBusy] = useState(false);
  const [ready, setReady] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const connect = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      const left = await api.call<Account | undefined>(path, { method: 'POST' });
      // The provider asks the organisation for what it must know, on its own pages, and leads back here.
      if (left?.onboardingUrl) location.assign(left.onboardingUrl);
      else setReady(true);
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
          {account.value?.state === 'onboarding' && !ready && <p>The account has been opened; the payment provider still needs to know more before it takes money.</p>}
        </div>
        {ready || account.value?.state === 'ready' ? (
          <span className="badge badge--good" role="status">
            Connected
          </span>
        ) : (
          <Button busy={busy} onClick={() => void connect()} data-testid="connect-payments">
            <CreditCard size={17} aria-hidden="true" /> {account.value?.state === 'onboarding' ? 'Go on' : 'Connect an account'}
          </Button>
        )}
      </div>
      {error !== null && <ErrorNotice error={error} />}
    </section>
  );
}
