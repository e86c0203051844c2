import { ArrowRight, ChevronRight, Circle, CircleCheck } from 'lucide-react';
import { useState } from 'react';
import { ApiError, type Quota } from '../../../sdk/event';
import { Confirm } from '../../../ui/dialog';
import { useLoad } from '../../../ui/load';
import { Button, ErrorNotice } from '../../../ui/parts';
import { Link } from '../../../ui/router';
import { useToast } from '../../../ui/toasts';
import { api } from '../../account';
import { eventStates } from '../../words';
import { CancellationPanel, CancelPanel } from './CancelPanel';
import { life, nextStep, todos, type Step } from './life';
import type { Setup } from './SetupPage';

export function Overview({ event, reloadEvent, schedule, onSale, may }: Setup) {
  const quotas = useLoad((signal) => api.call<Quota[]>(`/events/${event.id}/quotas`, { signal }), event.id, () => 10_000);
  const sum = (of: (quota: Quota) => number): number => (quotas.value ?? []).reduce((total, quota) => total + of(quota), 0);
  const list = todos(event, schedule.value, onSale.value);
  const known = schedule.value !== null && onSale.value !== null;
  return (
    <>
      {event.state === 'cancelled' && <CancellationPanel event={event} />}
      <Life event={event} reloadEvent={reloadEvent} edits={may('edit_event')} />
      <dl className="figures">
        <div className="figure">
          <dt>Tickets taken</dt>
          <dd data-testid="tickets-taken">
            {sum(({ taken }) => taken)} <small>of {sum(({ capacity }) => capacity)}</small>
          </dd>
        </div>
        <div className="figure">
          <dt>On the waiting list</dt>
          <dd>{sum(({ waiting }) => waiting)}</dd>
        </div>
        <div className="figure">
          <dt>Rooms</dt>
          <dd>{event.sessions.length}</dd>
        </div>
        <div className="figure">
          <dt>In rooms now</dt>
          <dd>{event.sessions.reduce((total, { participants }) => total + participants, 0)}</dd>
        </div>
      </dl>
      {known && may('edit_event') && ['building', 'draft', 'live'].includes(event.state) && (
        <section className="panel" aria-labelledby="todo">
          <div className="panel__head">
            <div>
              <h2 id="todo">Before people come</h2>
              <p>
                {list.filter(({ done }) => done).length} of {list.length} done.
              </p>
            </div>
          </div>
          <ul className="todo">
            {list.map(({ name, why, done, tab }) => (
              <li key={name}>
                <Link href={`/organise/events/${event.id}/${tab}`} data-done={done || undefined}>
                  {done ? <CircleCheck size={20} aria-hidden="true" /> : <Circle size={20} aria-hidden="true" />}
                  <span>
                    {name}
                    <span className="visually-hidden">{done ? ', done' : ', to do'}</span>
                    <small>{why}</small>
                  </span>
                  <ChevronRight className="faint" size={17} aria-hidden="true" />
                </Link>
              </li>
            ))}
          </ul>
        </section>
      )}
      {event.state === 'live' && may('end_orders') && <CancelPanel event={event} reloadEvent={reloadEvent} />}
    </>
  );
}

function Life({ event, reloadEvent, edits }: Pick<Setup, 'event' | 'reloadEvent'> & { edits: boolean }) {
  const [asking, setAsking] = useState(false);
  const [refused, setRefused] = useState<ApiError | null>(null);
  const toast = useToast();
  const step = nextStep(event.state);
  const at = life.indexOf(event.state);

  const move = async ({ to }: Step): Promise<void> => {
    setRefused(null);
    try {
      await api.call(`/events/${event.id}/state`, { method: 'POST', body: { state: to } });
    } catch (error) {
      // A refusal is explained on the page, where it can be acted on.
      if (!(error instanceof ApiError)) throw error;
      setRefused(error);
      return;
    }
    toast(`The event is now ${eventStates[to].name.toLowerCase()}.`);
    reloadEvent();
  };

  return (
    <section className="panel" aria-labelledby="life">
      <div className="panel__head">
        <div>
          <h2 id="life">Where the event is</h2>
          <p>{eventStates[event.state].says}</p>
        </div>
      </div>
      {at >= 0 && (
        <ol className="steps" aria-label="States of an event">
          {life.map((state, index) => (
            <li key={state} data-done={index < at || undefined} aria-current={index === at ? 'step' : undefined}>
              {eventStates[state].name}
            </li>
          ))}
        </ol>
      )}
      {step && edits && (
        <div className="move">
          <p>{step.says}</p>
          <Button look={step.to === 'live' ? 'primary' : 'plain'} onClick={() => setAsking(true)} data-testid="move-on">
            {step.action} <ArrowRight size={17} aria-hidden="true" />
          </Button>
        </div>
      )}
      {refused && (
        <div data-testid="move-refused" data-code={refused.code}>
          <ErrorNotice error={refused}>
            {refused.code === 'payment_account_missing' && event.organisation && (
              <p>
                <Link className="textlink" href={`/organise/${event.organisation.id}/settings`}>
                  Connect a payment account
                </Link>{' '}
                first, or make every ticket free.
              </p>
            )}
            {refused.code === 'state_not_reachable' && (
              <p>
                Somebody may have moved it meanwhile.{' '}
                <button type="button" className="textlink" onClick={reloadEvent}>
                  Look again
                </button>
              </p>
            )}
          </ErrorNotice>
        </div>
      )}
      {asking && step && (
        <Confirm title={`${step.action}?`} action={step.action} danger={step.to === 'ended' || step.to === 'archived'} close={() => setAsking(false)} act={() => move(step)}>
          <p>{step.says}</p>
        </Confirm>
      )}
    </section>
  );
}
