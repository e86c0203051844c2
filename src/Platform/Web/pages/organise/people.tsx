import { Trash2, UserPlus } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Invitation, Member } from '../../sdk/event';
import { Dialog } from '../../ui/dialog';
import { moment } from '../../ui/format';
import { Form, SelectField, TextField } from '../../ui/forms';
import { Avatar, Button } from '../../ui/parts';
import { useToast } from '../../ui/toasts';
import { api } from '../account';
import { roles } from '../words';

/** People with a part in something: an organisation or one event. */
export function PeoplePanel({ id, title, says, invite, children }: { id: string; title: string; says: string; invite: { open: () => void; testId: string } | null; children: ReactNode }) {
  return (
    <section className="panel" aria-labelledby={id}>
      <div className="panel__head">
        <div>
          <h2 id={id}>{title}</h2>
          <p>{says}</p>
        </div>
        {invite && (
          <Button size="small" look="primary" onClick={invite.open} data-testid={invite.testId}>
            <UserPlus size={16} aria-hidden="true" /> Invite
          </Button>
        )}
      </div>
      {children}
    </section>
  );
}

export function PersonRow({ person, you, role, remove }: { person: Member; you?: boolean; role: ReactNode; remove: { says: string; ask: () => void } | null }) {
  return (
    <li>
      <Avatar name={person.name} className="avatar--row" />
      <div className="item">
        <strong>
          {person.name}
          {you && <span className="quiet"> (you)</span>}
        </strong>
        <span>{person.email}</span>
      </div>
      <div className="item__end">
        {role}
        {remove && (
          <button type="button" className="icon-button" aria-label={remove.says} onClick={remove.ask}>
            <Trash2 size={17} aria-hidden="true" />
          </button>
        )}
      </div>
    </li>
  );
}

export function RoleBadge({ role }: { role: string }) {
  return <span className="badge">{roles[role] ?? role}</span>;
}

/** Invitations by mail that wait for an answer; nothing when there are none. */
export function InvitedPanel({ items, path, changed }: { items: Invitation[] | null; path: string; changed: () => void }) {
  const toast = useToast();
  if (!items || items.length === 0) return null;
  const revoke = (invitation: Invitation): void =>
    void api.call(`${path}/${invitation.id}`, { method: 'DELETE' }).then(changed, (error: unknown) => toast(error instanceof Error ? error.message : String(error), 'error'));
  return (
    <section className="panel" aria-labelledby="invited">
      <div className="panel__head">
        <h2 id="invited">Invited</h2>
      </div>
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
    </section>
  );
}

interface Inviting {
  title: string;
  path: string;
  /** Each with what it may do. */
  offered: readonly (readonly [role: string, says: string])[];
  usual: string;
  /** Prefix of the test ids. */
  testId: string;
  done: () => void;
  close: () => void;
}

export function InviteDialog({ title, path, offered, usual, testId, done, close }: Inviting) {
  const toast = useToast();
  return (
    <Dialog title={title} close={close}>
      <Form
        submit="Send the invitation"
        testId={`${testId}-send`}
        cancel={close}
        send={async (values) => {
          await api.call(path, { method: 'POST', body: { email: values.text('email'), role: values.text('role') } });
          close();
          toast(`Invitation mailed to ${values.text('email')}.`);
          done();
        }}
      >
        <TextField name="email" label="Email" type="email" maxLength={254} autoComplete="off" data-testid={`${testId}-email`} />
        <SelectField name="role" label="Role" defaultValue={usual}>
          {offered.map(([role, says]) => (
            <option key={role} value={role}>
              {roles[role]}: {says}
            </option>
          ))}
        </SelectField>
      </Form>
    </Dialog>
  );
}
