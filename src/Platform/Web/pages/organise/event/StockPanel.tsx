import { Plus } from 'lucide-react';
import { useState, type CSSProperties } from 'react';
import type { EventDetail, Quota } from '../../../sdk/event';
import { Dialog } from '../../../ui/dialog';
import { Form, TextField } from '../../../ui/forms';
import type { Loaded as Load } from '../../../ui/load';
import { Loaded } from '../../../ui/loaded';
import { Button } from '../../../ui/parts';
import { EditButton } from './EditButton';
import { save } from './save';

/** How many seats there are. Ticket types draw from them, several from one if wanted. */
export function StockPanel({ event, quotas, changed }: { event: EventDetail; quotas: Load<Quota[]>; changed: () => void }) {
  const [writing, setWriting] = useState<Quota | 'new' | null>(null);
  const done = (): void => {
    setWriting(null);
    changed();
  };
  return (
    <section className="panel" aria-labelledby="stock">
      <div className="panel__head">
        <div>
          <h2 id="stock">Seats</h2>
          <p>What there is to give. Ticket types draw from a stock of seats; several may share one, and it is never oversold.</p>
        </div>
        <Button size="small" onClick={() => setWriting('new')} data-testid="add-quota">
          <Plus size={16} aria-hidden="true" /> Add seats
        </Button>
      </div>
      <Loaded of={quotas} rows={1}>
        {(items) =>
          items.length === 0 ? (
            <p className="quiet">No seats yet. Add some, then a ticket type.</p>
          ) : (
            <ul className="list" data-testid="quotas">
              {items.map((quota) => (
                <li key={quota.id}>
                  <div className="item">
                    <strong>{quota.name}</strong>
                    <span>
                      {quota.taken} of {quota.capacity} taken
                      {quota.held > 0 && `, ${quota.held} being paid`}
                      {quota.waiting > 0 && `, ${quota.waiting} waiting`}
                    </span>
                  </div>
                  <div className="stock" aria-hidden="true">
                    <div className="meter">
                      <div style={share(quota.taken, quota.capacity)} />
                      <div className="meter__held" style={share(quota.held, quota.capacity)} />
                    </div>
                  </div>
                  <EditButton name={`the seats “${quota.name}”`} edit={() => setWriting(quota)} />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      {writing && (
        <Dialog title={writing === 'new' ? 'Add seats' : 'Change seats'} close={() => setWriting(null)}>
          <Form
            submit="Save"
            testId="quota-save"
            cancel={() => setWriting(null)}
            lookAgain={done}
            aliases={{ capacity_below_sold: 'capacity' }}
            send={async (values) => {
              const body = { name: values.text('name'), capacity: values.number('capacity') };
              await save(`/events/${event.id}/quotas`, writing === 'new' ? null : writing, body, 'PATCH');
              done();
            }}
          >
            <TextField name="name" label="Name" defaultValue={writing === 'new' ? 'Seats' : writing.name} hint="Only you see it." data-testid="quota-name" />
            <TextField
              name="capacity"
              label="How many"
              type="number"
              min={writing === 'new' ? 0 : Math.min(writing.capacity, writing.taken + writing.held)}
              max={1_000_000}
              step={1}
              inputMode="numeric"
              defaultValue={writing === 'new' ? 100 : writing.capacity}
              hint={writing !== 'new' && writing.taken > 0 ? `${writing.taken} are taken: it cannot be less. More are on sale at once.` : undefined}
              data-testid="quota-capacity"
            />
          </Form>
        </Dialog>
      )}
    </section>
  );
}

function share(part: number, whole: number): CSSProperties {
  return { width: `${whole > 0 ? Math.min(100, (part / whole) * 100) : 0}%` };
}
