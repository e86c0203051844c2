import { MicVocal, Plus, Presentation } from 'lucide-react';
import { useState } from 'react';
import type { Area, Schedule, ScheduleItem, Session, Speaker } from '../../../sdk/event';
import { moment } from '../../../ui/format';
import { Loaded } from '../../../ui/loaded';
import { Avatar, Button } from '../../../ui/parts';
import { toWall, zoneWords } from '../../../ui/zones';
import { byDay } from '../../event/programme';
import { areaKinds } from '../../words';
import { EditButton } from './EditButton';
import { ItemDialog } from './ItemDialog';
import { AreaDialog, RoomDialog, SpeakerDialog } from './PartDialogs';
import { RemoveButton } from './RemoveButton';
import type { Setup } from './SetupPage';

/** What is being written; new when it is of nothing yet. */
type Changing = { kind: 'room'; of: Session | null } | { kind: 'speaker'; of: Speaker | null } | { kind: 'area'; of: Area | null };

/** Rooms, speakers, areas, and the schedule that ties them together. */
export function Programme({ event, reloadEvent, schedule }: Setup) {
  const [changing, setChanging] = useState<Changing | null>(null);
  const [writing, setWriting] = useState<ScheduleItem | 'new' | null>(null);
  const close = (): void => setChanging(null);
  const changed = (reload: () => void) => (): void => {
    close();
    reload();
  };

  return (
    <>
      <section className="panel" aria-labelledby="rooms">
        <div className="panel__head">
          <div>
            <h2 id="rooms">Rooms</h2>
            <p>In a session everybody may speak and be seen; on a stage, speakers and hosts.</p>
          </div>
          <Button size="small" onClick={() => setChanging({ kind: 'room', of: null })} data-testid="add-room">
            <Plus size={16} aria-hidden="true" /> Add a room
          </Button>
        </div>
        {event.sessions.length === 0 ? (
          <p className="quiet">No rooms yet.</p>
        ) : (
          <ul className="list" data-testid="rooms">
            {event.sessions.map((session) => (
              <RoomRow key={session.id} event={event} session={session} edit={() => setChanging({ kind: 'room', of: session })} removed={reloadEvent} />
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
                  <p>Times on the event’s clocks, {zoneWords(event.timeZone)}. Attendees see their own.</p>
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
                          <EditButton name={item.title} edit={() => setWriting(item)} />
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
                <Button size="small" onClick={() => setChanging({ kind: 'speaker', of: null })} data-testid="add-speaker">
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
                      <div className="item__end">
                        <EditButton name={speaker.name} edit={() => setChanging({ kind: 'speaker', of: speaker })} />
                        <RemoveButton name={speaker.name} path={`/events/${event.id}/speakers/${speaker.id}`} says="Items of the schedule stay, without this speaker." removed={schedule.reload} />
                      </div>
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
                <Button size="small" onClick={() => setChanging({ kind: 'area', of: null })}>
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
                        <EditButton name={area.name} edit={() => setChanging({ kind: 'area', of: area })} />
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
      {changing?.kind === 'room' && <RoomDialog event={event} room={changing.of} close={close} done={changed(reloadEvent)} />}
      {changing?.kind === 'speaker' && <SpeakerDialog event={event} speaker={changing.of} close={close} done={changed(schedule.reload)} />}
      {changing?.kind === 'area' && <AreaDialog event={event} area={changing.of} close={close} done={changed(schedule.reload)} />}
    </>
  );
}

function RoomRow({ event, session, edit, removed }: { event: Setup['event']; session: Session; edit: () => void; removed: () => void }) {
  return (
    <li>
      {session.kind === 'stage' ? <Presentation className="faint" size={20} aria-hidden="true" /> : <MicVocal className="faint" size={20} aria-hidden="true" />}
      <div className="item">
        <strong>{session.name}</strong>
        <span>
          {session.kind === 'stage' ? 'Stage' : 'Session'}
          {session.startsAt && `, opens ${moment(session.startsAt, event.timeZone)}`}
        </span>
      </div>
      <div className="item__end">
        {session.live && (
          <span className="badge badge--live">
            <span className="dot dot--pulse" /> {session.participants} inside
          </span>
        )}
        <EditButton name={session.name} edit={edit} />
        <RemoveButton name={session.name} path={`/events/${event.id}/sessions/${session.id}`} says="Items of the schedule stay, without a room." removed={removed} />
      </div>
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
