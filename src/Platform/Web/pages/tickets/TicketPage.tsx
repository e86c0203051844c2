import './tickets.css';
import type { Ticket } from '../../sdk/event';
import { useLoad } from '../../ui/load';
import { Loaded } from '../../ui/loaded';
import { useFragment } from '../../ui/router';
import { api } from '../account';
import { Site } from '../Site';
import { TicketCard } from './OrderPage';

/** One ticket, where its mail leads: to be shown at the door. */
export function TicketPage({ ticketId }: { ticketId?: string }) {
  const id = ticketId ?? '';
  const key = useFragment('key');
  const headers: Record<string, string> = key ? { 'X-Order-Key': key } : {};
  const ticket = useLoad((signal) => api.call<Ticket>(`/tickets/${encodeURIComponent(id)}`, { headers, signal }), `${id}.${key}`);
  return (
    <Site title="Ticket">
      <div className="stack narrow">
        <div className="head">
          <div>
            <h1>Your ticket</h1>
            <p>Show the code at the door, on the screen or on paper.</p>
          </div>
        </div>
        <Loaded of={ticket}>{(value) => <TicketCard ticket={value} headers={headers} />}</Loaded>
      </div>
    </Site>
  );
}
