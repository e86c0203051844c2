import { Minus, Plus, Tag } from 'lucide-react';
import { useRef, useState } from 'react';
import { ApiError, type Answer, type Answers, type EventDetail, type NewOrder, type OnSale, type Order, type TicketType, type Waiting } from '../../sdk/event';
import { Dialog } from '../../ui/dialog';
import { CheckField, Form, TextField, type Values } from '../../ui/forms';
import { amount, price } from '../../ui/money';
import { Button, ErrorNotice } from '../../ui/parts';
import { navigate } from '../../ui/router';
import { api, useAccount } from '../account';
import { leftWords } from '../event/TicketBox';
import { fitted, mostOf, onSaleNow, type Counts } from './choice';
import { deviceStore, keepOrder } from './keptOrders';
import { QuestionFields } from './QuestionFields';
import { sentAnswers } from './questions';

interface Props {
  event: EventDetail;
  onSale: OnSale;
  voucher: string;
  setVoucher: (code: string) => void;
  invitation: string | null;
  waitingList: string | null;
  reload: () => void;
}

/** Which tickets, who comes, what is asked, what is agreed to: one page, sent once. */
export function Checkout({ event, onSale, voucher, setVoucher, invitation, waitingList, reload }: Props) {
  const { me } = useAccount();
  const personal = (invitation ?? waitingList) !== null;
  const [counts, setCounts] = useState<Counts>(() => firstChoice(onSale.types, personal));
  const [seen, setSeen] = useState(onSale);
  const [lost, setLost] = useState<string[]>([]);
  if (seen !== onSale) {
    setSeen(onSale);
    if (!personal) {
      const fit = fitted(counts, seen.types, onSale.types);
      setCounts(fit.counts);
      if (fit.said.length > 0) setLost(fit.said);
    }
  }
  const [answers, setAnswers] = useState<Record<string, Answers>>({});
  const [waitingFor, setWaitingFor] = useState<TicketType | null>(null);
  const attempt = useRef<{ body: string; key: string } | null>(null);
  const chosen = onSale.types.flatMap((type) => Array.from({ length: counts[type.id] ?? 0 }, (_, index) => ({ type, slot: `${type.id}.${index}` })));
  const total = chosen.reduce((sum, { type }) => sum + type.priceMinor, 0);
  const currency = chosen[0]?.type.currency ?? 'EUR';

  const send = async (values: Values): Promise<void> => {
    const order: NewOrder = {
      email: values.text('email'),
      name: values.text('name'),
      tickets: chosen.map(({ type, slot }) => ({
        ticketTypeId: type.id,
        holderName: values.optional(`holderName.${slot}`),
        holderEmail: values.optional(`holderEmail.${slot}`),
        answers: sentAnswers(onSale.questions, type.id, answers[slot] ?? {}),
      })),
      voucher: voucher || undefined,
      invitation: invitation ?? undefined,
      waitingList: waitingList ?? undefined,
      consent: { version: onSale.consent?.version ?? null, storing: onSale.consent ? values.checked('storing') : true, sharing: values.checked('sharing') },
    };
    // The same order sent again (a double click, a connection that broke) is the same order: it keeps its key.
    const body = JSON.stringify(order);
    if (attempt.current?.body !== body) attempt.current = { body, key: crypto.randomUUID() };
    try {
      const placed = await api.call<Order>(`/events/${event.id}/orders`, { method: 'POST', body: order, headers: { 'Idempotency-Key': attempt.current.key } });
      if (placed.key) keepOrder(deviceStore(), { id: placed.id, key: placed.key, eventName: event.name, at: new Date().toISOString() });
      navigate(`/orders/${placed.id}${placed.key ? `#key=${placed.key}` : ''}`);
    } catch (error) {
      // What is on sale, asked or to be agreed to may have changed meanwhile: show how it is now, beside the reason.
      if (error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429) reload();
      throw error instanceof ApiError ? new ApiError(error.status, error.code, error.message.replace(/ \([0-9a-f-]{36}\)/, '')) : error;
    }
  };

  return (
    <div className="checkout">
      <section className="panel" aria-labelledby="which">
        <div className="panel__head">
          <h2 id="which">Tickets</h2>
        </div>
        <ul className="list">
          {onSale.types.map((type) => (
            <TypeRow
              key={type.id}
              type={type}
              count={counts[type.id] ?? 0}
              most={personal ? 1 : mostOf(type, onSale.types, counts)}
              personal={personal}
              set={(count) => {
                setLost([]);
                setCounts(personal ? { [type.id]: count } : { ...counts, [type.id]: count });
              }}
              wait={() => setWaitingFor(type)}
            />
          ))}
        </ul>
        {lost.length > 0 && (
          <div data-testid="choice-changed">
            <ErrorNotice error={lost.join(' ')} />
          </div>
        )}
        <VoucherForm voucher={voucher} set={setVoucher} />
      </section>
      {/* Also when nothing is left of what was chosen: what was typed stays for another choice. */}
      {(chosen.length > 0 || lost.length > 0) && (
        <Form submit={total > 0 ? 'Continue to payment' : chosen.length > 1 ? 'Register everyone' : 'Register'} testId="place-order" wide send={send} disabled={chosen.length === 0}>
          <section className="panel" aria-labelledby="who">
            <div className="panel__head">
              <div>
                <h2 id="who">Your details</h2>
                <p>The tickets are mailed to this address.</p>
              </div>
            </div>
            <div className="form__row">
              <TextField name="name" label="Name" autoComplete="name" defaultValue={me?.user.name} data-testid="order-name" />
              <TextField name="email" label="Email" type="email" autoComplete="email" maxLength={254} defaultValue={me?.user.email} data-testid="order-email" />
            </div>
          </section>
          {chosen.map(({ type, slot }, index) => (
            <TicketFields
              eventId={event.id}
              key={slot}
              title={chosen.length > 1 ? `Ticket ${index + 1}: ${type.name}` : type.name}
              named={chosen.length > 1}
              slot={slot}
              type={type}
              onSale={onSale}
              answers={answers[slot] ?? {}}
              set={(questionId, answer) => setAnswers((before) => ({ ...before, [slot]: { ...before[slot], [questionId]: answer } }))}
            />
          ))}
          {onSale.consent && (
            <section className="panel" aria-labelledby="consent">
              <div className="panel__head">
                <h2 id="consent">Your data</h2>
              </div>
              <CheckField name="storing" required label={onSale.consent.storing} data-testid="consent-storing" />
              {onSale.consent.sharing && <CheckField name="sharing" label={onSale.consent.sharing} hint="You can register without this one." data-testid="consent-sharing" />}
            </section>
          )}
          <p className="total">
            <span>{chosen.length === 1 ? '1 ticket' : `${chosen.length} tickets`}</span>
            <strong className="tabular">{chosen.length > 0 && price(total, currency)}</strong>
          </p>
          {voucher && total > 0 && <p className="small">Your voucher is taken off when the order is placed.</p>}
        </Form>
      )}
      {waitingFor && <WaitDialog event={event} type={waitingFor} close={() => setWaitingFor(null)} />}
    </div>
  );
}

/** One sort of ticket, or one that somebody was invited to, needs no choosing. */
function firstChoice(types: readonly TicketType[], personal: boolean): Counts {
  const only = personal ? (types.find(({ visibility }) => visibility !== 'public') ?? types[0]) : types.length === 1 ? types[0] : undefined;
  return only && (personal || mostOf(only, types, {}) > 0) ? { [only.id]: 1 } : {};
}

function TypeRow({ type, count, most, personal, set, wait }: { type: TicketType; count: number; most: number; personal: boolean; set: (count: number) => void; wait: () => void }) {
  const words = leftWords(type);
  const closed = !onSaleNow(type);
  const soldOut = type.available === 0 && !personal;
  return (
    <li data-testid="ticket-type">
      <div className="item">
        <strong>{type.name}</strong>
        {type.description && <span>{type.description}</span>}
        <span className="tabular">
          {price(type.priceMinor, type.currency)}
          {words && !(personal && soldOut) && ` · ${words}`}
        </span>
      </div>
      <div className="item__end">
        {soldOut && !closed ? (
          type.visibility === 'public' && (
            <Button size="small" onClick={wait} data-testid="join-waiting-list">
              Join the waiting list
            </Button>
          )
        ) : closed ? null : (
          <div className="stepper" role="group" aria-label={`Number of ${type.name}`}>
            <button type="button" className="icon-button" aria-label={`One ${type.name} less`} disabled={count === 0} onClick={() => set(count - 1)}>
              <Minus size={17} aria-hidden="true" />
            </button>
            <output className="tabular" aria-live="polite">
              {count}
            </output>
            <button type="button" className="icon-button" aria-label={`One ${type.name} more`} data-testid="more-tickets" disabled={count >= most} onClick={() => set(count + 1)}>
              <Plus size={17} aria-hidden="true" />
            </button>
          </div>
        )}
      </div>
    </li>
  );
}

function TicketFields({ eventId, title, named, slot, type, onSale, answers, set }: { eventId: string; title: string; named: boolean; slot: string; type: TicketType; onSale: OnSale; answers: Answers; set: (questionId: string, answer: Answer) => void }) {
  const asked = onSale.questions.some(({ ticketTypeId }) => ticketTypeId === null || ticketTypeId === type.id);
  if (!named && !asked) return null;
  return (
    <section className="panel" aria-label={title}>
      <div className="panel__head">
        <h2>{title}</h2>
      </div>
      {named && (
        <div className="form__row">
          <TextField name={`holderName.${slot}`} label="Who comes" optional hint="You, if left empty." />
          <TextField name={`holderEmail.${slot}`} label="Their email" type="email" optional maxLength={254} hint="The ticket is mailed there." />
        </div>
      )}
      <QuestionFields eventId={eventId} questions={onSale.questions} ticketTypeId={type.id} answers={answers} set={set} />
    </section>
  );
}

function VoucherForm({ voucher, set }: { voucher: string; set: (code: string) => void }) {
  const [open, setOpen] = useState(voucher !== '');
  const [code, setCode] = useState(voucher);
  if (!open) {
    return (
      <button type="button" className="textlink voucher__open" onClick={() => setOpen(true)}>
        I have a voucher
      </button>
    );
  }
  return (
    <form
      className="voucher"
      onSubmit={(event) => {
        event.preventDefault();
        set(code.trim());
      }}
    >
      <label className="field">
        <span className="field__label">Voucher code</span>
        <span className="searchbox">
          <Tag size={17} aria-hidden="true" />
          <input className="input" value={code} maxLength={40} autoCapitalize="characters" autoComplete="off" data-testid="voucher" onChange={(change) => setCode(change.target.value)} />
        </span>
      </label>
      <Button type="submit">{voucher && voucher === code.trim() ? 'Applied' : 'Apply'}</Button>
    </form>
  );
}

function WaitDialog({ event, type, close }: { event: EventDetail; type: TicketType; close: () => void }) {
  const { me } = useAccount();
  return (
    <Dialog title={`Wait for ${type.name}`} close={close}>
      <Form
        submit="Join the waiting list"
        testId="waiting-submit"
        cancel={close}
        send={async (values) => {
          const place = await api.call<Waiting>(`/events/${event.id}/waiting-list`, { method: 'POST', body: { ticketTypeId: type.id, email: values.text('email'), name: values.text('name') } });
          close();
          navigate(`/e/${encodeURIComponent(event.slug)}/tickets#waiting=${place.key}`);
        }}
      >
        <p className="quiet">
          {type.priceMinor > 0 ? `${amount(type.priceMinor, type.currency)} a ticket. ` : ''}What comes free is offered in order; you then have a day to take it.
        </p>
        <TextField name="name" label="Name" autoComplete="name" defaultValue={me?.user.name} data-testid="waiting-name" />
        <TextField name="email" label="Email" type="email" autoComplete="email" maxLength={254} defaultValue={me?.user.email} data-testid="waiting-email" />
      </Form>
    </Dialog>
  );
}
