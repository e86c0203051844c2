import type { EventDetail, SsoConnection, SsoOptions } from '../../../sdk/event';
import { Form, SelectField } from '../../../ui/forms';
import { useLoad } from '../../../ui/load';
import { useToast } from '../../../ui/toasts';
import { api } from '../../account';

/** Whether everybody who enters must come through a company sign-in; shown to admins of an organisation that has one. */
export function EntryPanel({ event }: { event: EventDetail }) {
  const toast = useToast();
  const connections = useLoad(async (signal) => (await api.call<{ items: SsoConnection[] }>(`/organisations/${event.organisation?.id}/sso/connections`, { signal })).items, event.id);
  const now = useLoad((signal) => api.call<SsoOptions>(`/sso/options?event=${event.id}`, { signal }), event.id);
  if (!connections.value || !now.value || connections.value.length === 0) return null;
  const demanded = now.value.required ? (now.value.items[0]?.connectionId ?? '') : '';
  return (
    <section className="panel" aria-labelledby="entry">
      <div className="panel__head">
        <div>
          <h2 id="entry">Who may enter</h2>
          <p>An event that demands a company sign-in admits nobody without it: no guest, no password, no link, not you either.</p>
        </div>
      </div>
      <Form
        key={demanded}
        submit="Save"
        testId="entry-save"
        send={async (values) => {
          await api.call(`/events/${event.id}/sso`, { method: 'PUT', body: { connectionId: values.text('connectionId') || null } });
          toast('Saved.');
          now.reload();
        }}
      >
        <SelectField name="connectionId" label="Company sign-in" defaultValue={demanded} data-testid="entry-connection">
          <option value="">Not demanded</option>
          {connections.value
            .filter(({ enabled, id }) => enabled || id === demanded)
            .map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
        </SelectField>
      </Form>
    </section>
  );
}
