import { ArrowRight, Ticket } from 'lucide-react';
import { ApiError, type EventDetail, type OnSale, type TicketType } from '../../sdk/event';
import { moment } from '../../ui/format';
import { useLoad } from '../../ui/load';
import { price } from '../../ui/money';
import { Link } from '../../ui/router';
import { api } from '../account';

/** What can be had, on the landing page; the way to registering. Nothing when nothing is sold here. */
export function TicketBox({ event, slug }: { event: EventDetail; slug: string }) {
  const onSale = useLoad(
    async (signal) => {
      try {
        return await api.call<OnSale>(`/events/${event.id}/tickets`, { signal });
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null; // not public yet: nothing is sold
        throw error;
      }
    },
    event.id,
    () => 20_000,
  );
  const types = onSale.value?.types ?? [];
  if (types.length === 0 || event.state !== 'live') return null;
  return (
    <section className="panel ticketbox" aria-labelledby="tickets-title">
      <h2 className="section-title" id="tickets-title">
        Tickets
      </h2>
      <ul>
        {types.map((type) => (
          <li key={type.id}>
            <span>{type.name}</span>
            <span className="ticketbox__price tabular">{price(type.priceMinor, type.currency)}</span>
            <span className="ticketbox__left">{leftWords(type)}</span>
          </li>
        ))}
      </ul>
      <Link className="button button--primary button--wide" href={`/e/${encodeURIComponent(slug)}/tickets`} data-testid="register">
        <Ticket size={18} aria-hidden="true" /> Register <ArrowRight size={17} aria-hidden="true" />
      </Link>
    </section>
  );
}

/** Numbers only when they matter: few are left, or none. */
export function leftWords(type: TicketType, now = Date.now()): string {
  if (type.salesFrom && Date.parse(type.salesFrom) > now) return `On sale from ${moment(type.salesFrom)}`;
  if (type.salesUntil && Date.parse(type.salesUntil) <= now) return 'No longer on sale';
  if (type.available === 0) return 'Sold out';
  return type.available <= 20 ? `${type.available} left` : '';
}
