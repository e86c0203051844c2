import { Plus } from 'lucide-react';
import { useState } from 'react';
import type { EventDetail, TicketType, Voucher } from '../../../sdk/event';
import { Dialog } from '../../../ui/dialog';
import { moment } from '../../../ui/format';
import { Form, SelectField, TextField } from '../../../ui/forms';
import { Loaded, More } from '../../../ui/loaded';
import { usePages } from '../../../ui/more';
import { Button } from '../../../ui/parts';
import { fromWall, onItsClocks, toWall } from '../../../ui/zones';
import { EditButton } from './EditButton';
import { save } from './save';
import { pagesOf } from './pagesOf';

export function VouchersPanel({ event, types }: { event: EventDetail; types: TicketType[] }) {
  const vouchers = usePages(pagesOf<Voucher>(`/events/${event.id}/vouchers`), event.id);
  const [writing, setWriting] = useState<Voucher | 'new' | null>(null);
  const seen = writing === 'new' ? null : writing;
  const close = (): void => setWriting(null);
  const done = (): void => {
    close();
    vouchers.reload();
  };
  return (
    <section className="panel" aria-labelledby="vouchers">
      <div className="panel__head">
        <div>
          <h2 id="vouchers">Vouchers</h2>
          <p>A code that takes something off, or opens ticket types that nobody else sees.</p>
        </div>
        <Button size="small" onClick={() => setWriting('new')} data-testid="add-voucher">
          <Plus size={16} aria-hidden="true" /> Add a voucher
        </Button>
      </div>
      <Loaded of={vouchers} rows={1}>
        {(items) =>
          items.length > 0 && (
            <ul className="list" data-testid="vouchers">
              {items.map((voucher) => (
                <li key={voucher.id}>
                  <div className="item">
                    <strong>{voucher.code}</strong>
                    <span>
                      {voucher.percentOff > 0 ? `${voucher.percentOff} % off` : 'Opens hidden types'}
                      {voucher.ticketTypeId && `, only ${types.find(({ id }) => id === voucher.ticketTypeId)?.name ?? 'one type'}`}
                      {voucher.validUntil && `, until ${moment(voucher.validUntil, event.timeZone)}`}
                    </span>
                  </div>
                  <div className="item__end">
                    <span className="badge tabular">
                      {voucher.used} of {voucher.maxUses} used
                    </span>
                    <EditButton name={voucher.code} edit={() => setWriting(voucher)} />
                  </div>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      <More of={vouchers} />
      {writing && (
        <Dialog title={seen ? `Change ${seen.code}` : 'Add a voucher'} close={close}>
          <Form
            submit={seen ? 'Save' : 'Add'}
            testId="voucher-save"
            cancel={close}
            lookAgain={done}
            aliases={{ voucher_exists: 'code', max_uses_below_used: 'maxUses' }}
            send={async (values) => {
              const until = values.optional('validUntil');
              await save(`/events/${event.id}/vouchers`, seen, {
                ...(seen ? {} : { code: values.text('code') }),
                percentOff: values.number('percentOff'),
                maxUses: values.number('maxUses'),
                ticketTypeId: values.optional('ticketTypeId') ?? null,
                validUntil: until && fromWall(until, event.timeZone),
              });
              done();
            }}
          >
            {!seen && <TextField name="code" label="Code" maxLength={40} autoCapitalize="characters" autoComplete="off" data-testid="voucher-code" />}
            <div className="form__row">
              <TextField name="percentOff" label="Percent off" type="number" min={0} max={100} defaultValue={seen?.percentOff ?? 0} />
              <TextField name="maxUses" label="Orders it is good for" type="number" min={1} max={1_000_000} defaultValue={seen?.maxUses ?? 1} hint={seen && seen.used > 0 ? `${seen.used} used.` : undefined} data-testid="voucher-uses" />
            </div>
            <SelectField name="ticketTypeId" label="For" defaultValue={seen?.ticketTypeId ?? ''}>
              <option value="">Every ticket type</option>
              {types.map((type) => (
                <option key={type.id} value={type.id}>
                  {type.name}
                </option>
              ))}
            </SelectField>
            <TextField name="validUntil" label="Good until" type="datetime-local" optional defaultValue={seen?.validUntil ? toWall(seen.validUntil, event.timeZone) : undefined} hint={`${onItsClocks(event)}${seen ? ' A time that has passed ends it.' : ''}`} />
          </Form>
        </Dialog>
      )}
    </section>
  );
}
