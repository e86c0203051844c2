import { ArrowRight, CalendarDays, CloudOff, Search, SearchX } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { EventSummary, Page } from '../../sdk/event';
import { dayAndMonth, timeRange } from '../../ui/format';
import { useNow } from '../../ui/load';
import { usePages } from '../../ui/more';
import { Blank, Button, Select, Skeleton } from '../../ui/parts';
import { Link, navigate } from '../../ui/router';
import { api } from '../account';
import { Cover } from '../brand';
import { Site } from '../Site';
import { businessTypes } from '../words';
import { noFilter, toQuery, toSearch, fromSearch, type Filter } from './filter';

export function ListingPage() {
  const [filter, setFilter] = useState<Filter>(() => fromSearch(location.search));
  const [text, setText] = useState(filter.text);
  const query = toQuery(filter, new Date());
  const events = usePages((after, signal) => api.call<Page<EventSummary>>(`/events?limit=24${query}${after ? `&after=${after}` : ''}`, { signal }), query);
  const filtered = toSearch(filter) !== '';

  // The address says what is shown, so that it can be sent to somebody; typing waits for a pause.
  useEffect(() => history.replaceState(null, '', `/${toSearch(filter)}`), [filter]);
  useEffect(() => {
    const timer = setTimeout(() => setFilter((before) => (before.text === text ? before : { ...before, text })), 250);
    return () => clearTimeout(timer);
  }, [text]);

  const clear = (): void => {
    setText('');
    setFilter(noFilter);
  };

  return (
    <Site title="Events">
      <div className="intro">
        <h1>What’s on</h1>
        <p>Live sessions and stages, in your browser. Recordings stay here afterwards.</p>
      </div>
      <search className="filters listing__filters" aria-label="Events">
        <label className="field filters__text">
          <span className="visually-hidden">Search events</span>
          <span className="searchbox">
            <Search size={18} aria-hidden="true" />
            <input className="input" type="search" data-testid="listing-search" placeholder="Search events" maxLength={200} value={text} onChange={(change) => setText(change.target.value)} />
          </span>
        </label>
        <label className="field">
          <span className="visually-hidden">Kind of event</span>
          <Select value={filter.type} onChange={(change) => setFilter({ ...filter, type: change.target.value })}>
            <option value="">Any kind</option>
            {Object.entries(businessTypes).map(([type, name]) => (
              <option key={type} value={type}>
                {name}
              </option>
            ))}
          </Select>
        </label>
        <label className="field">
          <span className="visually-hidden">When</span>
          <Select value={filter.when} onChange={(change) => setFilter({ ...filter, when: change.target.value as Filter['when'] })}>
            <option value="">Any time</option>
            <option value="now">On now</option>
            <option value="week">In the next 7 days</option>
            <option value="month">In the next 30 days</option>
            <option value="past">Past, to replay</option>
          </Select>
        </label>
      </search>
      {events.loading && (
        <div className="cards" aria-busy="true" aria-label="Loading events">
          {[0, 1, 2].map((index) => (
            <Skeleton key={index} height={252} />
          ))}
        </div>
      )}
      {events.error && (
        <Blank icon={<CloudOff size={32} />} title="The events could not be loaded">
          <p>{events.error.message}</p>
          <Button onClick={events.reload}>Try again</Button>
        </Blank>
      )}
      {events.value?.length === 0 &&
        (filtered ? (
          <Blank icon={<SearchX size={32} />} title="Nothing fits">
            <p>No public event fits what you are looking for.</p>
            <Button onClick={clear}>Show all events</Button>
          </Blank>
        ) : (
          <Blank icon={<CalendarDays size={32} />} title="No events yet">
            <p>When an organiser publishes an event, it appears here.</p>
            <Button onClick={() => navigate('/organise')}>Organise one</Button>
          </Blank>
        ))}
      <ul className="cards" data-testid="listing">
        {events.value?.map((event) => (
          <li key={event.id}>
            <EventCard event={event} />
          </li>
        ))}
      </ul>
      {events.more && (
        <div className="more">
          <Button busy={events.busy} onClick={() => void events.more?.()}>
            Show more
          </Button>
        </div>
      )}
    </Site>
  );
}

function EventCard({ event }: { event: EventSummary }) {
  const now = useNow(30_000);
  const date = dayAndMonth(event.startsAt);
  const live = event.state === 'live' && Date.parse(event.startsAt) <= now && now < Date.parse(event.endsAt);
  const over = event.state === 'ended' || now >= Date.parse(event.endsAt);
  return (
    <Link className="card" href={`/e/${encodeURIComponent(event.slug)}`}>
      <Cover event={event} className="card__cover">
        <div className="card__date" aria-hidden="true">
          <strong>{date.day}</strong>
          <span>{date.month}</span>
        </div>
        {live && (
          <span className="badge badge--live card__state">
            <span className="dot dot--pulse" /> On now
          </span>
        )}
        {over && <span className="badge card__state">Past</span>}
      </Cover>
      <div className="card__body">
        <h2>{event.name}</h2>
        {event.description && <p className="card__description">{event.description}</p>}
        <p className="card__time">
          {event.businessType && event.businessType !== 'other' && <span>{businessTypes[event.businessType]} · </span>}
          {timeRange(event.startsAt, event.endsAt)}
        </p>
        <span className="card__go" aria-hidden="true">
          <ArrowRight size={18} />
        </span>
      </div>
    </Link>
  );
}
