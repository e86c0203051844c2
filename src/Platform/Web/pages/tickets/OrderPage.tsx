import './tickets.css';
import { ArrowRight, CalendarPlus, CircleCheck, Clock, CreditCard, XCircle } from 'lucide-react';
import { useState } from 'react';
import type { EventDetail, Order, Ticket } from '../../sdk/event';
import { Confirm, Dialog } from '../../ui/dialog';
import { duration, timeRange } from '../../ui/format';
import { Form, TextField } from '../../ui/forms';
import { useLoad, useNow, type Loaded as Load } from '../../ui/load';
import { Loaded } from '../../ui/loaded';
import { amount, price } from '../../ui/money';
import { Button } from '../../ui/parts';
import { Link, useFragment } from '../../ui/router';
import { useToast } from '../../ui/toasts';
import { api } from '../account';
import { Site } from '../Site';
import { orderStates, ticketWords } from '../words';
import { deviceStore, keptOrders } from './keptOrders';
import { Qr } from './Qr';

/** An order by its address: the key is in the fragment, on this device, or the account that bought. */
export function OrderPage({ orderId }: { orderId?: string }) {
  const id = orderId ?? '';
  const fromLink = useFragment('key');
  const key = fromLink ?? keptOrders(deviceStore()).find((kept) => kept.id === id)?.key ?? null;
  const headers: Record<string, string> = key ? { 'X-Order-Key': key } : {};
  // Payments are confirmed from elsewhere, refunds are carried out in the background: look again meanwhile.
  const order = useLoad((signal) => api.call<Order>(`/orders/${encodeURIComponent(id)}`, { headers, signal }), `${id}.${key}`, (value) => (value?.state === 'pending' ? 2_000 : value?.state === 'refunding' ? 4_000 : null));
  const event = useLoad(order.value ? (signal) => api.call<EventDetail>(`/events/${order.value?.eventId}`, { signal }) : null, order.value?.eventId ?? '');
  return (
    <Site title="Your order" branding={event.value?.branding}>
      <div className="stack narrow" data-testid="order" data-state={order.value?.state}>
        <Loaded of={order}>{(value) => <Shown order={value} event={event.value} headers={headers} load={order} />}</Loaded>
      </div>
    </Site>
  );
}

function Shown({ order, event, headers, load }: { order: Order; event: EventDetail | null; headers: Record<string, string>; load: Load<Order> }) {
  const [cancelling, setCancelling] = useState(false);
  const state = orderStates[order.state];
  const paid = order.state === 'confirmed' && order.totalMinor > 0;
  return (
    <>
      <header className="orderhead">
        <span className={`orderhead__icon orderhead__icon--${order.state}`} aria-hidden="true">
          {order.state === 'confirmed' ? <CircleCheck size={30} /> : order.state === 'pending' ? <Clock size={30} /> : <XCircle size={30} />}
        </span>
        <div>
          <h1>{order.state === 'confirmed' ? 'You are registered' : order.state === 'pending' ? 'Almost there' : `Order ${state.name.toLowerCase()}`}</h1>
          {event && (
            <p>
              <Link className="textlink" href={`/e/${encodeURIComponent(event.slug)}`}>
                {event.name}
              </Link>
              , {timeRange(event.startsAt, event.endsAt)}
            </p>
          )}
        </div>
        <span className={`badge ${state.tone}`}>{state.name}</span>
      </header>
      {order.state === 'pending' && <Payment order={order} reload={load.reload} />}
      {order.state === 'confirmed' && (
        <div className="notice notice--good">
          <CircleCheck size={18} aria-hidden="true" />
          <div>
            The tickets are on their way to <strong>{order.email}</strong>. This page keeps them too: save its address.
          </div>
        </div>
      )}
      {order.tickets.map((ticket) => (
        <TicketCard key={ticket.id} ticket={ticket} headers={headers} changed={load.reload} />
      ))}
      <section className="panel" aria-label="Summary">
        <p className="total">
          <span>{order.tickets.length === 1 ? '1 ticket' : `${order.tickets.length} tickets`}, ordered by {order.name}</span>
          <strong className="tabular">{price(order.totalMinor, order.currency === 'XXX' ? 'EUR' : order.currency)}</strong>
        </p>
        <div className="head__actions">
          {event && order.state === 'confirmed' && (
            <>
              <Link className="button button--primary" href={`/e/${encodeURIComponent(event.slug)}/reception`} data-testid="order-enter">
                Enter the event <ArrowRight size={17} aria-hidden="true" />
              </Link>
              <a className="button" href={`/api/v1/events/${event.id}/calendar.ics`} download>
                <CalendarPlus size={17} aria-hidden="true" /> Add to calendar
              </a>
            </>
          )}
          {(order.state === 'pending' || order.state === 'confirmed') && !paid && (
            <Button look="quiet" onClick={() => setCancelling(true)} data-testid="order-cancel">
              Cancel the order
            </Button>
          )}
        </div>
        {paid && <p className="small">To give a paid ticket back, write to the organiser: refunds are theirs to make.</p>}
      </section>
      {cancelling && (
        <Confirm
          title="Cancel this order?"
          action="Cancel the order"
          danger
          close={() => setCancelling(false)}
          act={async () => {
            await api.call(`/orders/${order.id}/cancel`, { method: 'POST', headers });
            load.reload();
          }}
        >
          <p>All its tickets end, and others can have the seats.</p>
        </Confirm>
      )}
    </>
  );
}

function Payment({ order, reload }: { order: Order; reload: () => void }) {
  const now = useNow(1_000);
  const toast = useToast();
  const [busy, setBusy] = useState(false);
  const left = order.expiresAt ? Date.parse(order.expiresAt) - now : 0;
  // The built-in provider has no page of its own: its till is a request.
  const test = order.checkoutUrl?.startsWith('/api/v1/payments/test/') ? order.checkoutUrl.slice('/api/v1'.length) : null;
  const pay = async (path: string): Promise<void> => {
    setBusy(true);
    try {
      await api.call(path, { method: 'POST' });
      reload();
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), 'error');
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="panel panel--accent" aria-labelledby="pay">
      <div className="panel__head">
        <div>
          <h2 id="pay">Pay {amount(order.totalMinor, order.currency)}</h2>
          <p>
            The tickets are kept for you for another <span className="tabular">{duration(left)}</span>.
          </p>
        </div>
        {test ? (
          <Button look="primary" busy={busy} onClick={() => void pay(test)} data-testid="pay">
            <CreditCard size={17} aria-hidden="true" /> Pay (test provider)
          </Button>
        ) : order.checkoutUrl ? (
          <a className="button button--primary" href={order.checkoutUrl} data-testid="pay">
            <CreditCard size={17} aria-hidden="true" /> Pay now
          </a>
        ) : (
          <span className="quiet">Preparing the payment</span>
        )}
      </div>
    </section>
  );
}

export function TicketCard({ ticket, headers, changed }: { ticket: Ticket; headers: Record<string, string>; changed?: () => void }) {
  const [passing, setPassing] = useState(false);
  const toast = useToast();
  const valid = ticket.state === 'valid';
  return (
    <article className={`ticket ${valid ? '' : 'ticket--ended'}`} data-testid="ticket" data-state={ticket.state} aria-label={`Ticket of ${ticket.holderName}`}>
      <div className="ticket__text">
        <p className="eyebrow">{ticket.typeName}</p>
        <h2>{ticket.holderName}</h2>
        <p>{ticket.holderEmail}</p>
        {!valid && <span className="badge">{ticketWords(ticket.state)}</span>}
        {valid && changed && (
          <Button size="small" onClick={() => setPassing(true)}>
            Pass on to somebody else
          </Button>
        )}
      </div>
      {valid && ticket.code && <Qr ticketId={ticket.id} headers={headers} />}
      {passing && (
        <Dialog title="Pass this ticket on" close={() => setPassing(false)}>
          <Form
            submit="Pass on"
            cancel={() => setPassing(false)}
            send={async (values) => {
              await api.call(`/tickets/${ticket.id}/transfer`, { method: 'POST', headers, body: { name: values.text('name'), email: values.text('email') } });
              setPassing(false);
              toast('Passed on. The new ticket is mailed to them.');
              changed?.();
            }}
          >
            <p className="quiet">The code above ends; a new one goes to them by mail.</p>
            <TextField name="name" label="Their name" />
            <TextField name="email" label="Their email" type="email" maxLength={254} />
          </Form>
        </Dialog>
      )}
    </article>
  );
}
