import './rooms.css';
import { DoorClosed, Lock, LockOpen, UserMinus } from 'lucide-react';
import { useState } from 'react';
import type { BannedPerson, EventAccess, RoomPerson, RoomView, Session } from '../../sdk/event';
import { Confirm } from '../../ui/dialog';
import { moment } from '../../ui/format';
import { Form, TextField } from '../../ui/forms';
import { useLoad } from '../../ui/load';
import { Loaded } from '../../ui/loaded';
import { Button } from '../../ui/parts';
import { useToast } from '../../ui/toasts';
import { roles } from '../words';

interface Props {
  access: EventAccess;
  session: Session;
  /** Called when the room has been closed for everybody. */
  closed?: () => void;
}

/** The door of a room, for those who run it: who gets in, who is out, who may come back. From inside and from outside of it. */
export function RoomControls({ access, session, closed }: Props) {
  const toast = useToast();
  const path = `/sessions/${session.id}/room`;
  const room = useLoad((signal) => access.call<RoomView>(path, { signal }), path, () => 3_000);
  const [asking, setAsking] = useState<'close' | RoomPerson | null>(null);
  const [busy, setBusy] = useState(false);

  const ask = async (body: object, said: string): Promise<void> => {
    await access.call(path, { method: 'POST', body });
    toast(said);
    room.reload();
  };
  const press = (body: object, said: string): void => {
    setBusy(true);
    ask(body, said)
      .catch((error: unknown) => toast(error instanceof Error ? error.message : String(error), 'error'))
      .finally(() => setBusy(false));
  };

  return (
    <Loaded of={room} rows={2}>
      {(view) => (
        <div className="roomdoor" data-testid="room-controls">
          <div className="roomdoor__row">
            <div className="item">
              <strong>{view.locked ? 'Locked' : 'Open'}</strong>
              <span>{view.locked ? 'Nobody new comes in.' : 'Everyone who may enter the session comes in.'}</span>
            </div>
            <Button size="small" disabled={busy} aria-pressed={view.locked} data-testid="door-lock" onClick={() => press({ action: 'lock', locked: !view.locked }, view.locked ? 'The room is open again.' : 'The room is locked.')}>
              {view.locked ? <LockOpen size={16} aria-hidden="true" /> : <Lock size={16} aria-hidden="true" />} {view.locked ? 'Unlock' : 'Lock'}
            </Button>
          </div>
          <Form
            key={view.capacity}
            submitLook="plain"
            submit="Set"
            testId="door-capacity-set"
            send={async (values) => {
              const participants = values.text('participants') === '' ? null : Number(values.text('participants'));
              await ask({ action: 'capacity', participants }, participants === null ? 'As many as the server takes.' : `At most ${participants} at once.`);
            }}
          >
            <TextField
              name="participants"
              label="Most people at once"
              optional
              placeholder="No limit"
              type="number"
              inputMode="numeric"
              min={1}
              max={100000}
              defaultValue={view.capacity ?? ''}
              data-testid="door-capacity"
            />
          </Form>
          <People view={view} busy={busy} remove={setAsking} />
          <Removed banned={view.banned} busy={busy} readmit={({ participantId, name }) => press({ action: 'readmit', identity: participantId }, `${name} may come in again.`)} />
          <div className="roomdoor__row">
            <div className="item">
              <strong>Close the room</strong>
              <span>Ends the call for everybody who is in. To keep it closed, lock it first.</span>
            </div>
            <Button size="small" look="danger" disabled={busy} data-testid="door-close" onClick={() => setAsking('close')}>
              <DoorClosed size={16} aria-hidden="true" /> Close
            </Button>
          </div>
          {asking === 'close' && (
            <Confirm
              title={`Close ${session.name}?`}
              action="Close the room"
              danger
              close={() => setAsking(null)}
              act={async () => {
                await ask({ action: 'close' }, 'The room is closed.');
                closed?.();
              }}
            >
              <p>The call ends for all {view.participants.length} who are in. {view.locked ? 'The room is locked: they stay out.' : 'The room is not locked: they may come in again.'}</p>
            </Confirm>
          )}
          {asking !== null && asking !== 'close' && (
            <Confirm title={`Remove ${asking.name}?`} action="Remove" danger close={() => setAsking(null)} act={() => ask({ action: 'bar', identity: personOf(asking.identity) }, `${asking.name} is removed.`)}>
              <p>{asking.name} leaves at once, with every tab and device, and stays out of this session until you let them in again.</p>
            </Confirm>
          )}
        </div>
      )}
    </Loaded>
  );
}

/** A person's identity is the same in all its tabs up to the dot. */
const personOf = (identity: string): string => identity.split('.')[0] ?? identity;

function People({ view, busy, remove }: { view: RoomView; busy: boolean; remove: (person: RoomPerson) => void }) {
  return (
    <section className="stack stack--tight" aria-label="In the room">
      <h3>
        In the room <span className="tabular quiet">{view.participants.length}</span>
      </h3>
      {view.participants.length === 0 ? (
        <p className="quiet small">Nobody is in.</p>
      ) : (
        <ul className="list roomdoor__people" tabIndex={0} aria-label="People in the room">
          {view.participants.map((person) => (
            <li key={person.participantId}>
              <div className="item">
                <strong>{person.name}</strong>
                <span>
                  {roles[person.role] ?? person.role}, {person.canPublish ? 'on stage' : 'watching'}
                </span>
              </div>
              {!person.moderates && (
                <Button size="small" look="quiet" disabled={busy} onClick={() => remove(person)} aria-label={`Remove ${person.name}`}>
                  <UserMinus size={16} aria-hidden="true" /> Remove
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Removed({ banned, busy, readmit }: { banned: BannedPerson[]; busy: boolean; readmit: (person: BannedPerson) => void }) {
  if (banned.length === 0) return null;
  return (
    <section className="stack stack--tight" aria-label="Removed">
      <h3>
        Removed <span className="tabular quiet">{banned.length}</span>
      </h3>
      <ul className="list roomdoor__people" tabIndex={0} aria-label="People who were removed">
        {banned.map((person) => (
          <li key={person.participantId} data-testid="door-removed">
            <div className="item">
              <strong>{person.name}</strong>
              <span>Out since {moment(person.bannedAt)}</span>
            </div>
            <Button size="small" disabled={busy} onClick={() => readmit(person)} aria-label={`Let ${person.name} in again`} data-testid="door-readmit">
              Let in again
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
