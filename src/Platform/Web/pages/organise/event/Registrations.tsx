import { Download, IdCard, Search, UserCheck } from 'lucide-react';
import { useCallback, useEffect, useState } from 'react';
import type { ApiRequest, EventAction, EventDetail, OnSale, Order, OrderSummary, Page, Ticket } from '../../../sdk/event';
import { Confirm, Dialog } from '../../../ui/dialog';
import { moment } from '../../../ui/format';
import { useLoad, type Loaded as Load } from '../../../ui/load';
import { Loaded, More } from '../../../ui/loaded';
import { price } from '../../../ui/money';
import { usePages } from '../../../ui/more';
import { Blank, Button, Select } from '../../../ui/parts';
import { useToast } from '../../../ui/toasts';
import { api } from '../../account';
import { orderStates, ticketWords } from '../../words';
import { refundOf } from './refund';

/** Who registered: searched by name or address, opened, refunded, taken back. */
export function Registrations({ event, onSale, may }: { event: EventDetail; onSale: Load<OnSale>; may: (action: EventAction) => boolean }) {
  const [typed, setTyped] = useState('');
  const [text, setText] = useState('');
  const [state, setState] = useState('');
  const [type, setType] = useState('');
  const [opened, setOpened] = useState<string | null>(null);
  const filter = { ...(text ? { text } : {}), ...(state ? { state } : {}), ...(type ? { type } : {}) };
  const query = new URLSearchParams({ limit: '50', ...filter }).toString();
  const fetch = useCallback((after: string | null, signal?: AbortSignal) => api.call<Page<OrderSummary>>(`/events/${event.id}/orders?${query}${after ? `&after=${after}` : ''}`, { signal }), [event.id, query]);
  const orders = usePages(fetch, `${event.id}.${query}`, () => 10_000);
  useEffect(() => {
    const timer = setTimeout(() => setText(typed.trim()), 250);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <section className="panel" aria-labelledby="registrations">
      <div className="panel__head">
        <h2 id="registrations">Registrations</h2>
        <div className="head__actions">
          {may('edit_event') && (
            <a className="button button--small" href={`/api/v1/events/${event.id}/badges.pdf`} download data-testid="badges">
              <IdCard size={16} aria-hidden="true" /> Badges as PDF
            </a>
          )}
          <a className="button button--small" href={`/api/v1/events/${event.id}/registrations.csv?${new URLSearchParams(filter)}`} download data-testid="orders-export">
            <Download size={16} aria-hidden="true" /> Export as CSV
          </a>
        </div>
      </div>
      <search className="filters" aria-label="Registrations">
        <label className="field filters__text">
          <span className="visually-hidden">Name or email</span>
          <span className="searchbox">
            <Search size={18} aria-hidden="true" />
            <input className="input" type="search" placeholder="Name or email" maxLength={200} value={typed} onChange={(change) => setTyped(change.target.value)} data-testid="orders-search" />
          </span>
        </label>
        <label className="field">
          <span className="visually-hidden">State</span>
          <Select value={state} onChange={(change) => setState(change.target.value)}>
            <option value="">Any state</option>
            {Object.entries(orderStates).map(([key, { name }]) => (
              <option key={key} value={key}>
                {name}
              </option>
            ))}
          </Select>
        </label>
        {(onSale.value?.types.length ?? 0) > 1 && (
          <label className="field">
            <span className="visually-hidden">Ticket type</span>
            <Select value={type} onChange={(change) => setType(change.target.value)}>
              <option value="">Any ticket</option>
              {onSale.value?.types.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </Select>
          </label>
        )}
      </search>
      <Loaded of={orders}>
        {(items) =>
          items.length === 0 ? (
            <Blank icon={<UserCheck size={28} />} title={text || state || type ? 'Nobody fits' : 'Nobody has registered yet'}>
              <p>{text || state || type ? 'Try another name or state.' : onSale.value?.types.length === 0 ? 'Offer tickets first.' : 'Who registers appears here by itself.'}</p>
            </Blank>
          ) : (
            <>
              <ul className="list" data-testid="orders">
                {items.map((order) => (
                  <li key={order.id} data-testid="order-row" data-state={order.state}>
                    <div className="item">
                      <strong>{order.name}</strong>
                      <span>{order.email}</span>
                      <span>
                        {order.tickets === 1 ? '1 ticket' : `${order.tickets} tickets`}
                        {order.checkedIn > 0 && `, ${order.checkedIn} in`}
                        {order.totalMinor > 0 && ` · ${price(order.totalMinor, order.currency)}`} · {moment(order.createdAt)}
                      </span>
                      {order.refundProblem && <span data-testid="refund-problem">The refund failed: {order.refundProblem}</span>}
                    </div>
                    <div className="item__end">
                      <span className={`badge ${orderStates[order.state].tone}`}>{order.refundProblem ? 'Refund failed' : orderStates[order.state].name}</span>
                      <Button size="small" onClick={() => setOpened(order.id)} aria-label={`Open the order of ${order.name}`}>
                        Open
                      </Button>
                    </div>
                  </li>
                ))}
              </ul>
              <More of={orders} />
            </>
          )
        }
      </Loaded>
      {opened && <OrderDialog id={opened} problem={orders.value?.find(({ id }) => id === opened)?.refundProblem ?? null} ends={may('end_orders')} close={() => setOpened(null)} changed={orders.reload} />}
    </section>
  );
}

function OrderDialog({ id, problem, ends, close, changed }: { id: string; /** Why its money did not go back. */ problem: string | null; /** We may give money back. */ ends: boolean; close: () => void; changed: () => void }) {
  const order = useLoad((signal) => api.call<Order>(`/orders/${id}`, { signal }), id);
  const [asking, setAsking] = useState<'order' | Ticket | null>(null);
  const [byHand, setByHand] = useState(false);
  const toast = useToast();
  const reload = (): void => {
    order.reload();
    changed();
  };
  const act = (path: string, request: ApiRequest, done: string): void =>
    void api.call(path, request).then(
      () => {
        toast(done);
        reload();
      },
      (error: unknown) => toast(error instanceof Error ? error.message : String(error), 'error'),
    );
  return (
    <Dialog title="Order" close={close} wide>
      <Loaded of={order}>
        {(value) => {
          const open = value.state === 'pending' || value.state === 'confirmed';
          const paid = value.totalMinor > 0 && value.state === 'confirmed';
          const refund = refundOf(value.state, problem);
          return (
            <div className="stack stack--tight">
              <div className="panel__head">
                <div>
                  <h3>{value.name}</h3>
                  <p>{value.email}</p>
                </div>
                <span className={`badge ${orderStates[value.state].tone}`}>{orderStates[value.state].name}</span>
              </div>
              <ul className="list">
                {value.tickets.map((ticket) => (
                  <li key={ticket.id}>
                    <div className="item">
                      <strong>{ticket.holderName}</strong>
                      <span>{ticket.holderEmail}</span>
                      <span>
                        {ticket.typeName}
                        {ticket.checkedInAt && `, came in ${moment(ticket.checkedInAt)}`} · {price(ticket.priceMinor, value.currency === 'XXX' ? 'EUR' : value.currency)}
                      </span>
                    </div>
                    <div className="item__end">
                      {ticket.state === 'valid' ? (
                        <>
                        <Button size="small" look="quiet" onClick={() => act(`/tickets/${ticket.id}/resend`, { method: 'POST' }, 'On its way again.')} aria-label={`Mail the ticket of ${ticket.holderName} again`} data-testid="ticket-resend">
                          Mail again
                        </Button>
                        {ticket.checkedInAt ? (
                          <Button size="small" look="quiet" onClick={() => act(`/tickets/${ticket.id}/check-in`, { method: 'DELETE' }, 'Taken back.')} aria-label={`${ticket.holderName} has not come in`}>
                            Not in
                          </Button>
                        ) : (
                          <Button size="small" look="quiet" onClick={() => act('/tickets/check-in', { method: 'POST', body: { ticketId: ticket.id, eventId: value.eventId } }, 'Checked in.')} aria-label={`Check ${ticket.holderName} in`} data-testid="ticket-check-in">
                            Check in
                          </Button>
                        )}
                        {ends && (
                          <Button size="small" look="quiet" onClick={() => setAsking(ticket)} aria-label={`Take back the ticket of ${ticket.holderName}`}>
                            Take back
                          </Button>
                        )}
                        </>
                      ) : (
                        <span className="badge">{ticketWords(ticket.state)}</span>
                      )}
                    </div>
                  </li>
                ))}
              </ul>
              {refund === 'under way' && <p data-testid="refund-under-way">The payment provider is giving the money back.</p>}
              {refund === 'failed' && ends && (
                <div className="form__end">
                  <Button onClick={() => act(`/orders/${id}/refund`, { method: 'POST' }, 'The payment provider is asked.')} data-testid="order-refund-again">
                    Ask for the refund again
                  </Button>
                  <Button look="quiet" onClick={() => setByHand(true)} data-testid="order-refund-by-hand">
                    I have given it back myself
                  </Button>
                </div>
              )}
              {open && ends && (
                <div className="form__end">
                  <Button look="danger" onClick={() => setAsking('order')} data-testid="order-refund">
                    {paid ? 'Cancel and refund' : 'Cancel the order'}
                  </Button>
                </div>
              )}
              {byHand && (
                <Confirm
                  title={`Is ${price(value.totalMinor, value.currency)} back with ${value.name}?`}
                  action="It is back"
                  close={() => setByHand(false)}
                  act={async () => {
                    await api.call(`/orders/${value.id}/refund`, { method: 'POST', body: { byHand: true } });
                    reload();
                  }}
                >
                  <p>For money that you gave back by a transfer, or in the payment provider’s own pages. The buyer is told, and the provider is not asked again.</p>
                </Confirm>
              )}
              {asking && (
                <Confirm
                  title={asking === 'order' ? (paid ? `Refund ${price(value.totalMinor, value.currency)}?` : 'Cancel this order?') : `Take back the ticket of ${asking.holderName}?`}
                  action={asking === 'order' ? (paid ? 'Cancel and refund' : 'Cancel the order') : 'Take back'}
                  danger
                  close={() => setAsking(null)}
                  act={async () => {
                    await api.call(asking === 'order' ? `/orders/${value.id}/refund` : `/tickets/${asking.id}/revoke`, { method: 'POST' });
                    reload();
                  }}
                >
                  <p>{asking === 'order' ? 'All its tickets end, and their seats are free again.' : 'The code ends and the seat is free again. Nothing is refunded.'}</p>
                </Confirm>
              )}
            </div>
          );
        }}
      </Loaded>
    </Dialog>
  );
}
