import { Camera, CameraOff, CircleCheck, ScanLine, TriangleAlert, UserX } from 'lucide-react';
import { useEffect, useRef, useState, type FormEvent } from 'react';
import type { CheckInDevice, EventAction, EventDetail, OnSale, Verdict } from '../../../sdk/event';
import { moment } from '../../../ui/format';
import { useInTurn } from '../../../ui/inTurn';
import { useLoad, type Loaded as Load } from '../../../ui/load';
import { Button, ErrorNotice } from '../../../ui/parts';
import { useToast } from '../../../ui/toasts';
import { api } from '../../account';
import { startScanner } from '../../../ui/scanner';
import { ConflictsPanel } from './ConflictsPanel';
import { DoorsPanel } from './DoorsPanel';

const refusals: Record<string, string> = {
  code_invalid: 'This is no ticket of ours.',
  wrong_event: 'A ticket, but of another event.',
  cancelled: 'The order was cancelled.',
  transferred: 'The ticket was handed on; its new holder has another code.',
  revoked: 'The ticket was taken back.',
  not_paid: 'Not paid yet.',
  blocked: 'Its holder is not to be let in.',
};

/** Scanning here, phones that scan on their own, and what they found. */
export function CheckInTab({ event, onSale, may }: { event: EventDetail; onSale: Load<OnSale>; may: (action: EventAction) => boolean }) {
  const edits = may('edit_event');
  const devices = useLoad(edits ? async (signal) => (await api.call<{ items: CheckInDevice[] }>(`/events/${event.id}/check-in/devices`, { signal })).items : null, event.id, () => 5_000);
  return (
    <>
      <ScanPanel event={event} />
      <ConflictsPanel event={event} />
      {edits && <DoorsPanel event={event} onSale={onSale} devices={devices} />}
    </>
  );
}

/** The door: a camera, a hand scanner (which types), or typing. What the last code meant is large enough to be seen at arm's length. */
function ScanPanel({ event }: { event: EventDetail }) {
  const [code, setCode] = useState('');
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [scanning, setScanning] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const toast = useToast();

  const check = useInTurn(async (text: string): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      setVerdict(await api.call<Verdict>('/tickets/check-in', { method: 'POST', body: { code: text.trim(), eventId: event.id } }));
    } catch (reason) {
      setVerdict(null);
      setError(reason);
    } finally {
      setBusy(false);
      input.current?.focus();
    }
  });

  useEffect(() => {
    if (!scanning || !video.current) return;
    return startScanner(video.current, (text) => void check(text), (reason) => {
      setScanning(false);
      setError(reason);
    });
  }, [scanning, check]);

  const undo = (id: string): void =>
    void api.call(`/tickets/${id}/check-in`, { method: 'DELETE' }).then(
      () => {
        setVerdict(null);
        toast('Taken back.');
      },
      (reason: unknown) => toast(reason instanceof Error ? reason.message : String(reason), 'error'),
    );

  return (
    <section className="panel" aria-labelledby="check-in">
      <div className="panel__head">
        <div>
          <h2 id="check-in">Check-in</h2>
          <p>Scan the code on a ticket with the camera or a hand scanner, or type it. Each ticket comes in once.</p>
        </div>
        <Button size="small" onClick={() => setScanning((before) => !before)} data-testid="scan">
          {scanning ? <CameraOff size={16} aria-hidden="true" /> : <Camera size={16} aria-hidden="true" />} {scanning ? 'Stop the camera' : 'Use the camera'}
        </Button>
      </div>
      {scanning && <video ref={video} className="scanner" muted playsInline aria-label="What the camera sees" />}
      <form
        className="filters"
        onSubmit={(submitted: FormEvent) => {
          submitted.preventDefault();
          if (code.trim() === '') return;
          setCode(''); // the next one may be typed before this one's answer is there
          void check(code);
        }}
      >
        <label className="field filters__text">
          <span className="visually-hidden">Ticket code</span>
          <span className="searchbox">
            <ScanLine size={18} aria-hidden="true" />
            <input ref={input} className="input" autoFocus autoComplete="off" autoCapitalize="characters" spellCheck={false} placeholder="E1:…" maxLength={200} value={code} onChange={(change) => setCode(change.target.value)} data-testid="check-code" />
          </span>
        </label>
        <Button type="submit" look="primary" aria-busy={busy} data-testid="check-submit">
          Check in
        </Button>
      </form>
      <div aria-live="assertive">
        {error !== null && <ErrorNotice error={error} />}
        {verdict && <Shown verdict={verdict} undo={undo} />}
      </div>
    </section>
  );
}

function Shown({ verdict, undo }: { verdict: Verdict; undo: (id: string) => void }) {
  const { ticket, reason } = verdict;
  const tone = verdict.valid ? 'good' : reason === 'already_in' ? 'warn' : 'bad';
  const at = ticket?.checkedInAt;
  return (
    <div className={`verdict verdict--${tone}`} data-testid="verdict" data-reason={reason ?? 'in'}>
      {verdict.valid ? <CircleCheck size={40} aria-hidden="true" /> : reason === 'already_in' ? <TriangleAlert size={40} aria-hidden="true" /> : <UserX size={40} aria-hidden="true" />}
      <div>
        <strong>{verdict.valid ? 'Welcome' : reason === 'already_in' ? 'Already in' : 'No entry'}</strong>
        {ticket && (
          <p className="verdict__who">
            {ticket.holderName} <span>{ticket.typeName}</span>
          </p>
        )}
        {!verdict.valid && <p>{reason === 'already_in' ? `Came in at ${at ? moment(at) : 'another door'}.` : (refusals[reason ?? ''] ?? reason)}</p>}
        {ticket && at && (
          <>
            <Button size="small" look="quiet" onClick={() => undo(ticket.id)}>
              Take it back
            </Button>{' '}
            <a className="button button--small button--quiet" href={`/api/v1/tickets/${ticket.id}/badge.pdf`} target="_blank" rel="noreferrer" data-testid="badge">
              Its badge
            </a>
          </>
        )}
      </div>
    </div>
  );
}
