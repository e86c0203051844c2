import { useState } from 'react';
import { AreaField, Form, SelectField, TextField } from '../../../ui/forms';
import { useToast } from '../../../ui/toasts';
import { allZones, fromWall, toWall } from '../../../ui/zones';
import { api, useAccount } from '../../account';
import { businessTypes } from '../../words';
import { EntryPanel } from './EntryPanel';
import { ifMatch } from './save';
import type { Setup } from './SetupPage';

export function Details({ event, reloadEvent }: Setup) {
  const [zone, setZone] = useState(event.timeZone);
  const toast = useToast();
  const { me } = useAccount();
  const isAdmin = me?.organisations.some(({ id, role }) => id === event.organisation?.id && role === 'organization_admin') ?? false;
  return (
    <>
      <section className="panel" aria-labelledby="details">
        <div className="panel__head">
          <h2 id="details">Details</h2>
        </div>
        <Form
          submit="Save"
          testId="details-save"
          lookAgain={reloadEvent}
          aliases={{ times_invalid: 'endsAt' }}
          send={async (values) => {
            await api.call(`/events/${event.id}`, {
              method: 'PATCH',
              headers: ifMatch(event),
              body: {
                name: values.text('name'),
                description: values.text('description'),
                businessType: values.text('businessType'),
                timeZone: values.text('timeZone'),
                startsAt: fromWall(values.text('startsAt'), values.text('timeZone')),
                endsAt: fromWall(values.text('endsAt'), values.text('timeZone')),
              },
            });
            reloadEvent();
            toast('Saved.');
          }}
        >
          <TextField name="name" label="Name" defaultValue={event.name} />
          <AreaField name="description" label="What is it about?" optional maxLength={10000} rows={7} defaultValue={event.description ?? ''} hint="An empty line begins a new paragraph." data-testid="details-description" />
          <div className="form__row">
            <TextField name="startsAt" label="Begins" type="datetime-local" defaultValue={toWall(event.startsAt, event.timeZone)} />
            <TextField name="endsAt" label="Ends" type="datetime-local" defaultValue={toWall(event.endsAt, event.timeZone)} />
          </div>
          <div className="form__row">
            <SelectField name="timeZone" label="Time zone" value={zone} onChange={(change) => setZone(change.target.value)} hint={zone === event.timeZone ? undefined : 'The times above stay as they are written, on the clocks of this zone.'}>
              {allZones(event.timeZone).map((name) => (
                <option key={name}>{name}</option>
              ))}
            </SelectField>
            <SelectField name="businessType" label="Kind of event" defaultValue={event.businessType ?? 'other'}>
              {Object.entries(businessTypes).map(([type, name]) => (
                <option key={type} value={type}>
                  {name}
                </option>
              ))}
            </SelectField>
          </div>
        </Form>
      </section>
      {isAdmin && <EntryPanel event={event} />}
    </>
  );
}
