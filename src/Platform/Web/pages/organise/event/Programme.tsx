import { MicVocal, Pencil, Plus, Presentation } from 'lucide-react';
import { useState } from 'react';
import type { Schedule, ScheduleItem, Session } from '../../../sdk/event';
import { Dialog } from '../../../ui/dialog';
import { AreaField, CheckField, ChoiceGroup, Form, SelectField, TextField, type Values } from '../../../ui/forms';
import { Loaded } from '../../../ui/loaded';
import { Avatar, Button } from '../../../ui/parts';
import { fromWall, toWall } from '../../../ui/zones';
import { api } from '../../account';
import { byDay } from '../../event/programme';
import { areaKinds } from '../../words';
import { RemoveButton } from './RemoveButton';
import type { Setup } from './SetupPage';

type Adding = 'room' | 'speaker' | 'area' | null;

/** Rooms, speakers, areas, and the schedule that ties them together. */
export function Programme({ event, reloadEvent, schedule }: Setup) {
  const [adding, setAdding] = useState<Adding>(null);
  const [writing, setWriting] = useState<ScheduleItem | 'new' | null>(null);
  const close = (): void => setAdding(null);

  const added = (reload: () => void) => async (send: Promise<unknown>): Promise<void> => {
    await send;
    close();
    reload();
  };
  const addedRoom = added(reloadEvent);
  const addedPart = added(schedule.reload);

  return (
    <>
      <section className="panel" aria-labelledby="rooms">
        <div className="panel__head">
          <div>
            <h2 id="rooms">Rooms</h2>
            <p>In a session everybody may speak and be seen; on a stage, speakers and hosts.</p>
          </div>
          <Button size="small" onClick={() => setAdding('room')} data-testid="add-room">
            <Plus size={16} aria-hidden="true" /> Add a room
          </Button>
        </div>
        {event.sessions.length === 0 ? (
          <p className="quiet">No rooms yet.</p>
        ) : (
          <ul className="list" data-testid="rooms">
            {event.sessions.map((session) => (
              <RoomRow key={session.id} session={session} />
            ))}
          </ul>
        )}
      </section>
      <Loaded of={schedule}>
        {(value) => (
          <>
            <section className="panel" aria-labelledby="schedule">
              <div className="panel__head">
                <div>
                  <h2 id="schedule">Schedule</h2>
                  <p>Times on the event’s clocks, {event.timeZone.replaceAll('_', ' ')}. Attendees see their own.</p>
                </div>
                <Button size="small" onClick={() => setWriting('new')} data-testid="add-item">
                  <Plus size={16} aria-hidden="true" /> Add an item
                </Button>
              </div>
              {value.items.length === 0 && <p className="quiet">Nothing is scheduled yet.</p>}
              {byDay(value.items, event.timeZone).map(({ day, items }) => (
                <section key={day} aria-label={day}>
                  <h3 className="schedule__day">{new Date(`${day}T12:00:00Z`).toLocaleDateString(undefined, { weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' })}</h3>
                  <ul className="list" data-testid="items">
                    {items.map((item) => (
                      <li key={item.id}>
                        <span className="tabular quiet list__time">
                          {toWall(item.startsAt, event.timeZone).slice(11)}–{toWall(item.endsAt, event.timeZone).slice(11)}
                        </span>
                        <div className="item">
                          <strong>{item.title}</strong>
                          <span>{itemWords(item, value, event.sessions)}</span>
                        </div>
                        <div className="item__end">
                          <button type="button" className="icon-button" aria-label={`Change ${item.title}`} onClick={() => setWriting(item)}>
                            <Pencil size={16} aria-hidden="true" />
                          </button>
                          <RemoveButton name={item.title} path={`/events/${event.id}/schedule/${item.id}`} says="It leaves the schedule; its room stays." removed={schedule.reload} />
                        </div>
                      </li>
                    ))}
                  </ul>
                </section>
              ))}
            </section>
            <section className="panel" aria-labelledby="speakers">
              <div className="panel__head">
                <div>
                  <h2 id="speakers">Speakers</h2>
                  <p>Shown on the event’s page. To let somebody publish on a stage, invite them under Team.</p>
                </div>
                <Button size="small" onClick={() => setAdding('speaker')} data-testid="add-speaker">
                  <Plus size={16} aria-hidden="true" /> Add a speaker
                </Button>
              </div>
              {value.speakers.length > 0 && (
                <ul className="list" data-testid="speakers">
                  {value.speakers.map((speaker) => (
                    <li key={speaker.id}>
                      <Avatar name={speaker.name} className="avatar--row" />
                      <div className="item">
                        <strong>{speaker.name}</strong>
                        {speaker.headline && <span>{speaker.headline}</span>}
                      </div>
                      <RemoveButton name={speaker.name} path={`/events/${event.id}/speakers/${speaker.id}`} says="Items of the schedule stay, without this speaker." removed={schedule.reload} />
                    </li>
                  ))}
                </ul>
              )}
            </section>
            <section className="panel" aria-labelledby="areas">
              <div className="panel__head">
                <div>
                  <h2 id="areas">Areas</h2>
                  <p>Parts of the event, like a track or a hall, that items of the schedule belong to.</p>
                </div>
                <Button size="small" onClick={() => setAdding('area')}>
                  <Plus size={16} aria-hidden="true" /> Add an area
                </Button>
              </div>
              {value.areas.length > 0 && (
                <ul className="list">
                  {value.areas.map((area) => (
                    <li key={area.id}>
                      <div className="item">
                        <strong>{area.name}</strong>
                      </div>
                      <div className="item__end">
                        <span className="badge">{areaKinds[area.kind]}</span>
                        <RemoveButton name={area.name} path={`/events/${event.id}/areas/${area.id}`} says="Items of the schedule stay, without an area." removed={schedule.reload} />
                      </div>
                    </li>
                  ))}
                </ul>
              )}
            </section>
            {writing && (
              <ItemDialog
                setup={{ event, schedule: value }}
                item={writing === 'new' ? null : writing}
                close={() => setWriting(null)}
                done={() => {
                  setWriting(null);
                  schedule.reload();
                }}
              />
            )}
          </>
        )}
      </Loaded>
      {adding === 'room' && (
        <Dialog title="Add a room" close={close}>
          <Form
            submit="Add"
            testId="room-add"
            cancel={close}
            aliases={{ times_invalid: 'endsAt' }}
            send={(values) => {
              const [from, to] = [values.optional('startsAt'), values.optional('endsAt')];
              return addedRoom(
                api.call(`/events/${event.id}/sessions`, {
                  method: 'POST',
                  body: { name: values.text('name'), kind: values.text('kind'), startsAt: from && fromWall(from, event.timeZone), endsAt: to && fromWall(to, event.timeZone) },
                }),
              );
            }}
          >
            <TextField name="name" label="Name" data-testid="room-name" />
            <SelectField name="kind" label="Kind" data-testid="room-kind">
              <option value="session">Session: everybody may speak</option>
              <option value="stage">Stage: speakers publish, others watch</option>
            </SelectField>
            <div className="form__row">
              <TextField name="startsAt" label="Opens" type="datetime-local" optional />
              <TextField name="endsAt" label="Closes" type="datetime-local" optional />
            </div>
          </Form>
        </Dialog>
      )}
      {adding === 'speaker' && (
        <Dialog title="Add a speaker" close={close}>
          <Form
            submit="Add"
            testId="speaker-add"
            cancel={close}
            send={(values) => addedPart(api.call(`/events/${event.id}/speakers`, { method: 'POST', body: { name: values.text('name'), headline: values.text('headline'), bio: values.text('bio') } }))}
          >
            <TextField name="name" label="Name" data-testid="speaker-name" />
            <TextField name="headline" label="Headline" optional hint="Like “Head of operations, Kestrel”." />
            <AreaField name="bio" label="About them" optional maxLength={5000} />
          </Form>
        </Dialog>
      )}
      {adding === 'area' && (
        <Dialog title="Add an area" close={close}>
          <Form submit="Add" cancel={close} send={(values) => addedPart(api.call(`/events/${event.id}/areas`, { method: 'POST', body: { name: values.text('name'), kind: values.text('kind') } }))}>
            <TextField name="name" label="Name" />
            <SelectField name="kind" label="Kind">
              {Object.entries(areaKinds).map(([kind, name]) => (
                <option key={kind} value={kind}>
                  {name}
                </option>
              ))}
            </SelectField>
          </Form>
        </Dialog>
      )}
    </>
  );
}

function RoomRow({ session }: { session: Session }) {
  return (
    <li>
      {session.kind === 'stage' ? <Presentation className="faint" size={20} aria-hidden="true" /> : <MicVocal className="faint" size={20} aria-hidden="true" />}
      <div className="item">
        <strong>{session.name}</strong>
        <span>{session.kind === 'stage' ? 'Stage' : 'Session'}</span>
      </div>
      {session.live && (
        <span className="badge badge--live">
          <span className="dot dot--pulse" /> {session.participants} inside
        </span>
      )}
    </li>
  );
}

function itemWords(item: ScheduleItem, schedule: Schedule, sessions: Session[]): string {
  return [
    sessions.find(({ id }) => id === item.sessionId)?.name,
    schedule.areas.find(({ id }) => id === item.areaId)?.name,
    ...schedule.speakers.filter(({ id }) => item.speakerIds.includes(id)).map(({ name }) => name),
  ]
    .filter(Boolean)
    .join(' · ');
}

function ItemDialog({ setup: { event, schedule }, item, close, done }: { setup: { event: Setup['event']; schedule: Schedule }; item: ScheduleItem | null; close: () => void; done: () => void }) {
  const zone = event.timeZone;
  // The next item usually begins where the last one ends.
  const last = [...schedule.items].sort((a, b) => a.endsAt.localeCompare(b.endsAt)).at(-1);
  const starts = item?.startsAt ?? last?.endsAt ?? event.startsAt;
  const ends = item?.endsAt ?? new Date(Date.parse(starts) + 45 * 60_000).toISOString();
  const send = async (values: Values): Promise<void> => {
    const body = {
      title: values.text('title'),
      description: values.text('description'),
      startsAt: fromWall(values.text('startsAt'), zone),
      endsAt: fromWall(values.text('endsAt'), zone),
      sessionId: values.optional('sessionId') ?? null,
      areaId: values.optional('areaId') ?? null,
      speakerIds: values.all('speakerIds'),
    };
    await (item ? api.call(`/events/${event.id}/schedule/${item.id}`, { method: 'PUT', body }) : api.call(`/events/${event.id}/schedule`, { method: 'POST', body }));
    done();
  };
  return (
    <Dialog title={item ? 'Change the item' : 'Add to the schedule'} close={close}>
      <Form submit={item ? 'Save' : 'Add'} testId="item-save" cancel={close} aliases={{ times_invalid: 'endsAt' }} send={send}>
        <TextField name="title" label="Title" defaultValue={item?.title} data-testid="item-title" />
        <div className="form__row">
          <TextField name="startsAt" label="Begins" type="datetime-local" defaultValue={toWall(starts, zone)} />
          <TextField name="endsAt" label="Ends" type="datetime-local" defaultValue={toWall(ends, zone)} />
        </div>
        <div className="form__row">
          <SelectField name="sessionId" label="Room" defaultValue={item?.sessionId ?? ''} data-testid="item-room">
            <option value="">None</option>
            {event.sessions.map((session) => (
              <option key={session.id} value={session.id}>
                {session.name}
              </option>
            ))}
          </SelectField>
          {schedule.areas.length > 0 && (
            <SelectField name="areaId" label="Area" defaultValue={item?.areaId ?? ''}>
              <option value="">None</option>
              {schedule.areas.map((area) => (
                <option key={area.id} value={area.id}>
                  {area.name}
                </option>
              ))}
            </SelectField>
          )}
        </div>
        {schedule.speakers.length > 0 && (
          <ChoiceGroup legend="Speakers" optional>
            {schedule.speakers.map((speaker) => (
              <CheckField key={speaker.id} name="speakerIds" value={speaker.id} label={speaker.name} defaultChecked={item?.speakerIds.includes(speaker.id)} />
            ))}
          </ChoiceGroup>
        )}
        <AreaField name="description" label="Description" optional maxLength={5000} defaultValue={item?.description} />
      </Form>
    </Dialog>
  );
}
