import { CircleCheck, TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import type { Cancellation, EventDetail } from '../../../sdk/event';
import { Dialog } from '../../../ui/dialog';
import { AreaField, CheckField, Form } from '../../../ui/forms';
import { useLoad } from '../../../ui/load';
import { Loaded } from '../../../ui/loaded';
import { Button, Progress } from '../../../ui/parts';
import { useToast } from '../../../ui/toasts';
import { api } from '../../account';

/** Calls the event off; there is no way back, so it asks twice. */
export function CancelPanel({ event, reloadEvent }: { event: EventDetail; reloadEvent: () => void }) {
  const [asking, setAsking] = useState(false);
  return (
    <section className="panel panel--danger" aria-labelledby="cancel">
      <div className="panel__head">
        <div>
          <h2 id="cancel">Cancel the event</h2>
          <p>When it cannot take place: every order is ended and refunded, everybody is told by mail, and the doors close.</p>
        </div>
        <Button size="small" look="danger" onClick={() => setAsking(true)} data-testid="cancel-event">
          Cancel the event
        </Button>
      </div>
      {asking && (
        <Dialog title={`Cancel “${event.name}”?`} close={() => setAsking(false)}>
          <Form
            submit="Cancel the event"
            submitLook="danger"
            testId="cancel-confirm"
            cancel={() => setAsking(false)}
            send={async (values) => {
              await api.call(`/events/${event.id}/cancellation`, { method: 'POST', body: { message: values.text('message') } });
              setAsking(false);
              reloadEvent();
            }}
          >
            <AreaField name="message" label="What people should know" optional maxLength={2000} rows={4} hint="Goes into the mail to everybody with a ticket, an invitation, or a place in the queue." data-testid="cancel-message" />
            <CheckField name="sure" label="I know that this cannot be taken back." required data-testid="cancel-sure" />
          </Form>
        </Dialog>
      )}
    </section>
  );
}

/** How far a cancellation has come. */
export function CancellationPanel({ event }: { event: EventDetail }) {
  const toast = useToast();
  const progress = useLoad((signal) => api.call<Cancellation>(`/events/${event.id}/cancellation`, { signal }), event.id, (value) => (value?.state === 'working' ? 2_000 : null));
  const retry = (): void =>
    void api.call(`/events/${event.id}/cancellation/refunds`, { method: 'POST' }).then(progress.reload, (error: unknown) => toast(error instanceof Error ? error.message : String(error), 'error'));
  return (
    <Loaded of={progress} rows={1}>
      {(value) => {
        const refunds = value.refundsDone + value.refundsWaiting + value.refundsFailed;
        const all = value.ordersOpen + value.ordersEnded + refunds;
        const ended = value.ordersEnded + value.refundsDone + value.refundsFailed;
        return (
          <section className="panel" aria-labelledby="cancellation" data-testid="cancellation" data-state={value.state}>
            <div className="panel__head">
              <div>
                <h2 id="cancellation">The event is cancelled</h2>
                <p>{value.state === 'working' ? 'Orders are being ended and everybody is being told. It goes on without this page.' : value.state === 'done' ? 'All orders are ended, and everybody is told.' : 'Some money could not be given back.'}</p>
              </div>
              {value.state === 'done' ? <CircleCheck className="good" size={24} aria-hidden="true" /> : value.state === 'attention' ? <TriangleAlert className="warn" size={24} aria-hidden="true" /> : null}
            </div>
            {value.state === 'working' && <Progress value={all === 0 ? 0 : ended / all} label="Cancelling" />}
            <dl className="figures">
              <Figure name="Orders ended" done={value.ordersEnded} of={value.ordersEnded + value.ordersOpen} />
              <Figure name="Refunded" done={value.refundsDone} of={refunds} />
              <div className="figure">
                <dt>Holders to be told</dt>
                <dd>{value.ticketsUntold}</dd>
              </div>
            </dl>
            {value.refundsFailed > 0 && (
              <div className="notice notice--error" role="alert">
                <TriangleAlert size={18} aria-hidden="true" />
                <div>
                  {value.refundsFailed === 1 ? 'One refund was' : `${value.refundsFailed} refunds were`} refused by the payment provider.{' '}
                  <button type="button" className="textlink" onClick={retry}>
                    Try again
                  </button>
                </div>
              </div>
            )}
            {value.message && <blockquote className="quote">{value.message}</blockquote>}
          </section>
        );
      }}
    </Loaded>
  );
}

function Figure({ name, done, of }: { name: string; done: number; of: number }) {
  return (
    <div className="figure">
      <dt>{name}</dt>
      <dd>
        {done} <small>of {of}</small>
      </dd>
    </div>
  );
}
