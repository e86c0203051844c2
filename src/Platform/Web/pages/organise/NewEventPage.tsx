import './organise.css';
import { useState } from 'react';
import type { EventDetail } from '../../sdk/event';
import { AreaField, Form, SelectField, TextField } from '../../ui/forms';
import { Link, navigate } from '../../ui/router';
import { allZones, fromWall, hereZone, toWall } from '../../ui/zones';
import { api, useAccount } from '../account';
import { Members } from '../Members';
import { Site } from '../Site';
import { businessTypes } from '../words';

export function NewEventPage({ organisationId }: { organisationId?: string }) {
  const id = organisationId ?? '';
  const { me } = useAccount();
  const organisation = me?.organisations.find((other) => other.id === id);
  const [zone, setZone] = useState(hereZone);
  const [tomorrow] = useState(() => new Date(Math.ceil(Date.now() / 3_600_000) * 3_600_000 + 24 * 3_600_000).toISOString());
  const end = new Date(Date.parse(tomorrow) + 2 * 3_600_000).toISOString();
  return (
    <Site title="New event">
      <Members>
        <div className="stack narrow">
          <nav className="crumbs" aria-label="Where you are">
            <Link href="/organise">Organise</Link> <span aria-hidden="true">/</span> <Link href={`/organise/${id}`}>{organisation?.name ?? 'Organisation'}</Link>
          </nav>
          <div className="head">
            <div>
              <h1>New event</h1>
              <p>It begins in private. Everything can be changed later.</p>
            </div>
          </div>
          <div className="panel">
            <Form
              submit="Make the event"
              testId="event-make"
              aliases={{ times_invalid: 'endsAt' }}
              send={async (values) => {
                const made = await api.call<EventDetail>(`/organisations/${id}/events`, {
                  method: 'POST',
                  body: {
                    name: values.text('name'),
                    slug: values.optional('slug'),
                    description: values.text('description'),
                    timeZone: values.text('timeZone'),
                    startsAt: fromWall(values.text('startsAt'), values.text('timeZone')),
                    endsAt: fromWall(values.text('endsAt'), values.text('timeZone')),
                    businessType: values.text('businessType'),
                    state: 'building',
                  },
                });
                navigate(`/organise/events/${made.id}/setup`);
              }}
            >
              <TextField name="name" label="Name" data-testid="event-name" />
              <SelectField name="businessType" label="Kind of event" defaultValue="conference">
                {Object.entries(businessTypes).map(([type, name]) => (
                  <option key={type} value={type}>
                    {name}
                  </option>
                ))}
              </SelectField>
              <div className="form__row">
                <TextField name="startsAt" label="Begins" type="datetime-local" defaultValue={toWall(tomorrow, zone)} data-testid="event-starts" />
                <TextField name="endsAt" label="Ends" type="datetime-local" defaultValue={toWall(end, zone)} data-testid="event-ends" />
              </div>
              <SelectField name="timeZone" label="Time zone" value={zone} onChange={(change) => setZone(change.target.value)} hint="The times above are on the clocks of this zone.">
                {allZones(hereZone()).map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </SelectField>
              <AreaField name="description" label="What is it about?" optional maxLength={10000} rows={5} data-testid="event-description" />
              <TextField name="slug" label="Address" optional maxLength={80} pattern="[a-z0-9]+(-[a-z0-9]+)*" hint={`${location.host}/e/… Lower-case letters, digits and hyphens; made from the name if left empty.`} />
            </Form>
          </div>
        </div>
      </Members>
    </Site>
  );
}
