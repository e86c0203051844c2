import { Plus } from 'lucide-react';
import { useState } from 'react';
import { ApiError, type EventDetail, type OnSale, type Quota, type TicketType } from '../../../sdk/event';
import { Dialog } from '../../../ui/dialog';
import { moment } from '../../../ui/format';
import { AreaField, Form, SelectField, TextField, type Values } from '../../../ui/forms';
import { digits, fromMinor, price, toMinor } from '../../../ui/money';
import { Button } from '../../../ui/parts';
import { Link } from '../../../ui/router';
import { fromWall, onItsClocks, toWall } from '../../../ui/zones';
import { EditButton } from './EditButton';
import { RemoveButton } from './RemoveButton';
import { save } from './save';

const visibilities = { public: 'Everybody', hidden: 'Who has a voucher', invited: 'Who is invited' };
const currencies = ['EUR', 'USD', 'GBP', 'CHF', 'SEK', 'NOK', 'DKK', 'PLN', 'CZK', 'JPY', 'AUD', 'CAD'];

export function TypesPanel({ event, onSale, quotas, changed }: { event: EventDetail; onSale: OnSale; quotas: Quota[]; changed: () => void }) {
  const [writing, setWriting] = useState<TicketType | 'new' | null>(null);
  return (
    <section className="panel" aria-labelledby="types">
      <div className="panel__head">
        <div>
          <h2 id="types">Ticket types</h2>
          <p>What people choose from.</p>
        </div>
        <Button size="small" onClick={() => setWriting('new')} disabled={quotas.length === 0} data-testid="add-type">
          <Plus size={16} aria-hidden="true" /> Add a type
        </Button>
      </div>
      {onSale.types.length > 0 && (
        <ul className="list" data-testid="types">
          {onSale.types.map((type) => (
            <li key={type.id}>
              <div className="item">
                <strong>{type.name}</strong>
                <span>
                  From “{quotas.find(({ id }) => id === type.quotaId)?.name ?? 'seats'}”, {type.available} available, at most {type.maxPerOrder} an order
                  {type.salesFrom && `, from ${moment(type.salesFrom, event.timeZone)}`}
                  {type.salesUntil && `, until ${moment(type.salesUntil, event.timeZone)}`}
                </span>
              </div>
              <div className="item__end">
                {type.visibility !== 'public' && <span className="badge badge--accent">{visibilities[type.visibility]}</span>}
                <strong className="tabular">{price(type.priceMinor, type.currency)}</strong>
                <EditButton name={type.name} edit={() => setWriting(type)} />
                <RemoveButton name={type.name} path={`/events/${event.id}/ticket-types/${type.id}`} says="It is no longer sold. Tickets that people have stay good; who waits for one no longer does." removed={changed} />
              </div>
            </li>
          ))}
        </ul>
      )}
      {writing && <TypeDialog event={event} quotas={quotas} type={writing === 'new' ? null : writing} close={() => setWriting(null)} changed={changed} />}
    </section>
  );
}

function TypeDialog({ event, quotas, type, close, changed }: { event: EventDetail; quotas: Quota[]; type: TicketType | null; close: () => void; changed: () => void }) {
  const [currency, setCurrency] = useState(type?.currency ?? 'EUR');
  const [noAccount, setNoAccount] = useState(false);
  const locked = (type?.sold ?? 0) > 0;
  const done = (): void => {
    close();
    changed();
  };
  const send = async (values: Values): Promise<void> => {
    const minor = locked ? (type?.priceMinor ?? 0) : toMinor(values.text('price') || '0', currency);
    if (minor === null) throw new ApiError(400, 'price_invalid', `Write an amount with at most ${digits(currency)} digits behind the point.`);
    const [from, until] = [values.optional('salesFrom'), values.optional('salesUntil')];
    try {
      await save(`/events/${event.id}/ticket-types`, type, {
        name: values.text('name'),
        description: values.text('description'),
        quotaId: locked ? type?.quotaId : values.text('quotaId'),
        visibility: values.text('visibility'),
        priceMinor: minor,
        currency,
        maxPerOrder: values.number('maxPerOrder'),
        salesFrom: from && fromWall(from, event.timeZone),
        salesUntil: until && fromWall(until, event.timeZone),
      });
    } catch (error) {
      setNoAccount(error instanceof ApiError && error.code === 'payment_account_missing');
      throw error;
    }
    done();
  };
  const wall = (at: string | null | undefined): string | undefined => (at ? toWall(at, event.timeZone) : undefined);
  return (
    <Dialog title={type ? 'Change the ticket type' : 'Add a ticket type'} close={close}>
      <Form submit={type ? 'Save' : 'Add'} testId="type-save" cancel={close} lookAgain={done} aliases={{ times_invalid: 'salesUntil' }} send={send}>
        <TextField name="name" label="Name" defaultValue={type?.name} data-testid="type-name" />
        <AreaField name="description" label="What is included" optional maxLength={2000} rows={2} defaultValue={type?.description} />
        <div className="form__row">
          <TextField
            name="price"
            label="Price"
            optional
            inputMode="decimal"
            placeholder="Free"
            disabled={locked}
            defaultValue={type && type.priceMinor > 0 ? fromMinor(type.priceMinor, type.currency) : undefined}
            hint={locked ? 'Some are sold: the price stays.' : undefined}
            data-testid="type-price"
          />
          <SelectField name="currency" label="Currency" value={currency} disabled={locked} onChange={(change) => setCurrency(change.target.value)}>
            {currencies.map((code) => (
              <option key={code}>{code}</option>
            ))}
          </SelectField>
        </div>
        <div className="form__row">
          <SelectField name="quotaId" label="Drawn from" defaultValue={type?.quotaId} disabled={locked}>
            {quotas.map((quota) => (
              <option key={quota.id} value={quota.id}>
                {quota.name} ({quota.capacity})
              </option>
            ))}
          </SelectField>
          <SelectField name="visibility" label="Who may have it" defaultValue={type?.visibility} data-testid="type-visibility">
            {Object.entries(visibilities).map(([key, words]) => (
              <option key={key} value={key}>
                {words}
              </option>
            ))}
          </SelectField>
        </div>
        <TextField name="maxPerOrder" label="At most in one order" type="number" min={1} max={50} defaultValue={type?.maxPerOrder ?? 10} />
        <div className="form__row">
          <TextField name="salesFrom" label="On sale from" type="datetime-local" optional defaultValue={wall(type?.salesFrom)} hint={onItsClocks(event)} />
          <TextField name="salesUntil" label="On sale until" type="datetime-local" optional defaultValue={wall(type?.salesUntil)} />
        </div>
        {noAccount && event.organisation && (
          <p className="small">
            <Link className="textlink" href={`/organise/${event.organisation.id}/settings`}>
              Connect a payment account
            </Link>{' '}
            to sell tickets for money.
          </p>
        )}
      </Form>
    </Dialog>
  );
}
