import { ArrowRight, CalendarPlus, Coffee, DoorOpen, Eye, Users } from 'lucide-react';
import { useEffect, useState, type ReactNode } from 'react';
import type { EventDetail, Schedule, ScheduleItem } from '../../sdk/event';
import { people } from '../../ui/format';
import { useLoad, useNow } from '../../ui/load';
import { Loaded } from '../../ui/loaded';
import { Blank, Button, ErrorNotice, Skeleton } from '../../ui/parts';
import { Link, navigate } from '../../ui/router';
import { accessTo, api, setPreview, useAccount } from '../account';
import { EventMissing, fetchEvent, Programme } from '../event/EventPage';
import { GuestName } from '../event/GuestName';
import { onNow, upNext } from '../event/programme';
import { RecordingList } from '../event/RecordingList';
import { ScheduleView } from '../event/ScheduleView';
import { useZone, ZoneSwitch } from '../event/ZoneSwitch';
import { Site } from '../Site';
import { roles } from '../words';

export function ReceptionPage({ slug }: { slug?: string }) {
  const name = slug ?? '';
  const event = useLoad(fetchEvent(name), name, () => 5_000);
  const { me, known } = useAccount();
  if (event.error) return <EventMissing error={event.error} reload={event.reload} />;
  if (!event.value || !known) {
    return (
      <Site title="Reception">
        <Skeleton height={220} />
      </Site>
    );
  }
  return <Reception key={me?.user.id ?? 'guest'} event={event.value} slug={name} accountId={me?.user.id ?? null} />;
}

/** What an attendee sees on entry: where to go now, what comes next, and the whole schedule. */
function Reception({ event, slug, accountId }: { event: EventDetail; slug: string; accountId: string | null }) {
  const access = accessTo(event.id, accountId);
  const [who, setWho] = useState(access.participant);
  const [failed, setFailed] = useState<unknown>(null);
  const schedule = useLoad((signal) => api.call<Schedule>(`/events/${event.id}/schedule`, { signal }), event.id, () => 30_000);
  const now = useNow(10_000);
  const [zone, choose] = useZone();
  const items = schedule.value?.items ?? [];
  const rooms = onNow(event.sessions, items, now);
  const next = upNext(items, now);
  const elsewhere = event.sessions.filter(({ id }) => !rooms.some(({ session }) => session.id === id));

  // Somebody with an account comes in as themselves; a guest says a name first.
  useEffect(() => {
    if (who || accountId === null) return;
    access.enter().then(({ participant }) => setWho(participant), setFailed);
  }, [access, accountId, who]);

  return (
    <Site title={`Reception · ${event.name}`} branding={event.branding}>
      <div className="stack reception">
        <header className="head">
          <div>
            <Link className="eyebrow" href={`/e/${encodeURIComponent(slug)}`}>
              {event.name}
            </Link>
            <h1>{who ? `Welcome, ${who.name}` : 'Welcome'}</h1>
            {who && who.role !== 'attendee' && <p>You are here as {roles[who.role]?.toLowerCase() ?? who.role}.</p>}
          </div>
          <div className="head__actions">
            <a className="button" href={`/api/v1/events/${event.id}/calendar.ics`} download data-testid="calendar">
              <CalendarPlus size={17} aria-hidden="true" /> Add to calendar
            </a>
          </div>
        </header>
        {who?.preview && (
          <div className="notice notice--warn" role="note" data-testid="previewing">
            <Eye size={18} aria-hidden="true" />
            <div className="previewing">
              You look at the event as an attendee does. Others do not see you, and you count in no figure.
              <Button
                size="small"
                onClick={() => {
                  setPreview(event.id, false);
                  navigate(`/organise/events/${event.id}/setup`);
                }}
              >
                End the preview
              </Button>
            </div>
          </div>
        )}
        {failed !== null && <ErrorNotice error={failed} />}
        {!who && accountId === null && event.state !== 'cancelled' && <GuestName access={access} entered={() => setWho(access.participant)} />}
        {event.state === 'ended' || event.state === 'cancelled' ? (
          <div className="notice" role="note">
            <Coffee size={18} aria-hidden="true" />
            <div>{event.state === 'ended' ? 'This event has ended. What was recorded is below.' : 'This event is cancelled and does not take place.'}</div>
          </div>
        ) : (
          <section aria-labelledby="now-title">
            <h2 className="section-title" id="now-title">
              On now
            </h2>
            {rooms.length === 0 ? (
              <Blank icon={<Coffee size={30} />} title="Nothing is on at this moment">
                <p>{next[0] ? <>Next is “{next[0].title}”, {inWords(next[0].startsAt, now)}.</> : 'The schedule has nothing more to come.'}</p>
              </Blank>
            ) : (
              <ul className="nowcards" data-testid="on-now">
                {rooms.map(({ session, item }) => (
                  <li key={session.id}>
                    <Link className="nowcard" href={`/e/${encodeURIComponent(slug)}/s/${session.id}`} data-testid="now-link">
                      <span className="nowcard__top">
                        <span className={`badge ${session.live ? 'badge--live' : 'badge--accent'}`}>
                          <span className={`dot ${session.live ? 'dot--pulse' : ''}`} /> {session.live ? 'Live' : 'Open'}
                        </span>
                        <span className="nowcard__people">
                          <Users size={15} aria-hidden="true" /> {people(session.participants)}
                        </span>
                      </span>
                      <strong>{item?.title ?? session.name}</strong>
                      <span className="nowcard__where">
                        {item ? `${session.name} · ` : ''}
                        {session.kind === 'stage' ? 'Stage' : 'Session'}
                      </span>
                      <span className="nowcard__go">
                        Join <ArrowRight size={16} aria-hidden="true" />
                      </span>
                    </Link>
                  </li>
                ))}
              </ul>
            )}
          </section>
        )}
        <div className="event__columns">
          <div className="event__main">
            {next.length > 0 && rooms.length > 0 && <ComingUp items={next} now={now} />}
            <section aria-labelledby="schedule-title">
              <div className="head schedule__head">
                <h2 className="section-title" id="schedule-title">
                  Schedule
                </h2>
                <ZoneSwitch zone={zone} choose={choose} eventZone={event.timeZone} />
              </div>
              <Loaded of={schedule}>
                {(value) =>
                  value.items.length === 0 ? (
                    <Blank icon={<DoorOpen size={30} />} title="No schedule">
                      <p>The organiser has published no times; the rooms are open as shown.</p>
                    </Blank>
                  ) : (
                    <ScheduleView event={event} schedule={value} zone={zone} slug={slug} />
                  )
                }
              </Loaded>
            </section>
            <Programme title="More rooms" sessions={elsewhere} slug={slug} />
          </div>
          <aside className="event__side">{who && <RecordingList event={event} slug={slug} />}</aside>
        </div>
      </div>
    </Site>
  );
}

function ComingUp({ items, now }: { items: ScheduleItem[]; now: number }): ReactNode {
  return (
    <section aria-labelledby="next-title">
      <h2 className="section-title" id="next-title">
        Coming up
      </h2>
      <ul className="list">
        {items.map((item) => (
          <li key={item.id}>
            <div className="item">
              <strong>{item.title}</strong>
              <span>{inWords(item.startsAt, now)}</span>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** "in 20 minutes", "in 3 hours", "in 2 days". */
function inWords(iso: string, now: number): string {
  const minutes = Math.max(1, Math.round((Date.parse(iso) - now) / 60_000));
  const words = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });
  if (minutes < 60) return words.format(minutes, 'minute');
  return minutes < 36 * 60 ? words.format(Math.round(minutes / 60), 'hour') : words.format(Math.round(minutes / 1440), 'day');
}
