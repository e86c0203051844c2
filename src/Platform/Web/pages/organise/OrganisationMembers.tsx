import { Trash2, UserPlus } from 'lucide-react';
import { useState } from 'react';
import type { Invitation, Member, Organisation, Page } from '../../sdk/event';
import { Confirm, Dialog } from '../../ui/dialog';
import { moment } from '../../ui/format';
import { Form, SelectField, TextField } from '../../ui/forms';
import { useLoad } from '../../ui/load';
import { Loaded } from '../../ui/loaded';
import { usePages } from '../../ui/more';
import { Avatar, Button, Select } from '../../ui/parts';
import { navigate } from '../../ui/router';
import { useToast } from '../../ui/toasts';
import { api, useAccount } from '../account';
import { roles } from '../words';

const organisationRoles = ['organization_admin', 'event_admin', 'regular_member'] as const;
const says: Record<(typeof organisationRoles)[number], string> = {
  organization_admin: 'everything, the team and payments too',
  event_admin: 'makes and runs events',
  regular_member: 'sees events before they are public',
};

export function OrganisationMembers({ organisation }: { organisation: Organisation }) {
  const { id } = organisation;
  const isAdmin = organisation.role === 'organization_admin';
  const { me, refresh } = useAccount();
  const members = usePages((after, signal) => api.call<Page<Member>>(`/organisations/${id}/members${after ? `?after=${after}` : ''}`, { signal }), id);
  const invitations = useLoad(isAdmin ? async (signal) => (await api.call<{ items: Invitation[] }>(`/organisations/${id}/invitations`, { signal })).items : null, id);
  const [inviting, setInviting] = useState(false);
  const [removing, setRemoving] = useState<Member | null>(null);
  const toast = useToast();

  const give = (member: Member, role: string): void =>
    void api.call(`/organisations/${id}/members/${member.userId}`, { method: 'PATCH', body: { role } }).then(
      async () => {
        toast(`${member.name} is now ${roles[role]?.toLowerCase()}.`);
        members.reload();
        if (member.userId === me?.user.id) await refresh();
      },
      (error: unknown) => toast(error instanceof Error ? error.message : String(error), 'error'),
    );

  return (
    <>
      <section className="panel" aria-labelledby="members">
        <div className="panel__head">
          <div>
            <h2 id="members">Members</h2>
            <p>People of this organisation. Hosts and speakers of one event are invited there.</p>
          </div>
          {isAdmin && (
            <Button size="small" look="primary" onClick={() => setInviting(true)} data-testid="invite-member">
              <UserPlus size={16} aria-hidden="true" /> Invite
            </Button>
          )}
        </div>
        <Loaded of={members}>
          {(items) => (
            <ul className="list" data-testid="members">
              {items.map((member) => (
                <li key={member.userId}>
                  <Avatar name={member.name} className="avatar--row" />
                  <div className="item">
                    <strong>
                      {member.name}
                      {member.userId === me?.user.id && <span className="quiet"> (you)</span>}
                    </strong>
                    <span>{member.email}</span>
                  </div>
                  <div className="item__end">
                    {isAdmin ? (
                      <Select className="input input--short" aria-label={`Role of ${member.name}`} value={member.role} onChange={(change) => give(member, change.target.value)}>
                        {organisationRoles.map((role) => (
                          <option key={role} value={role}>
                            {roles[role]}
                          </option>
                        ))}
                      </Select>
                    ) : (
                      <span className="badge">{roles[member.role] ?? member.role}</span>
                    )}
                    {(isAdmin || member.userId === me?.user.id) && (
                      <button type="button" className="icon-button" aria-label={member.userId === me?.user.id ? 'Leave the organisation' : `Remove ${member.name}`} onClick={() => setRemoving(member)}>
                        <Trash2 size={17} aria-hidden="true" />
                      </button>
                    )}
                  </div>
                </li>
              ))}
            </ul>
          )}
        </Loaded>
      </section>
      {invitations.value && invitations.value.length > 0 && (
        <section className="panel" aria-labelledby="invited">
          <div className="panel__head">
            <h2 id="invited">Invited</h2>
          </div>
          <OpenInvitations items={invitations.value} path={`/organisations/${id}/invitations`} changed={invitations.reload} />
        </section>
      )}
      {inviting && (
        <Dialog title="Invite to the organisation" close={() => setInviting(false)}>
          <Form
            submit="Send the invitation"
            testId="invite-send"
            cancel={() => setInviting(false)}
            send={async (values) => {
              await api.call(`/organisations/${id}/invitations`, { method: 'POST', body: { email: values.text('email'), role: values.text('role') } });
              setInviting(false);
              toast(`Invitation mailed to ${values.text('email')}.`);
              invitations.reload();
            }}
          >
            <TextField name="email" label="Email" type="email" maxLength={254} autoComplete="off" data-testid="invite-email" />
            <SelectField name="role" label="Role" defaultValue="event_admin">
              {organisationRoles.map((role) => (
                <option key={role} value={role}>
                  {roles[role]}: {says[role]}
                </option>
              ))}
            </SelectField>
          </Form>
        </Dialog>
      )}
      {removing && (
        <Confirm
          title={removing.userId === me?.user.id ? 'Leave this organisation?' : `Remove ${removing.name}?`}
          action={removing.userId === me?.user.id ? 'Leave' : 'Remove'}
          danger
          close={() => setRemoving(null)}
          act={async () => {
            await api.call(`/organisations/${id}/members/${removing.userId}`, { method: 'DELETE' });
            if (removing.userId === me?.user.id) {
              await refresh();
              navigate('/organise');
            } else members.reload();
          }}
        >
          <p>What they made stays. They can be invited again.</p>
        </Confirm>
      )}
    </>
  );
}

/** Invitations by mail that wait for an answer. */
export function OpenInvitations({ items, path, changed }: { items: Invitation[]; path: string; changed: () => void }) {
  const toast = useToast();
  const revoke = (invitation: Invitation): void =>
    void api.call(`${path}/${invitation.id}`, { method: 'DELETE' }).then(changed, (error: unknown) => toast(error instanceof Error ? error.message : String(error), 'error'));
  return (
    <ul className="list" data-testid="invitations">
      {items.map((invitation) => (
        <li key={invitation.id}>
          <div className="item">
            <strong>{invitation.email}</strong>
            <span>
              {roles[invitation.role] ?? invitation.role}, open until {moment(invitation.expiresAt)}
            </span>
          </div>
          <div className="item__end">
            <Button size="small" look="quiet" onClick={() => revoke(invitation)} aria-label={`Take back the invitation of ${invitation.email}`}>
              Take back
            </Button>
          </div>
        </li>
      ))}
    </ul>
  );
}
