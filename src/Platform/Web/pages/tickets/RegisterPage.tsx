import './tickets.css';
import { ArrowLeft, Lock, Mail, TicketX } from 'lucide-react';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import type { EventDetail, OnSale, Waiting } from '../../sdk/event';
import { moment, timeRange } from '../../ui/format';
import { useLoad } from '../../ui/load';
import { Loaded } from '../../ui/loaded';
import { Blank, Button, ErrorNotice, Skeleton } from '../../ui/parts';
import { Link, useFragment } from '../../ui/router';
import { useToast } from '../../ui/toasts';
import { api, useAccount } from '../account';
import { EventMissing, fetchEvent } from '../event/EventPage';
import { Logo } from '../brand';
import { Site } from '../Site';
import { Checkout } from './Checkout';

export function RegisterPage({ slug }: { slug?: string }) {
  const name = slug ?? '';
  const event = useLoad(fetchEvent(name), name);
  if (event.error) return <EventMissing error={event.error} reload={event.reload} />;
  return (
    <Site title={event.value ? `Tickets · ${event.value.name}` : 'Tickets'} branding={event.value?.branding}>
      <div className="stack register">{event.value ? <Register event={event.value} slug={name} /> : <Skeleton height={320} />}</div>
    </Site>
  );
}

function Register({ event, slug }: { event: EventDetail; slug: string }) {
  const { known } = useAccount();
  const invitation = useFragment('invitation');
  const waiting = useFragment('waiting');
  const [voucher, setVoucher] = useState('');
  const query = new URLSearchParams();
  if (voucher) query.set('voucher', voucher);
  if (invitation) query.set('invitation', invitation);
  if (waiting) query.set('waitingList', waiting);
  const fetched = useLoad((signal) => api.call<OnSale>(`/events/${event.id}/tickets?${query.toString()}`, { signal }), query.toString());
  // While a voucher is looked up, what was chosen and typed stays on the screen.
  const before = useRef<OnSale | null>(null);
  if (fetched.value) before.current = fetched.value;
  const onSale = { ...fetched, value: fetched.value ?? before.current };

  return (
    <>
      <header>
        <Link className="back" href={`/e/${encodeURIComponent(slug)}`}>
          <ArrowLeft size={17} aria-hidden="true" /> {event.name}
        </Link>
        <div className="head">
          <div>
            <Logo branding={event.branding} />
            <h1>Register</h1>
            <p>{timeRange(event.startsAt, event.endsAt)}</p>
          </div>
        </div>
      </header>
      {invitation && <Invited invitation={invitation} />}
      {waiting && <InTheQueue place={waiting} />}
      {event.state !== 'live' ? (
        <Blank icon={<Lock size={30} />} title="Tickets are not on sale">
          <p>{event.state === 'ended' ? 'The event has ended.' : event.state === 'cancelled' ? 'The event is cancelled.' : 'The event is not public yet.'}</p>
        </Blank>
      ) : (
        known && (
          <Loaded of={onSale}>
            {(value) =>
              value.types.length === 0 ? (
                <Blank icon={<TicketX size={30} />} title="No tickets here">
                  <p>This event needs none, or sells them to invited people only.</p>
                  <Link className="button" href={`/e/${encodeURIComponent(slug)}`}>
                    Back to the event
                  </Link>
                </Blank>
              ) : (
                <Checkout key={invitation ?? waiting ?? ''} event={event} onSale={value} voucher={voucher} setVoucher={setVoucher} invitation={invitation} waitingList={waiting} reload={onSale.reload} />
              )
            }
          </Loaded>
        )
      )}
    </>
  );
}

/** Somebody was invited by mail: the organiser learns that the link was opened, or that it is not wanted. */
function Invited({ invitation }: { invitation: string }) {
  const [state, setState] = useState<'open' | 'declined'>('open');
  const [error, setError] = useState<unknown>(null);
  const toast = useToast();
  useEffect(() => {
    api.call(`/invitations/${encodeURIComponent(invitation)}/open`, { method: 'POST' }).catch(setError);
  }, [invitation]);
  if (error !== null) return <ErrorNotice error={error} />;
  return (
    <Banner icon={<Mail size={18} aria-hidden="true" />}>
      {state === 'open' ? 'You are invited: one ticket is kept open for you.' : 'You declined this invitation. You can still change your mind.'}
      {state === 'open' && (
        <Button
          size="small"
          onClick={() =>
            void api.call(`/invitations/${encodeURIComponent(invitation)}/decline`, { method: 'POST' }).then(
              () => setState('declined'),
              (reason: unknown) => toast(reason instanceof Error ? reason.message : String(reason), 'error'),
            )
          }
        >
          Decline
        </Button>
      )}
    </Banner>
  );
}

function InTheQueue({ place }: { place: string }) {
  const waiting = useLoad((signal) => api.call<Waiting>(`/waiting-list/${encodeURIComponent(place)}`, { signal }), place, (value) => (value?.state === 'waiting' ? 5_000 : null));
  const toast = useToast();
  const leave = (): void =>
    void api.call(`/waiting-list/${encodeURIComponent(place)}`, { method: 'DELETE' }).then(waiting.reload, (reason: unknown) => toast(reason instanceof Error ? reason.message : String(reason), 'error'));
  if (waiting.error) return <ErrorNotice error={waiting.error} />;
  if (!waiting.value) return <Skeleton height={56} />;
  const { state, position, offeredUntil } = waiting.value;
  const words: Record<Waiting['state'], string> = {
    waiting: position === 1 ? 'You are next on the waiting list. We mail you when a ticket comes free; you can keep this page too.' : `You are number ${position} on the waiting list. We mail you when a ticket comes free.`,
    offered: `A ticket is yours until ${offeredUntil ? moment(offeredUntil) : 'soon'}.`,
    claimed: 'This place in the queue has become a ticket.',
    lapsed: 'The offer ran out. You can join the waiting list again.',
    left: 'You left the waiting list.',
  };
  return (
    <div data-testid="waiting" data-state={state}>
      <Banner icon={<Mail size={18} aria-hidden="true" />}>
        {words[state]}
        {(state === 'waiting' || state === 'offered') && (
          <Button size="small" onClick={leave}>
            Leave the list
          </Button>
        )}
      </Banner>
    </div>
  );
}

function Banner({ icon, children }: { icon: ReactNode; children: ReactNode }) {
  return (
    <div className="notice notice--good banner" role="status">
      {icon}
      <div>{children}</div>
    </div>
  );
}
