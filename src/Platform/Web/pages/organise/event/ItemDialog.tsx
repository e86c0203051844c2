import type { Schedule, ScheduleItem } from '../../../sdk/event';
import { Dialog } from '../../../ui/dialog';
import { AreaField, CheckField, ChoiceGroup, Form, SelectField, TextField, type Values } from '../../../ui/forms';
import { fromWall, onItsClocks, toWall } from '../../../ui/zones';
import { save } from './save';
import type { Setup } from './SetupPage';

export function ItemDialog({ setup: { event, schedule }, item, close, done }: { setup: { event: Setup['event']; schedule: Schedule }; item: ScheduleItem | null; close: () => void; done: () => void }) {
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
    await save(`/events/${event.id}/schedule`, item, body);
    done();
  };
  return (
    <Dialog title={item ? 'Change the item' : 'Add to the schedule'} close={close}>
      <Form submit={item ? 'Save' : 'Add'} testId="item-save" cancel={close} aliases={{ times_invalid: 'endsAt' }} send={send} lookAgain={done}>
        <TextField name="title" label="Title" defaultValue={item?.title} data-testid="item-title" />
        <div className="form__row">
          <TextField name="startsAt" label="Begins" type="datetime-local" defaultValue={toWall(starts, zone)} hint={onItsClocks(event)} />
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
