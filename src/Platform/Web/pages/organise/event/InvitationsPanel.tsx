import { Copy, FileUp, MailPlus } from 'lucide-react';
import { useState } from 'react';
import { ApiError, type EventDetail, type TicketInvitation, type TicketType } from '../../../sdk/event';
import { Dialog } from '../../../ui/dialog';
import { AreaField, Form, SelectField } from '../../../ui/forms';
import { Loaded, More } from '../../../ui/loaded';
import { usePages } from '../../../ui/more';
import { Button } from '../../../ui/parts';
import { useToast } from '../../../ui/toasts';
import { api } from '../../account';
import { ImportDialog } from './ImportDialog';
import { pagesOf } from './pagesOf';

const states: Record<TicketInvitation['state'], { name: string; tone: string }> = {
  sent: { name: 'Sent', tone: '' },
  opened: { name: 'Opened', tone: 'badge--accent' },
  accepted: { name: 'Accepted', tone: 'badge--good' },
  declined: { name: 'Declined', tone: 'badge--warn' },
  revoked: { name: 'Taken back', tone: '' },
};

/** Tickets offered by mail, and how far each invitation has come. */
export function InvitationsPanel({ event, types }: { event: EventDetail; types: TicketType[] }) {
  const invitations = usePages(pagesOf<TicketInvitation>(`/events/${event.id}/invitations`), event.id);
  const [inviting, setInviting] = useState(false);
  const [importing, setImporting] = useState(false);
  const toast = useToast();
  const failed = (error: unknown): void => toast(error instanceof Error ? error.message : String(error), 'error');
  const link = ({ key }: TicketInvitation): string => `${location.origin}/e/${event.slug}/tickets#invitation=${key}`;
  return (
    <section className="panel" aria-labelledby="invitations">
      <div className="panel__head">
        <div>
          <h2 id="invitations">Invitations</h2>
          <p>Mails a person the way to one ticket, for types that only invited people may have, or any other.</p>
        </div>
        <Button size="small" onClick={() => setInviting(true)} disabled={types.length === 0} data-testid="add-invitation">
          <MailPlus size={16} aria-hidden="true" /> Invite people
        </Button>
        <Button size="small" onClick={() => setImporting(true)} disabled={types.length === 0} data-testid="import-invitations">
          <FileUp size={16} aria-hidden="true" /> From a table
        </Button>
      </div>
      <Loaded of={invitations} rows={1}>
        {(items) =>
          items.length > 0 && (
            <ul className="list">
              {items.map((invitation) => (
                <li key={invitation.id}>
                  <div className="item">
                    <strong>{invitation.email}</strong>
                    <span>{types.find(({ id }) => id === invitation.ticketTypeId)?.name}</span>
                  </div>
                  <div className="item__end">
                    <span className={`badge ${states[invitation.state].tone}`}>{states[invitation.state].name}</span>
                    {invitation.state !== 'accepted' && invitation.state !== 'revoked' && (
                      <>
                        <button
                          type="button"
                          className="icon-button"
                          title="Copy the link"
                          aria-label={`Copy the link of ${invitation.email}`}
                          onClick={() => void navigator.clipboard.writeText(link(invitation)).then(() => toast('Link copied.'), failed)}
                        >
                          <Copy size={16} aria-hidden="true" />
                        </button>
                        <Button
                          size="small"
                          look="quiet"
                          aria-label={`Take back the invitation of ${invitation.email}`}
                          onClick={() => void api.call(`/events/${event.id}/invitations/${invitation.id}`, { method: 'DELETE' }).then(invitations.reload, failed)}
                        >
                          Take back
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
      <More of={invitations} />
      {importing && <ImportDialog event={event} types={types} close={() => setImporting(false)} done={invitations.reload} />}
      {inviting && (
        <Dialog title="Invite people" close={() => setInviting(false)}>
          <Form
            submit="Send"
            testId="invitation-send"
            cancel={() => setInviting(false)}
            send={async (values) => {
              const emails = values.text('email').split(/[\s,;]+/).filter(Boolean);
              for (const [index, email] of emails.entries()) {
                try {
                  await api.call(`/events/${event.id}/ticket-types/${values.text('ticketTypeId')}/invitations`, { method: 'POST', body: { email } });
                } catch (error) {
                  invitations.reload();
                  // Which one was refused, and how many are on their way, so that nobody is asked twice.
                  throw error instanceof ApiError ? new ApiError(error.status, error.code, `${email}: ${error.message} ${index} sent before it.`) : error;
                }
              }
              setInviting(false);
              toast(emails.length === 1 ? 'Invitation mailed.' : `${emails.length} invitations mailed.`);
              invitations.reload();
            }}
          >
            <SelectField name="ticketTypeId" label="To a ticket of">
              {types.map((type) => (
                <option key={type.id} value={type.id}>
                  {type.name}
                </option>
              ))}
            </SelectField>
            <AreaField name="email" label="Email addresses" rows={4} hint="One a line, or with commas between." data-testid="invitation-emails" />
          </Form>
        </Dialog>
      )}
    </section>
  );
}
