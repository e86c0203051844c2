import './organise.css';
import { Building2, CalendarPlus, ChevronRight, Plus } from 'lucide-react';
import { useState } from 'react';
import type { EventSummary, Me, MyPart, Organisation, Page } from '../../sdk/event';
import { Dialog } from '../../ui/dialog';
import { timeRange } from '../../ui/format';
import { Form, TextField } from '../../ui/forms';
import { useLoad } from '../../ui/load';
import { Loaded } from '../../ui/loaded';
import { usePages } from '../../ui/more';
import { Blank, Button } from '../../ui/parts';
import { Link, navigate } from '../../ui/router';
import { api, useAccount } from '../account';
import { Members } from '../Members';
import { Site } from '../Site';
import { eventStates, roles } from '../words';

/** Where an organiser starts: the organisations, and what each runs. */
export function OrganisePage() {
  return (
    <Site title="Organise">
      <Members>
        <Organisations />
      </Members>
    </Site>
  );
}

function Organisations() {
  const { me, refresh } = useAccount();
  const [making, setMaking] = useState(false);
  const parts = useLoad((signal) => api.call<Page<MyPart>>('/me/events?limit=100', { signal }), 'parts');
  if (!me) return null;
  return (
    <div className="stack">
      <div className="head">
        <div>
          <h1>Organise</h1>
          <p>Your organisations and their events.</p>
        </div>
        <Button onClick={() => setMaking(true)} data-testid="new-organisation">
          <Plus size={17} aria-hidden="true" /> New organisation
        </Button>
      </div>
      {me.organisations.length === 0 && parts.value?.items.length === 0 && (
        <Blank icon={<Building2 size={30} />} title="You belong to no organisation yet">
          <p>Make one to run events under its name, or ask an admin of yours to invite you.</p>
          <Button look="primary" onClick={() => setMaking(true)}>
            Make an organisation
          </Button>
        </Blank>
      )}
      {me.organisations.map((organisation) => (
        <EventsOf key={organisation.id} organisation={organisation} />
      ))}
      {parts.value && parts.value.items.length > 0 && <Helping parts={parts.value.items} />}
      {making && (
        <Dialog title="New organisation" close={() => setMaking(false)}>
          <Form
            submit="Make it"
            testId="organisation-make"
            cancel={() => setMaking(false)}
            send={async (values) => {
              const made = await api.call<Organisation>('/organisations', { method: 'POST', body: { name: values.text('name') } });
              await refresh();
              setMaking(false);
              navigate(`/organise/${made.id}`);
            }}
          >
            <TextField name="name" label="Name" hint="Shown beside its events." autoComplete="organization" data-testid="organisation-name" />
          </Form>
        </Dialog>
      )}
    </div>
  );
}

function EventsOf({ organisation }: { organisation: Me['organisations'][number] }) {
  const manages = organisation.role !== 'regular_member';
  return (
    <section className="panel" aria-labelledby={`o-${organisation.id}`} data-testid="organisation">
      <div className="panel__head">
        <div>
          <h2 id={`o-${organisation.id}`}>
            <Link className="plainlink" href={`/organise/${organisation.id}`}>
              {organisation.name}
            </Link>
          </h2>
          <p>You are {article(roles[organisation.role] ?? organisation.role)}.</p>
        </div>
        <div className="head__actions">
          <Link className="button button--small" href={`/organise/${organisation.id}/members`}>
            Team and settings
          </Link>
          {manages && (
            <Link className="button button--small button--primary" href={`/organise/${organisation.id}/new-event`} data-testid="new-event">
              <CalendarPlus size={16} aria-hidden="true" /> New event
            </Link>
          )}
        </div>
      </div>
      <EventList organisationId={organisation.id} />
    </section>
  );
}

/** Events of others that we have a part in. */
function Helping({ parts }: { parts: MyPart[] }) {
  return (
    <section className="panel" aria-labelledby="helping" data-testid="helping">
      <div className="panel__head">
        <div>
          <h2 id="helping">Events that you help with</h2>
          <p>Of organisations that you do not belong to.</p>
        </div>
      </div>
      <ul className="list list--links">
        {parts.map(({ role, event }) => (
          <li key={event.id}>
            <div className="item">
              <Link href={`/organise/events/${event.id}/setup`}>{event.name}</Link>
              <span>
                {event.organisation?.name} · {timeRange(event.startsAt, event.endsAt)}
              </span>
            </div>
            <span className="badge">{roles[role]}</span>
            <ChevronRight className="faint" size={18} aria-hidden="true" />
          </li>
        ))}
      </ul>
    </section>
  );
}

const article = (role: string): string => `${/^[aeiou]/i.test(role) ? 'an' : 'a'} ${role.toLowerCase()}`;

export function EventList({ organisationId }: { organisationId: string }) {
  const events = usePages((after, signal) => api.call<Page<EventSummary>>(`/organisations/${organisationId}/events?limit=20${after ? `&after=${after}` : ''}`, { signal }), organisationId);
  return (
    <Loaded of={events} rows={2}>
      {(items) =>
        items.length === 0 ? (
          <p className="quiet">No events yet.</p>
        ) : (
          <>
            <ul className="list list--links" data-testid="events">
              {items.map((event) => (
                <li key={event.id}>
                  <div className="item">
                    <Link href={`/organise/events/${event.id}/setup`}>{event.name}</Link>
                    <span>{timeRange(event.startsAt, event.endsAt)}</span>
                  </div>
                  <span className={`badge ${eventStates[event.state].tone}`}>{eventStates[event.state].name}</span>
                  <ChevronRight className="faint" size={18} aria-hidden="true" />
                </li>
              ))}
            </ul>
            {events.more && (
              <Button size="small" busy={events.busy} onClick={() => void events.more?.()}>
                Show more
              </Button>
            )}
          </>
        )
      }
    </Loaded>
  );
}
