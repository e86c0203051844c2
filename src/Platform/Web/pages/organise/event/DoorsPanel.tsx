import { Download, Smartphone } from 'lucide-react';
import { useState } from 'react';
import type { CheckInDevice, EventDetail, Enrolment, OnSale } from '../../../sdk/event';
import { Confirm, Dialog } from '../../../ui/dialog';
import { moment } from '../../../ui/format';
import { CheckField, ChoiceGroup, Form, SelectField, TextField } from '../../../ui/forms';
import type { Loaded as Load } from '../../../ui/load';
import { Loaded } from '../../../ui/loaded';
import { Blank, Button } from '../../../ui/parts';
import { fromWall, onItsClocks } from '../../../ui/zones';
import { api } from '../../account';

const states = { waiting: 'To be enrolled', active: 'Active', revoked: 'Revoked' } as const;

/** The devices at the event's doors. */
export function DoorsPanel({ event, onSale, devices }: { event: EventDetail; onSale: Load<OnSale>; devices: Load<CheckInDevice[]> }) {
  const path = `/events/${event.id}/check-in/devices`;
  const [adding, setAdding] = useState(false);
  const [enrolling, setEnrolling] = useState<Enrolment | null>(null);
  const [revoking, setRevoking] = useState<CheckInDevice | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const enrolAnew = (device: CheckInDevice): void =>
    void api.call<Enrolment>(`${path}/${device.id}/enrolment`, { method: 'POST' }).then(setEnrolling, (error: unknown) => setFailed(error instanceof Error ? error.message : String(error)));
  return (
    <section className="panel" aria-labelledby="doors" data-testid="doors">
      <div className="panel__head">
        <div>
          <h2 id="doors">Devices at the doors</h2>
          <p>Phones that scan on their own, also without a network. Each sees this event’s tickets and nothing else.</p>
        </div>
        <div className="head__actions">
          {devices.value?.some(({ role }) => role === 'lead') && (
            <a className="button button--small" href={`/api/v1/events/${event.id}/leads.csv`} download data-testid="leads-export">
              <Download size={16} aria-hidden="true" /> Contacts as CSV
            </a>
          )}
          <Button size="small" onClick={() => setAdding(true)} data-testid="add-device">
            <Smartphone size={16} aria-hidden="true" /> Register a device
          </Button>
        </div>
      </div>
      {failed && <p role="alert">{failed}</p>}
      <Loaded of={devices}>
        {(items) =>
          items.length === 0 ? (
            <Blank icon={<Smartphone size={28} />} title="No devices yet">
              <p>Register one, and scan the code that is shown with it.</p>
            </Blank>
          ) : (
            <ul className="list" data-testid="devices">
              {items.map((device) => (
                <li key={device.id}>
                  <div className="item">
                    <strong>{device.name}</strong>
                    <span>
                      {device.role === 'lead' && 'Collects contacts · '}
                      {states[device.state]}
                      {device.state === 'active' && device.lastSeenAt && `, last seen ${moment(device.lastSeenAt)}`}
                      {device.ticketTypeIds.length > 0 && ` · ${device.ticketTypeIds.map((id) => onSale.value?.types.find((type) => type.id === id)?.name ?? 'a withdrawn type').join(', ')}`}
                      {device.opensAt && ` · from ${moment(device.opensAt, event.timeZone)}`}
                      {device.closesAt && ` · until ${moment(device.closesAt, event.timeZone)}`}
                      {device.readmits && ' · lets in again'}
                    </span>
                  </div>
                  <div className="item__end">
                    {device.state !== 'revoked' && (
                      <>
                        <Button size="small" look="quiet" onClick={() => enrolAnew(device)} aria-label={`Show the code of ${device.name}`}>
                          Show its code
                        </Button>
                        <Button size="small" onClick={() => setRevoking(device)} aria-label={`Revoke ${device.name}`}>
                          Revoke
                        </Button>
                      </>
                    )}
                  </div>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      {adding && (
        <Dialog title="Register a device" close={() => setAdding(false)}>
          <Form
            submit="Register"
            testId="device-save"
            cancel={() => setAdding(false)}
            send={async (values) => {
              const made = await api.call<Enrolment>(path, {
                method: 'POST',
                body: {
                  name: values.text('name'),
                  role: values.text('role'),
                  ticketTypeIds: values.all('types'),
                  opensAt: values.text('opensAt') ? fromWall(values.text('opensAt'), event.timeZone) : undefined,
                  closesAt: values.text('closesAt') ? fromWall(values.text('closesAt'), event.timeZone) : undefined,
                  readmits: values.checked('readmits'),
                },
              });
              devices.reload();
              setAdding(false);
              setEnrolling(made);
            }}
          >
            <TextField name="name" label="Where it stands" maxLength={100} placeholder="Door A" data-testid="device-name" />
            <SelectField name="role" label="What it does" data-testid="device-role">
              <option value="scanner">Lets people in</option>
              <option value="lead">Collects contacts at a booth</option>
            </SelectField>
            {onSale.value && onSale.value.types.length > 1 && (
              <ChoiceGroup legend="Tickets that this entrance takes" optional>
                {onSale.value.types.map((type) => (
                  <CheckField key={type.id} name="types" value={type.id} label={type.name} />
                ))}
              </ChoiceGroup>
            )}
            <div className="form__row">
              <TextField name="opensAt" label="Opens" type="datetime-local" optional hint={onItsClocks(event)} />
              <TextField name="closesAt" label="Closes" type="datetime-local" optional />
            </div>
            <CheckField name="readmits" label="Lets in again who has left" hint="Where people who go out are scanned, too." />
          </Form>
        </Dialog>
      )}
      {enrolling && (
        <Dialog
          title={`Enrol ${enrolling.device.name}`}
          close={() => {
            setEnrolling(null);
            devices.reload();
          }}
        >
          <div className="enrol">
            <img src={enrolling.qr} alt="The code that enrols the device" width={260} height={260} />
            <p>Scan this with the device’s camera, or open the link on it. It works once, until {moment(enrolling.expiresAt)}.</p>
            <input className="input" readOnly value={enrolling.url} aria-label="Link that enrols the device" onFocus={(focused) => focused.currentTarget.select()} data-testid="enrol-url" />
          </div>
        </Dialog>
      )}
      {revoking && (
        <Confirm
          title={`Revoke ${revoking.name}?`}
          action="Revoke"
          danger
          close={() => setRevoking(null)}
          act={async () => {
            await api.call(`${path}/${revoking.id}`, { method: 'DELETE' });
            devices.reload();
          }}
        >
          <p>It lets nobody in from now on. What it scanned and has not handed in yet is shown to you, and counts for nobody.</p>
        </Confirm>
      )}
    </section>
  );
}
