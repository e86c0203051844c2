import { ArrowRight, CalendarDays, CalendarPlus, CalendarX, CloudOff, Eye, Globe, Presentation, Settings2, Tag, Users } from 'lucide-react';
import { ApiError, type EventDetail, type EventRights, type Schedule, type Session, type Speaker } from '../../sdk/event';
import { people, timeRange, timeThere } from '../../ui/format';
import { useLoad } from '../../ui/load';
import { Avatar, Blank, Button, Skeleton } from '../../ui/parts';
import { Link } from '../../ui/router';
import { accessTo, api, useAccount } from '../account';
import { Cover, Logo } from '../brand';
import { Site } from '../Site';
import { businessTypes } from '../words';
import { RecordingList } from './RecordingList';
import { ScheduleView } from './ScheduleView';
import { TicketBox } from './TicketBox';
import { useZone, ZoneSwitch } from './ZoneSwitch';

export const fetchEvent = (slug: string) => (signal: AbortSignal) =>
  api.call<EventDetail>(`/events/${encodeURIComponent(slug)}`, { signal });

export function EventPage({ slug }: { slug: string }) {
  const event = useLoad(fetchEvent(slug), slug, () => 5_000);
  if (event.loading) return <Loading />;
  if (!event.value) return <EventMissing error={event.error} reload={event.reload} />;
  return <Landing event={event.value} slug={slug} />;
}

/** What the event is, for people who have just found it. */
function Landing({ event, slug }: { event: EventDetail; slug: string }) {
  const { me, known } = useAccount();
  const schedule = useLoad((signal) => api.call<Schedule>(`/events/${event.id}/schedule`, { signal }), event.id, () => 60_000);
  const [zone, choose] = useZone();
  const there = timeThere(event.startsAt, event.timeZone);
  const stages = event.sessions.filter((session) => session.kind === 'stage');
  const sessions = event.sessions.filter((session) => session.kind !== 'stage');
  const speakers = schedule.value?.speakers ?? [];
  const rights = useLoad(me ? (signal) => api.call<EventRights>(`/events/${event.id}/rights`, { signal }) : null, `${event.id}.${me?.user.id}`);
  const manages = rights.value?.actions.some((action) => ['edit_event', 'read_registrations', 'moderate', 'check_in'].includes(action)) ?? false;
  // Looking at the landing page is not coming in: recordings are listed for who has entered.
  const inside = known && accessTo(event.id, me?.user.id ?? null).participant !== null;

  return (
    <Site title={event.name} branding={event.branding}>
      <article className="event">
        {(event.state === 'building' || event.state === 'draft') && (
          <div className="notice notice--warn" role="note">
            <Eye size={18} aria-hidden="true" />
            <div>This event is not public yet. You see it because you belong to {event.organisation?.name ?? 'its organisation'} or have a part in it.</div>
          </div>
        )}
        {event.state === 'cancelled' && (
          <div className="notice notice--error" role="note" data-testid="event-cancelled">
            <CalendarX size={18} aria-hidden="true" />
            <div>This event is cancelled and does not take place. Whoever had a ticket has mail about it.</div>
          </div>
        )}
        <header className="event__head">
          <Cover event={event} className="event__cover" />
          <div className="event__title">
            <Logo branding={event.branding} />
            {event.organisation && <p className="eyebrow">{event.organisation.name}</p>}
            <h1>{event.name}</h1>
            <ul className="facts">
              <li>
                <CalendarDays size={17} aria-hidden="true" />
                <span className="visually-hidden">When: </span>
                {timeRange(event.startsAt, event.endsAt)}
              </li>
              {there && (
                <li>
                  <Globe size={17} aria-hidden="true" />
                  {there}
                </li>
              )}
              {event.businessType && event.businessType !== 'other' && (
                <li>
                  <Tag size={17} aria-hidden="true" />
                  {businessTypes[event.businessType]}
                </li>
              )}
            </ul>
            <div className="event__actions">
              {event.state !== 'archived' && event.state !== 'cancelled' && (
                <Link className="button button--primary" href={`/e/${encodeURIComponent(slug)}/reception`} data-testid="enter">
                  {event.state === 'ended' ? 'Look back' : 'Enter the event'} <ArrowRight size={17} aria-hidden="true" />
                </Link>
              )}
              {event.state !== 'cancelled' && (
                <a className="button" href={`/api/v1/events/${event.id}/calendar.ics`} download>
                  <CalendarPlus size={17} aria-hidden="true" /> Add to calendar
                </a>
              )}
              {manages && (
                <Link className="button" href={`/organise/events/${event.id}/setup`}>
                  <Settings2 size={17} aria-hidden="true" /> Set up
                </Link>
              )}
            </div>
          </div>
        </header>
        <div className="event__columns event__columns--landing">
          <div className="event__main">
            {event.description && (
              <div className="prose">
                {event.description.split(/\n{2,}/).map((paragraph, index) => (
                  <p key={index}>{paragraph}</p>
                ))}
              </div>
            )}
            {schedule.value && schedule.value.items.length > 0 && (
              <section aria-labelledby="schedule-title">
                <div className="head schedule__head">
                  <h2 className="section-title" id="schedule-title">
                    Schedule
                  </h2>
                  <ZoneSwitch zone={zone} choose={choose} eventZone={event.timeZone} />
                </div>
                <ScheduleView event={event} schedule={schedule.value} zone={zone} slug={slug} />
              </section>
            )}
            {speakers.length > 0 && <Speakers speakers={speakers} />}
            {event.state !== 'cancelled' && <Programme title="Stages" sessions={stages} slug={slug} />}
            {event.state !== 'cancelled' && <Programme title="Sessions" sessions={sessions} slug={slug} />}
            {event.sessions.length === 0 && schedule.value?.items.length === 0 && (
              <Blank icon={<Presentation size={32} />} title="No sessions yet">
                <p>The organiser is still setting this event up.</p>
              </Blank>
            )}
          </div>
          <aside className="event__side">
            <TicketBox event={event} slug={slug} />
            {inside && <RecordingList event={event} slug={slug} />}
          </aside>
        </div>
      </article>
    </Site>
  );
}

function Speakers({ speakers }: { speakers: Speaker[] }) {
  return (
    <section aria-labelledby="speakers-title">
      <h2 className="section-title" id="speakers-title">
        Speakers
      </h2>
      <ul className="speakers">
        {speakers.map((speaker) => (
          <li key={speaker.id} className="speaker">
            <Avatar name={speaker.name} />
            <div>
              <h3>{speaker.name}</h3>
              {speaker.headline && <p className="speaker__headline">{speaker.headline}</p>}
              {speaker.bio && <p className="speaker__bio">{speaker.bio}</p>}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Programme({ title, sessions, slug }: { title: string; sessions: Session[]; slug: string }) {
  if (sessions.length === 0) return null;
  return (
    <section aria-label={title}>
      <h2 className="section-title">{title}</h2>
      <ul className="programme">
        {sessions.map((session) => (
          <li key={session.id}>
            <Link className="programme__item" href={`/e/${encodeURIComponent(slug)}/s/${session.id}`} data-testid="session-link">
              <div className="programme__text">
                <h3>{session.name}</h3>
                <p>{session.startsAt ? timeRange(session.startsAt, session.endsAt) : 'Open at any time'}</p>
              </div>
              {session.live && (
                <span className="badge badge--live">
                  <span className="dot dot--pulse" /> Live
                </span>
              )}
              {session.participants > 0 && (
                <span className="badge">
                  <Users size={14} aria-hidden="true" />
                  <span className="tabular" aria-label={`${people(session.participants)} in the room`}>
                    {session.participants}
                  </span>
                </span>
              )}
              <span className="programme__go">
                Join <ArrowRight size={17} aria-hidden="true" />
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Loading() {
  return (
    <Site title="Event">
      <div className="event" aria-busy="true" aria-label="Loading the event">
        <Skeleton height={180} />
        <Skeleton height={44} width="60%" />
        <Skeleton height={90} />
        <Skeleton height={90} />
      </div>
    </Site>
  );
}

export function EventMissing({ error, reload }: { error: Error | null; reload: () => void }) {
  const gone = error instanceof ApiError && error.status === 404;
  return (
    <Site title={gone ? 'Not found' : 'Event'}>
      <Blank page icon={<CloudOff size={32} />} title={gone ? 'There is no such event' : 'The event could not be loaded'}>
        <p>{gone ? 'It may have ended, or its address was changed.' : error?.message}</p>
        {gone ? (
          <Link className="button" href="/">
            All events
          </Link>
        ) : (
          <Button onClick={reload}>Try again</Button>
        )}
      </Blank>
    </Site>
  );
}
