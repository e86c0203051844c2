import { useState } from 'react';
import type { Invitation, Member, Organisation, Page } from '../../sdk/event';
import { Confirm } from '../../ui/dialog';
import { useLoad } from '../../ui/load';
import { Loaded, More } from '../../ui/loaded';
import { usePages } from '../../ui/more';
import { Select } from '../../ui/parts';
import { navigate } from '../../ui/router';
import { useToast } from '../../ui/toasts';
import { api, useAccount } from '../account';
import { roles } from '../words';
import { InvitedPanel, InviteDialog, PeoplePanel, PersonRow, RoleBadge } from './people';

const offered = [
  ['organization_admin', 'everything, the team and payments too'],
  ['event_admin', 'makes and runs events'],
  ['regular_member', 'sees events before they are public'],
] as const;

export function OrganisationMembers({ organisation }: { organisation: Organisation }) {
  const path = `/organisations/${organisation.id}`;
  const isAdmin = organisation.role === 'organization_admin';
  const { me, refresh } = useAccount();
  const members = usePages((after, signal) => api.call<Page<Member>>(`${path}/members${after ? `?after=${after}` : ''}`, { signal }), organisation.id);
  const invitations = useLoad(isAdmin ? async (signal) => (await api.call<{ items: Invitation[] }>(`${path}/invitations`, { signal })).items : null, organisation.id);
  const [inviting, setInviting] = useState(false);
  const [removing, setRemoving] = useState<Member | null>(null);
  const toast = useToast();
  const isMe = (member: Member): boolean => member.userId === me?.user.id;

  const give = (member: Member, role: string): void =>
    void api.call(`${path}/members/${member.userId}`, { method: 'PATCH', body: { role } }).then(
      async () => {
        toast(`${member.name} is now ${roles[role]?.toLowerCase()}.`);
        members.reload();
        if (isMe(member)) await refresh();
      },
      (error: unknown) => toast(error instanceof Error ? error.message : String(error), 'error'),
    );

  return (
    <>
      <PeoplePanel
        id="members"
        title="Members"
        says="People of this organisation. Hosts and speakers of one event are invited there."
        invite={isAdmin ? { open: () => setInviting(true), testId: 'invite-member' } : null}
      >
        <Loaded of={members}>
          {(items) => (
            <ul className="list" data-testid="members">
              {items.map((member) => (
                <PersonRow
                  key={member.userId}
                  person={member}
                  you={isMe(member)}
                  role={
                    isAdmin ? (
                      <Select className="input input--short" aria-label={`Role of ${member.name}`} value={member.role} onChange={(change) => give(member, change.target.value)}>
                        {offered.map(([role]) => (
                          <option key={role} value={role}>
                            {roles[role]}
                          </option>
                        ))}
                      </Select>
                    ) : (
                      <RoleBadge role={member.role} />
                    )
                  }
                  remove={isAdmin || isMe(member) ? { says: isMe(member) ? 'Leave the organisation' : `Remove ${member.name}`, ask: () => setRemoving(member) } : null}
                />
              ))}
            </ul>
          )}
        </Loaded>
        <More of={members} />
      </PeoplePanel>
      <InvitedPanel items={invitations.value} path={`${path}/invitations`} changed={invitations.reload} />
      {inviting && (
        <InviteDialog title="Invite to the organisation" path={`${path}/invitations`} offered={offered} usual="event_admin" testId="invite" done={invitations.reload} close={() => setInviting(false)} />
      )}
      {removing && (
        <Confirm
          title={isMe(removing) ? 'Leave this organisation?' : `Remove ${removing.name}?`}
          action={isMe(removing) ? 'Leave' : 'Remove'}
          danger
          close={() => setRemoving(null)}
          act={async () => {
            await api.call(`${path}/members/${removing.userId}`, { method: 'DELETE' });
            if (isMe(removing)) {
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
