import { CircleCheck } from 'lucide-react';
import { useState } from 'react';
import { ApiError, type EventDetail, type ImportedInvitations, type TicketType } from '../../../sdk/event';
import { Dialog } from '../../../ui/dialog';
import { Form, SelectField, TextField } from '../../../ui/forms';
import { Button } from '../../../ui/parts';
import { api } from '../../account';

const maxBytes = 1024 * 1024;

/** Invites everybody in a table, and says line by line what could not be sent. */
export function ImportDialog({ event, types, close, done }: { event: EventDetail; types: TicketType[]; close: () => void; done: () => void }) {
  const [result, setResult] = useState<ImportedInvitations | null>(null);
  const [file, setFile] = useState<File | null>(null);
  return (
    <Dialog title="Invite from a table" close={close} wide={result !== null && result.errors.length > 0}>
      {result ? (
        <div className="form" data-testid="import-result">
          <p className="row">
            <CircleCheck className="good" size={20} aria-hidden="true" />
            {result.sent === 1 ? 'One invitation is on its way.' : `${result.sent} invitations are on their way.`}
          </p>
          {result.errors.length > 0 && (
            <>
              <p>{result.errors.length === 1 ? 'One line sent nothing:' : `${result.errors.length} lines sent nothing:`}</p>
              <ul className="list list--scroll" tabIndex={0} aria-label="Lines that sent nothing">
                {result.errors.map(({ line, detail }) => (
                  <li key={line}>
                    <span className="tabular quiet list__time">Line {line}</span>
                    <span>{detail}</span>
                  </li>
                ))}
              </ul>
            </>
          )}
          <div className="form__end">
            <Button look="primary" onClick={close}>
              Done
            </Button>
          </div>
        </div>
      ) : (
        <Form
          submit="Send"
          testId="import-send"
          cancel={close}
          aliases={{ csv_not_utf8: 'file', csv_lines_invalid: 'file', body_too_large: 'file' }}
          send={async (values) => {
            if (!file) return;
            if (file.size > maxBytes) throw new ApiError(413, 'body_too_large', 'The table is larger than 1 MB; send it in parts.');
            const raw = new Blob([await file.arrayBuffer()], { type: 'text/csv' });
            setResult(await api.call<ImportedInvitations>(`/events/${event.id}/ticket-types/${values.text('ticketTypeId')}/invitations/import`, { method: 'POST', raw }));
            done();
          }}
        >
          <SelectField name="ticketTypeId" label="To a ticket of">
            {types.map((type) => (
              <option key={type.id} value={type.id}>
                {type.name}
              </option>
            ))}
          </SelectField>
          <TextField
            name="file"
            label="Table"
            type="file"
            accept=".csv,text/csv"
            onChange={(change) => setFile(change.target.files?.[0] ?? null)}
            hint="A CSV file in UTF-8, at most 5,000 lines: a column called “email”, or the addresses in the first one."
            data-testid="import-file"
          />
        </Form>
      )}
    </Dialog>
  );
}
