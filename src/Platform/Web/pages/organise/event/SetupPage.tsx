import '../organise.css';
import { CalendarRange, ExternalLink, Eye, LayoutDashboard, Palette, ScanLine, Settings2, Ticket, Users, UserCheck, type LucideIcon } from 'lucide-react';
import { useEffect, useRef, type RefObject } from 'react';
import type { EventDetail, OnSale, Schedule } from '../../../sdk/event';
import { timeRange } from '../../../ui/format';
import { useLoad, type Loaded as Load } from '../../../ui/load';
import { Loaded } from '../../../ui/loaded';
import { Button } from '../../../ui/parts';
import { Link, navigate } from '../../../ui/router';
import { api, setPreview } from '../../account';
import { Members } from '../../Members';
import { Site } from '../../Site';
import { eventStates } from '../../words';
import { BrandingTab } from './BrandingTab';
import { CheckInTab } from './CheckInTab';
import { Details } from './Details';
import { Overview } from './Overview';
import { Programme } from './Programme';
import { Registrations } from './Registrations';
import { TeamTab } from './TeamTab';
import { TicketsTab } from './TicketsTab';

const tabs: [tab: string, name: string, icon: LucideIcon][] = [
  ['setup', 'Overview', LayoutDashboard],
  ['details', 'Details', Settings2],
  ['branding', 'Look', Palette],
  ['programme', 'Programme', CalendarRange],
  ['tickets', 'Tickets', Ticket],
  ['registrations', 'Registrations', UserCheck],
  ['check-in', 'Check-in', ScanLine],
  ['team', 'Team', Users],
];

/** What the tabs share: read once, and again after a change. */
export interface Setup {
  event: EventDetail;
  reloadEvent: () => void;
  schedule: Load<Schedule>;
  onSale: Load<OnSale>;
}

export function SetupPage({ eventId, tab = 'setup' }: { eventId?: string; tab?: string }) {
  return (
    <Site title="Event setup" wide>
      <Members>
        <Shown id={eventId ?? ''} tab={tab} />
      </Members>
    </Site>
  );
}

function Shown({ id, tab }: { id: string; tab: string }) {
  const event = useLoad((signal) => api.call<EventDetail>(`/events/${encodeURIComponent(id)}`, { signal }), id);
  return <Loaded of={event}>{(value) => <Tabs event={value} reloadEvent={event.reload} tab={tab} />}</Loaded>;
}

/** On a phone the tabs scroll sideways: the one that is shown is brought into sight. */
function useCurrentTab(tab: string): RefObject<HTMLElement | null> {
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [tab]);
  return nav;
}

function Tabs({ event, reloadEvent, tab }: { event: EventDetail; reloadEvent: () => void; tab: string }) {
  const schedule = useLoad((signal) => api.call<Schedule>(`/events/${event.id}/schedule`, { signal }), event.id);
  const onSale = useLoad((signal) => api.call<OnSale>(`/events/${event.id}/ticket-types`, { signal }), event.id);
  const nav = useCurrentTab(tab);
  const setup: Setup = { event, reloadEvent, schedule, onSale };
  return (
    <div className="stack">
      <nav className="crumbs" aria-label="Where you are">
        <Link href="/organise">Organise</Link>
        {event.organisation && (
          <>
            <span aria-hidden="true">/</span> <Link href={`/organise/${event.organisation.id}`}>{event.organisation.name}</Link>
          </>
        )}
      </nav>
      <div className="head">
        <div>
          <h1>{event.name}</h1>
          <p>
            <span className={`badge ${eventStates[event.state].tone}`} data-testid="event-state" data-state={event.state}>
              {eventStates[event.state].name}
            </span>{' '}
            {timeRange(event.startsAt, event.endsAt)}
          </p>
        </div>
        <div className="head__actions">
          <Button
            size="small"
            data-testid="preview"
            onClick={() => {
              setPreview(event.id, true);
              navigate(`/e/${encodeURIComponent(event.slug)}/reception`);
            }}
          >
            <Eye size={16} aria-hidden="true" /> Preview as an attendee
          </Button>
          <Link className="button button--small" href={`/e/${encodeURIComponent(event.slug)}`}>
            <ExternalLink size={16} aria-hidden="true" /> {['live', 'ended', 'cancelled'].includes(event.state) ? 'Public page' : 'Its page'}
          </Link>
        </div>
      </div>
      <div className="setup">
        <nav className="setup__nav" aria-label="Setup" ref={nav}>
          {tabs.map(([key, name, Icon]) => (
            <Link key={key} href={`/organise/events/${event.id}/${key}`} aria-current={tab === key ? 'page' : undefined} data-testid={`tab-${key}`}>
              <Icon size={18} aria-hidden="true" /> {name}
            </Link>
          ))}
        </nav>
        <div className="stack">
          {tab === 'setup' && <Overview {...setup} />}
          {tab === 'details' && <Details {...setup} />}
          {tab === 'branding' && <BrandingTab {...setup} />}
          {tab === 'programme' && <Programme {...setup} />}
          {tab === 'tickets' && <TicketsTab {...setup} />}
          {tab === 'registrations' && <Registrations event={event} onSale={onSale} />}
          {tab === 'check-in' && <CheckInTab event={event} />}
          {tab === 'team' && <TeamTab event={event} />}
        </div>
      </div>
    </div>
  );
}
