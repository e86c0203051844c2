import type { Area, EventDetail, Session, Speaker } from '../../../sdk/event';
import { Dialog } from '../../../ui/dialog';
import { AreaField, Form, SelectField, TextField } from '../../../ui/forms';
import { fromWall, onItsClocks, toWall } from '../../../ui/zones';
import { areaKinds } from '../../words';
import { save } from './save';

/** Rooms, speakers and areas: added, or changed when there is one already. */
interface Shared {
  event: EventDetail;
  close: () => void;
  /** Written, or to be looked at again. */
  done: () => void;
}

export function RoomDialog({ event, room, close, done }: Shared & { room: Session | null }) {
  const wall = (at: string | null | undefined): string | undefined => (at ? toWall(at, event.timeZone) : undefined);
  return (
    <Dialog title={room ? 'Change the room' : 'Add a room'} close={close}>
      <Form
        submit={room ? 'Save' : 'Add'}
        testId="room-add"
        cancel={close}
        lookAgain={done}
        aliases={{ times_invalid: 'endsAt', session_live: 'kind' }}
        send={async (values) => {
          const [from, to] = [values.optional('startsAt'), values.optional('endsAt')];
          await save(`/events/${event.id}/sessions`, room, {
            name: values.text('name'),
            kind: values.text('kind'),
            startsAt: from && fromWall(from, event.timeZone),
            endsAt: to && fromWall(to, event.timeZone),
          });
          done();
        }}
      >
        <TextField name="name" label="Name" defaultValue={room?.name} data-testid="room-name" />
        <SelectField name="kind" label="Kind" defaultValue={room?.kind} data-testid="room-kind">
          <option value="session">Session: everybody may speak</option>
          <option value="stage">Stage: speakers publish, others watch</option>
        </SelectField>
        <div className="form__row">
          <TextField name="startsAt" label="Opens" type="datetime-local" optional defaultValue={wall(room?.startsAt)} hint={onItsClocks(event)} />
          <TextField name="endsAt" label="Closes" type="datetime-local" optional defaultValue={wall(room?.endsAt)} />
        </div>
      </Form>
    </Dialog>
  );
}

export function SpeakerDialog({ event, speaker, close, done }: Shared & { speaker: Speaker | null }) {
  return (
    <Dialog title={speaker ? 'Change the speaker' : 'Add a speaker'} close={close}>
      <Form
        submit={speaker ? 'Save' : 'Add'}
        testId="speaker-add"
        cancel={close}
        lookAgain={done}
        send={async (values) => {
          await save(`/events/${event.id}/speakers`, speaker, { name: values.text('name'), headline: values.text('headline'), bio: values.text('bio') });
          done();
        }}
      >
        <TextField name="name" label="Name" defaultValue={speaker?.name} data-testid="speaker-name" />
        <TextField name="headline" label="Headline" optional hint="Like “Head of operations, Kestrel”." defaultValue={speaker?.headline} data-testid="speaker-headline" />
        <AreaField name="bio" label="About them" optional maxLength={5000} defaultValue={speaker?.bio} />
      </Form>
    </Dialog>
  );
}

export function AreaDialog({ event, area, close, done }: Shared & { area: Area | null }) {
  return (
    <Dialog title={area ? 'Change the area' : 'Add an area'} close={close}>
      <Form
        submit={area ? 'Save' : 'Add'}
        testId="area-add"
        cancel={close}
        lookAgain={done}
        send={async (values) => {
          await save(`/events/${event.id}/areas`, area, { name: values.text('name'), kind: values.text('kind') });
          done();
        }}
      >
        <TextField name="name" label="Name" defaultValue={area?.name} />
        <SelectField name="kind" label="Kind" defaultValue={area?.kind}>
          {Object.entries(areaKinds).map(([kind, name]) => (
            <option key={kind} value={kind}>
              {name}
            </option>
          ))}
        </SelectField>
      </Form>
    </Dialog>
  );
}
