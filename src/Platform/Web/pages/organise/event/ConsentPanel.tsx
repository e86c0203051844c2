import type { ConsentText, EventDetail } from '../../../sdk/event';
import { AreaField, Form } from '../../../ui/forms';
import { useToast } from '../../../ui/toasts';
import { api } from '../../account';

export function ConsentPanel({ event, consent, changed }: { event: EventDetail; consent: ConsentText | null; changed: () => void }) {
  const toast = useToast();
  return (
    <section className="panel" aria-labelledby="consent">
      <div className="panel__head">
        <div>
          <h2 id="consent">Consent</h2>
          <p>What people agree to when they register. Each change is a new version; what was agreed to is kept with the order.</p>
        </div>
        {consent && <span className="badge">Version {consent.version}</span>}
      </div>
      <Form
        key={consent?.version ?? 0}
        submit={consent ? 'Save as a new version' : 'Save'}
        submitLook="plain"
        testId="consent-save"
        send={async (values) => {
          await api.call(`/events/${event.id}/consent`, { method: 'PUT', body: { storing: values.text('storing'), sharing: values.text('sharing') } });
          toast('Saved.');
          changed();
        }}
      >
        <AreaField name="storing" label="Storing their data" maxLength={10000} rows={3} defaultValue={consent?.storing} hint="Needed to register." data-testid="consent-storing" />
        <AreaField name="sharing" label="Sharing it" optional maxLength={10000} rows={2} defaultValue={consent?.sharing} hint="With others than you. People may say no to this one: your table and the external API have the answer, and booths ask by themselves. Empty: nothing is asked." />
      </Form>
    </section>
  );
}
