import { ArrowRight, CalendarDays, CloudOff } from 'lucide-react';
import type { CSSProperties } from 'react';
import { useState } from 'react';
import type { EventSummary } from '../../sdk/event';
import { coverHue, dayAndMonth, timeRange } from '../../ui/format';
import { useLoad, useNow } from '../../ui/load';
import { Blank, Button, Skeleton } from '../../ui/parts';
import { Link } from '../../ui/router';
import { useToast } from '../../ui/toasts';
import { api } from '../account';
import { Site } from '../Site';

interface Listing {
  items: EventSummary[];
  next: string | null;
}

export function ListingPage() {
  const first = useLoad((signal) => api.call<Listing>('/events?limit=24', { signal }), 'events');
  const [more, setMore] = useState<Listing | null>(null);
  const [busy, setBusy] = useState(false);
  const toast = useToast();
  const items = [...(first.value?.items ?? []), ...(more?.items ?? [])];
  const next = more ? more.next : first.value?.next;

  const fetchMore = async (): Promise<void> => {
    if (!next) return;
    setBusy(true);
    try {
      const page = await api.call<Listing>(`/events?limit=24&after=${encodeURIComponent(next)}`);
      setMore({ items: [...(more?.items ?? []), ...page.items], next: page.next });
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), 'error');
    } finally {
      setBusy(false);
    }
  };

  return (
    <Site title="Events">
      <div className="intro">
        <h1>What’s on</h1>
        <p>Live sessions and stages, in your browser. Recordings stay here afterwards.</p>
      </div>
      {first.loading && (
        <div className="cards" aria-busy="true" aria-label="Loading events">
          {[0, 1, 2].map((index) => (
            <Skeleton key={index} height={252} />
          ))}
        </div>
      )}
      {first.error && (
        <Blank icon={<CloudOff size={32} />} title="The events could not be loaded">
          <p>{first.error.message}</p>
          <Button onClick={first.reload}>Try again</Button>
        </Blank>
      )}
      {first.value && items.length === 0 && (
        <Blank icon={<CalendarDays size={32} />} title="No events yet">
          <p>When an organiser publishes an event, it appears here.</p>
        </Blank>
      )}
      <ul className="cards">
        {items.map((event) => (
          <li key={event.id}>
            <EventCard event={event} />
          </li>
        ))}
      </ul>
      {next && (
        <div className="more">
          <Button busy={busy} onClick={() => void fetchMore()}>
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
  const live = Date.parse(event.startsAt) <= now && now < Date.parse(event.endsAt);
  const over = now >= Date.parse(event.endsAt);
  return (
    <Link className="card" href={`/e/${encodeURIComponent(event.slug)}`}>
      <div className="card__cover" style={{ '--hue': coverHue(event.slug) } as CSSProperties}>
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
      </div>
      <div className="card__body">
        <h2>{event.name}</h2>
        {event.description && <p className="card__description">{event.description}</p>}
        <p className="card__time">{timeRange(event.startsAt, event.endsAt)}</p>
        <span className="card__go" aria-hidden="true">
          <ArrowRight size={18} />
        </span>
      </div>
    </Link>
  );
}
