import './tickets.css';
import type { EventDetail, Ticket } from '../../sdk/event';
import { timeRange } from '../../ui/format';
import { useLoad } from '../../ui/load';
import { Loaded } from '../../ui/loaded';
import { Link, useFragment } from '../../ui/router';
import { api } from '../account';
import { Logo } from '../brand';
import { Site } from '../Site';
import { TicketCard } from './OrderPage';

/** One ticket, where its mail leads: to be shown at the door. */
export function TicketPage({ ticketId }: { ticketId?: string }) {
  const id = ticketId ?? '';
  const key = useFragment('key');
  const headers: Record<string, string> = key ? { 'X-Order-Key': key } : {};
  const ticket = useLoad((signal) => api.call<Ticket>(`/tickets/${encodeURIComponent(id)}`, { headers, signal }), `${id}.${key}`);
  const event = useLoad(ticket.value ? (signal) => api.call<EventDetail>(`/events/${ticket.value?.eventId}`, { signal }) : null, ticket.value?.eventId ?? '');
  return (
    <Site title="Ticket" branding={event.value?.branding}>
      <div className="stack narrow">
        <div className="head">
          <div>
            <Logo branding={event.value?.branding} />
            <h1>Your ticket</h1>
            {event.value && (
              <p data-testid="ticket-event">
                <Link className="textlink" href={`/e/${encodeURIComponent(event.value.slug)}`}>
                  {event.value.name}
                </Link>
                , {timeRange(event.value.startsAt, event.value.endsAt)}
              </p>
            )}
            <p>Show the code at the door, on the screen or on paper.</p>
          </div>
        </div>
        <Loaded of={ticket}>{(value) => <TicketCard ticket={value} headers={headers} />}</Loaded>
      </div>
    </Site>
  );
}
