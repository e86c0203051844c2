import './tickets.css';
import { ChevronRight, Ticket } from 'lucide-react';
import { useMemo } from 'react';
import type { MyOrder, Page } from '../../sdk/event';
import { moment, timeRange } from '../../ui/format';
import { Loaded } from '../../ui/loaded';
import { usePages } from '../../ui/more';
import { price } from '../../ui/money';
import { Blank, Button, Skeleton } from '../../ui/parts';
import { Link } from '../../ui/router';
import { api, useAccount } from '../account';
import { Site, signInFor } from '../Site';
import { orderStates } from '../words';
import { deviceStore, keptOrders } from './keptOrders';

export function MyTicketsPage() {
  const { me, known } = useAccount();
  return (
    <Site title="My tickets">
      <div className="stack narrow">
        <div className="head">
          <div>
            <h1>My tickets</h1>
            <p>{me ? `Bought with ${me.user.email}, and on this device.` : 'Bought on this device. Sign in to see those of your account.'}</p>
          </div>
          {known && !me && (
            <Link className="button" href={signInFor('/my/tickets')}>
              Sign in
            </Link>
          )}
        </div>
        {!known ? <Skeleton height={120} /> : me ? <OfAccount key={me.user.id} /> : <OnDevice without={[]} alone />}
      </div>
    </Site>
  );
}

function OfAccount() {
  const orders = usePages((after, signal) => api.call<Page<MyOrder>>(`/me/orders${after ? `?after=${after}` : ''}`, { signal }), 'orders');
  return (
    <Loaded of={orders}>
      {(items) => (
        <>
          {items.length > 0 && (
            <ul className="stack stack--tight" data-testid="my-orders">
              {items.map((order) => (
                <li key={order.id}>
                  <OrderLink
                    href={`/orders/${order.id}`}
                    title={order.event.name}
                    says={timeRange(order.event.startsAt, order.event.endsAt)}
                    more={`${order.tickets === 1 ? '1 ticket' : `${order.tickets} tickets`}${order.totalMinor > 0 ? ` · ${price(order.totalMinor, order.currency)}` : ''}`}
                    badge={orderStates[order.state]}
                  />
                </li>
              ))}
            </ul>
          )}
          {orders.more && (
            <Button busy={orders.busy} onClick={() => void orders.more?.()}>
              Show more
            </Button>
          )}
          <OnDevice without={items.map(({ id }) => id)} alone={items.length === 0} />
        </>
      )}
    </Loaded>
  );
}

/** Orders made here without an account. */
function OnDevice({ without, alone }: { without: string[]; alone: boolean }) {
  const kept = useMemo(() => keptOrders(deviceStore()), []);
  const shown = kept.filter(({ id }) => !without.includes(id));
  if (shown.length === 0) {
    return alone ? (
      <Blank icon={<Ticket size={30} />} title="No tickets yet">
        <p>When you register for an event, you find its tickets here.</p>
        <Link className="button" href="/">
          Look around
        </Link>
      </Blank>
    ) : null;
  }
  return (
    <section aria-labelledby="device">
      {!alone && (
        <h2 className="section-title" id="device">
          Bought on this device without the account
        </h2>
      )}
      <ul className="stack stack--tight" data-testid="kept-orders">
        {shown.map((order) => (
          <li key={order.id}>
            <OrderLink href={`/orders/${order.id}#key=${order.key}`} title={order.eventName} says={`Ordered ${moment(order.at)}`} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function OrderLink({ href, title, says, more, badge }: { href: string; title: string; says: string; more?: string; badge?: { name: string; tone: string } }) {
  return (
    <Link className="programme__item" href={href}>
      <div className="programme__text">
        <h2>{title}</h2>
        <p>{says}</p>
        {more && <p>{more}</p>}
      </div>
      {badge && <span className={`badge ${badge.tone}`}>{badge.name}</span>}
      <ChevronRight size={18} aria-hidden="true" />
    </Link>
  );
}
