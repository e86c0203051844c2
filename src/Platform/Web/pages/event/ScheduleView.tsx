import { ArrowRight, CalendarPlus } from 'lucide-react';
import type { EventDetail, Schedule, ScheduleItem } from '../../sdk/event';
import { useNow } from '../../ui/load';
import { Avatar } from '../../ui/parts';
import { Link } from '../../ui/router';
import { byDay, isOn } from './programme';

const time = (iso: string, zone: string): string => new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', timeZone: zone }).format(new Date(iso));

/** The date at noon UTC: every zone agrees on its name. */
const dayName = (day: string): string => new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' }).format(new Date(`${day}T12:00:00Z`));

export function ScheduleView({ event, schedule, zone, slug }: { event: EventDetail; schedule: Schedule; zone: string; slug: string }) {
  const now = useNow(20_000);
  return (
    <div className="schedule" data-testid="schedule" data-zone={zone}>
      {byDay(schedule.items, zone).map(({ day, items }) => (
        <section key={day} aria-labelledby={`day-${day}`}>
          <h3 className="schedule__day" id={`day-${day}`}>
            {dayName(day)}
          </h3>
          <ol>
            {items.map((item) => (
              <Item key={item.id} item={item} event={event} schedule={schedule} zone={zone} slug={slug} now={now} />
            ))}
          </ol>
        </section>
      ))}
    </div>
  );
}

function Item({ item, event, schedule, zone, slug, now }: { item: ScheduleItem; event: EventDetail; schedule: Schedule; zone: string; slug: string; now: number }) {
  const on = event.state !== 'cancelled' && isOn(item, now);
  const speakers = schedule.speakers.filter(({ id }) => item.speakerIds.includes(id));
  const area = schedule.areas.find(({ id }) => id === item.areaId);
  const room = event.sessions.find(({ id }) => id === item.sessionId);
  const where = [area?.name, room?.name].filter(Boolean).join(' · ');
  return (
    <li className="slot" data-on={on || undefined}>
      <p className="slot__time tabular">
        <time dateTime={item.startsAt}>{time(item.startsAt, zone)}</time>
        <span aria-hidden="true"> – </span>
        <span className="visually-hidden"> to </span>
        <time dateTime={item.endsAt}>{time(item.endsAt, zone)}</time>
      </p>
      <div className="slot__text">
        <h4>
          {item.title}{' '}
          {on && (
            <span className="badge badge--live">
              <span className="dot dot--pulse" /> On now
            </span>
          )}
        </h4>
        {where && <p className="slot__where">{where}</p>}
        {item.description && <p className="slot__description">{item.description}</p>}
        {speakers.length > 0 && (
          <ul className="slot__speakers" aria-label="Speakers">
            {speakers.map((speaker) => (
              <li key={speaker.id}>
                <Avatar name={speaker.name} /> {speaker.name}
              </li>
            ))}
          </ul>
        )}
      </div>
      <div className="slot__end">
        {room && event.state === 'live' && Date.parse(item.endsAt) > now && (
          <Link className="button button--small" href={`/e/${encodeURIComponent(slug)}/s/${room.id}`} aria-label={`Join ${item.title}`}>
            Join <ArrowRight size={15} aria-hidden="true" />
          </Link>
        )}
        <a className="icon-button" href={`/api/v1/events/${event.id}/schedule/${item.id}/calendar.ics`} download aria-label={`Add ${item.title} to your calendar`} title="Add to calendar">
          <CalendarPlus size={17} aria-hidden="true" />
        </a>
      </div>
    </li>
  );
}
