import { ArrowRight, CalendarDays, CloudOff, Globe, Presentation, Users } from 'lucide-react';
import type { CSSProperties } from 'react';
import { ApiError, type EventDetail, type Session } from '../../sdk/event';
import { coverHue, people, timeRange, timeThere } from '../../ui/format';
import { useLoad } from '../../ui/load';
import { Blank, Button, Skeleton } from '../../ui/parts';
import { Link } from '../../ui/router';
import { api, useAccount } from '../account';
import { Site } from '../Site';
import { RecordingList } from './RecordingList';

export const fetchEvent = (slug: string) => (signal: AbortSignal) =>
  api.call<EventDetail>(`/events/${encodeURIComponent(slug)}`, { signal });

export function EventPage({ slug }: { slug: string }) {
  const event = useLoad(fetchEvent(slug), slug, () => 5_000);
  const { known } = useAccount();
  if (event.loading) return <Loading />;
  if (!event.value) return <EventMissing error={event.error} reload={event.reload} />;
  const { value } = event;
  const there = timeThere(value.startsAt, value.timeZone);
  const stages = value.sessions.filter((session) => session.kind === 'stage');
  const sessions = value.sessions.filter((session) => session.kind !== 'stage');

  return (
    <Site title={value.name}>
      <article className="event">
        <header className="event__head">
          <div className="event__cover" style={{ '--hue': coverHue(value.slug) } as CSSProperties} aria-hidden="true" />
          <div className="event__title">
            {value.organisation && <p className="eyebrow">{value.organisation.name}</p>}
            <h1>{value.name}</h1>
            <ul className="facts">
              <li>
                <CalendarDays size={17} aria-hidden="true" />
                <span className="visually-hidden">When: </span>
                {timeRange(value.startsAt, value.endsAt)}
              </li>
              {there && (
                <li>
                  <Globe size={17} aria-hidden="true" />
                  {there}
                </li>
              )}
            </ul>
          </div>
        </header>
        <div className="event__columns">
          <div className="event__main">
            {value.description && (
              <div className="prose">
                {value.description.split(/\n{2,}/).map((paragraph, index) => (
                  <p key={index}>{paragraph}</p>
                ))}
              </div>
            )}
            <Programme title="Stages" sessions={stages} slug={slug} />
            <Programme title="Sessions" sessions={sessions} slug={slug} />
            {value.sessions.length === 0 && (
              <Blank icon={<Presentation size={32} />} title="No sessions yet">
                <p>The organiser is still setting this event up.</p>
              </Blank>
            )}
          </div>
          <aside className="event__side">{known && <RecordingList event={value} slug={slug} />}</aside>
        </div>
      </article>
    </Site>
  );
}

function Programme({ title, sessions, slug }: { title: string; sessions: Session[]; slug: string }) {
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
      <Blank icon={<CloudOff size={32} />} title={gone ? 'There is no such event' : 'The event could not be loaded'}>
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
