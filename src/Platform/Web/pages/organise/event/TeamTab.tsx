import { Trash2, UserPlus } from 'lucide-react';
import { useState } from 'react';
import type { EventDetail, Member, Team } from '../../../sdk/event';
import { Confirm, Dialog } from '../../../ui/dialog';
import { Form, SelectField, TextField } from '../../../ui/forms';
import { useLoad } from '../../../ui/load';
import { Loaded } from '../../../ui/loaded';
import { Avatar, Button } from '../../../ui/parts';
import { useToast } from '../../../ui/toasts';
import { api } from '../../account';
import { eventRoles, roles } from '../../words';
import { OpenInvitations } from '../OrganisationMembers';

/** Who has a part in this event beside the organisation's own people. */
export function TeamTab({ event }: { event: EventDetail }) {
  const team = useLoad((signal) => api.call<Team>(`/events/${event.id}/team`, { signal }), event.id);
  const [inviting, setInviting] = useState(false);
  const [removing, setRemoving] = useState<Member | null>(null);
  const toast = useToast();
  return (
    <>
      <section className="panel" aria-labelledby="team">
        <div className="panel__head">
          <div>
            <h2 id="team">Event team</h2>
            <p>Hosts, speakers, moderators and helpers of this event. Your organisation’s admins are in it anyway.</p>
          </div>
          <Button size="small" look="primary" onClick={() => setInviting(true)} data-testid="invite-team">
            <UserPlus size={16} aria-hidden="true" /> Invite
          </Button>
        </div>
        <Loaded of={team}>
          {(value) =>
            value.members.length === 0 ? (
              <p className="quiet">Nobody yet.</p>
            ) : (
              <ul className="list">
                {value.members.map((member) => (
                  <li key={member.userId}>
                    <Avatar name={member.name} className="avatar--row" />
                    <div className="item">
                      <strong>{member.name}</strong>
                      <span>{member.email}</span>
                    </div>
                    <div className="item__end">
                      <span className="badge">{roles[member.role] ?? member.role}</span>
                      <button type="button" className="icon-button" aria-label={`Remove ${member.name}`} onClick={() => setRemoving(member)}>
                        <Trash2 size={17} aria-hidden="true" />
                      </button>
                    </div>
                  </li>
                ))}
              </ul>
            )
          }
        </Loaded>
      </section>
      {team.value && team.value.invitations.length > 0 && (
        <section className="panel" aria-labelledby="invited">
          <div className="panel__head">
            <h2 id="invited">Invited</h2>
          </div>
          <OpenInvitations items={team.value.invitations} path={`/events/${event.id}/team/invitations`} changed={team.reload} />
        </section>
      )}
      {inviting && (
        <Dialog title="Invite to the team" close={() => setInviting(false)}>
          <Form
            submit="Send the invitation"
            testId="team-send"
            cancel={() => setInviting(false)}
            send={async (values) => {
              await api.call(`/events/${event.id}/team`, { method: 'POST', body: { email: values.text('email'), role: values.text('role') } });
              setInviting(false);
              toast(`Invitation mailed to ${values.text('email')}.`);
              team.reload();
            }}
          >
            <TextField name="email" label="Email" type="email" maxLength={254} autoComplete="off" data-testid="team-email" />
            <SelectField name="role" label="Role" defaultValue="speaker">
              {eventRoles.map(([role, says]) => (
                <option key={role} value={role}>
                  {roles[role]}: {says}
                </option>
              ))}
            </SelectField>
          </Form>
        </Dialog>
      )}
      {removing && (
        <Confirm
          title={`Remove ${removing.name}?`}
          action="Remove"
          danger
          close={() => setRemoving(null)}
          act={async () => {
            await api.call(`/events/${event.id}/team/${removing.userId}`, { method: 'DELETE' });
            team.reload();
          }}
        >
          <p>They come in as an attendee from now on.</p>
        </Confirm>
      )}
    </>
  );
}
