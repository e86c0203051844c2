import '../organise.css';
import { CalendarRange, DoorOpen, ExternalLink, Eye, LayoutDashboard, Palette, ScanLine, Settings2, Ticket, Users, UserCheck, type LucideIcon } from 'lucide-react';
import type { EventAction, EventDetail, EventRights, OnSale, Schedule } from '../../../sdk/event';
import { timeRange } from '../../../ui/format';
import { useLoad, type Loaded as Load } from '../../../ui/load';
import { Loaded } from '../../../ui/loaded';
import { Blank, Button } from '../../../ui/parts';
import { Link, navigate } from '../../../ui/router';
import { api, setPreview, useAccount } from '../../account';
import { Members } from '../../Members';
import { Site } from '../../Site';
import { eventStates } from '../../words';
import { useCurrentTab } from '../tabs';
import { BrandingTab } from './BrandingTab';
import { CheckInTab } from './CheckInTab';
import { Details } from './Details';
import { Overview } from './Overview';
import { Programme } from './Programme';
import { Registrations } from './Registrations';
import { RoomsTab } from './RoomsTab';
import { TeamTab } from './TeamTab';
import { TicketsTab } from './TicketsTab';

/** The tabs, and what somebody must be allowed to see them; the server refuses the others their content. */
const tabs: [tab: string, name: string, icon: LucideIcon, needs: EventAction][] = [
  ['setup', 'Overview', LayoutDashboard, 'read_registrations'],
  ['details', 'Details', Settings2, 'edit_event'],
  ['branding', 'Look', Palette, 'edit_event'],
  ['programme', 'Programme', CalendarRange, 'edit_event'],
  ['tickets', 'Tickets', Ticket, 'edit_event'],
  ['registrations', 'Registrations', UserCheck, 'read_registrations'],
  ['check-in', 'Check-in', ScanLine, 'check_in'],
  ['rooms', 'Rooms', DoorOpen, 'moderate'],
  ['team', 'Team', Users, 'manage_team'],
];

/** What the tabs share: read once, and again after a change. */
export interface Setup {
  event: EventDetail;
  reloadEvent: () => void;
  schedule: Load<Schedule>;
  onSale: Load<OnSale>;
  /** Whether our role in the event allows it. */
  may: (action: EventAction) => boolean;
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
  const rights = useLoad((signal) => api.call<EventRights>(`/events/${encodeURIComponent(id)}/rights`, { signal }), id);
  return <Loaded of={event}>{(value) => <Loaded of={rights}>{(own) => <Tabs event={value} rights={own} reloadEvent={event.reload} tab={tab} />}</Loaded>}</Loaded>;
}

function Tabs({ event, rights, reloadEvent, tab: asked }: { event: EventDetail; rights: EventRights; reloadEvent: () => void; tab: string }) {
  const { me } = useAccount();
  const may = (action: EventAction): boolean => rights.actions.includes(action);
  const open = tabs.filter(([, , , needs]) => may(needs));
  const member = me?.organisations.some(({ id }) => id === event.organisation?.id) ?? false;
  // A link to the setup leads a scanner to the door, and a moderator to the rooms.
  const tab = open.some(([key]) => key === asked) ? asked : (open[0]?.[0] ?? '');
  const schedule = useLoad((signal) => api.call<Schedule>(`/events/${event.id}/schedule`, { signal }), event.id);
  const onSale = useLoad(!may('read_registrations') ? null : (signal) => api.call<OnSale>(`/events/${event.id}/ticket-types`, { signal }), event.id);
  const nav = useCurrentTab(tab);
  const setup: Setup = { event, reloadEvent, schedule, onSale, may };
  return (
    <div className="stack">
      <nav className="crumbs" aria-label="Where you are">
        <Link href="/organise">Organise</Link>
        {event.organisation && (
          <>
            <span aria-hidden="true">/</span> {member ? <Link href={`/organise/${event.organisation.id}`}>{event.organisation.name}</Link> : <span>{event.organisation.name}</span>}
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
          {member && (
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
          )}
          <Link className="button button--small" href={`/e/${encodeURIComponent(event.slug)}`}>
            <ExternalLink size={16} aria-hidden="true" /> {['live', 'ended', 'cancelled'].includes(event.state) ? 'Public page' : 'Its page'}
          </Link>
        </div>
      </div>
      <div className="setup">
        <nav className="setup__nav" aria-label="Setup" ref={nav}>
          {open.map(([key, name, Icon]) => (
            <Link key={key} href={`/organise/events/${event.id}/${key}`} aria-current={tab === key ? 'page' : undefined} data-testid={`tab-${key}`}>
              <Icon size={18} aria-hidden="true" /> {name}
            </Link>
          ))}
        </nav>
        <div className="stack">
          {tab === '' && (
            <Blank icon={<LayoutDashboard size={28} />} title="Nothing to set up here">
              <p>Your part in this event is played in its rooms.</p>
              <Link className="button button--primary" href={`/e/${encodeURIComponent(event.slug)}/reception`}>
                Enter the event
              </Link>
            </Blank>
          )}
          {tab === 'setup' && <Overview {...setup} />}
          {tab === 'details' && <Details key={event.version} {...setup} />}
          {tab === 'branding' && <BrandingTab {...setup} />}
          {tab === 'programme' && <Programme {...setup} />}
          {tab === 'tickets' && <TicketsTab {...setup} />}
          {tab === 'registrations' && <Registrations event={event} onSale={onSale} may={may} />}
          {tab === 'check-in' && <CheckInTab event={event} onSale={onSale} may={may} />}
          {tab === 'rooms' && <RoomsTab event={event} reloadEvent={reloadEvent} />}
          {tab === 'team' && <TeamTab event={event} />}
        </div>
      </div>
    </div>
  );
}
