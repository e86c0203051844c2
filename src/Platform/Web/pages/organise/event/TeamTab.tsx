import { useState } from 'react';
import type { EventDetail, Member, Team } from '../../../sdk/event';
import { Confirm } from '../../../ui/dialog';
import { useLoad } from '../../../ui/load';
import { Loaded } from '../../../ui/loaded';
import { api } from '../../account';
import { eventRoles } from '../../words';
import { InvitedPanel, InviteDialog, PeoplePanel, PersonRow, RoleBadge } from '../people';

/** Who has a part in this event beside the organisation's own people. */
export function TeamTab({ event }: { event: EventDetail }) {
  const path = `/events/${event.id}/team`;
  const team = useLoad((signal) => api.call<Team>(path, { signal }), event.id);
  const [inviting, setInviting] = useState(false);
  const [removing, setRemoving] = useState<Member | null>(null);
  return (
    <>
      <PeoplePanel
        id="team"
        title="Event team"
        says="Hosts, speakers, moderators and helpers of this event. Your organisation’s admins are in it anyway."
        invite={{ open: () => setInviting(true), testId: 'invite-team' }}
      >
        <Loaded of={team}>
          {(value) =>
            value.members.length === 0 ? (
              <p className="quiet">Nobody yet.</p>
            ) : (
              <ul className="list">
                {value.members.map((member) => (
                  <PersonRow key={member.userId} person={member} role={<RoleBadge role={member.role} />} remove={{ says: `Remove ${member.name}`, ask: () => setRemoving(member) }} />
                ))}
              </ul>
            )
          }
        </Loaded>
      </PeoplePanel>
      <InvitedPanel items={team.value?.invitations ?? null} path={`${path}/invitations`} changed={team.reload} />
      {inviting && <InviteDialog title="Invite to the team" path={path} offered={eventRoles} usual="speaker" testId="team" done={team.reload} close={() => setInviting(false)} />}
      {removing && (
        <Confirm
          title={`Remove ${removing.name}?`}
          action="Remove"
          danger
          close={() => setRemoving(null)}
          act={async () => {
            await api.call(`${path}/${removing.userId}`, { method: 'DELETE' });
            team.reload();
          }}
        >
          <p>They come in as an attendee from now on.</p>
        </Confirm>
      )}
    </>
  );
}
