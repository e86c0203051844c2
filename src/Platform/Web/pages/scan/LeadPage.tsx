import { Camera, CameraOff, Download, ScanLine } from 'lucide-react';
import { useCallback, useEffect, useRef, useState, type FormEvent } from 'react';
import type { Door, Lead } from '../../sdk/onsite';
import { clockTime } from '../../ui/format';
import { Button, ErrorNotice } from '../../ui/parts';
import { startScanner } from '../../ui/scanner';

/** A booth: reads a badge once its holder agrees, and lists who did. It needs the network: consent without a record would be none. */
export function LeadPage({ door }: { door: Door }) {
  const [leads, setLeads] = useState<Lead[] | null>(null);
  const [consent, setConsent] = useState(false);
  const [code, setCode] = useState('');
  const [added, setAdded] = useState<Lead | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [filming, setFilming] = useState(false);
  const video = useRef<HTMLVideoElement>(null);

  const reload = useCallback(() => door.client.leads().then(setLeads, setError), [door]);
  useEffect(() => void reload(), [reload]);

  const add = async (text: string): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      setAdded(await door.client.addLead(text.trim()));
      setCode('');
      setConsent(false); // the next one is asked again
      setFilming(false);
      await reload();
    } catch (reason) {
      setAdded(null);
      setError(reason);
    } finally {
      setBusy(false);
    }
  };
  const seen = (text: string): void => {
    if (consent && !busy) void add(text);
  };
  const latest = useRef(seen);
  latest.current = seen;
  useEffect(() => {
    if (!filming || !video.current) return;
    return startScanner(video.current, (text) => latest.current(text), (reason) => {
      setFilming(false);
      setError(reason);
    });
  }, [filming]);

  const agree = (agreed: boolean): void => {
    setConsent(agreed);
    if (!agreed) setFilming(false);
  };

  const download = async (): Promise<void> => {
    const url = URL.createObjectURL(new Blob([await door.client.leadsCsv()], { type: 'text/csv' }));
    const link = Object.assign(document.createElement('a'), { href: url, download: 'leads.csv' });
    link.click();
    URL.revokeObjectURL(url);
  };

  return (
    <>
      <header className="door__top">
        <div className="door__where">
          <h1>{door.state.self?.name}</h1>
          <p>{door.state.self?.event.name}</p>
        </div>
      </header>
      <main className="door__main" id="content">
        <div aria-live="assertive">
          {error !== null && <ErrorNotice error={error} />}
          {added && (
            <div className="said said--ok" data-testid="lead-added">
              <strong>Thank you</strong>
              <p className="said__who">
                {added.name} <span>{added.email}</span>
              </p>
            </div>
          )}
        </div>
        <section className="door__look" aria-label="A new contact">
          <div className="check">
            <input type="checkbox" id="lead-consent" checked={consent} onChange={(change) => agree(change.target.checked)} data-testid="lead-consent" />
            <label htmlFor="lead-consent">They agree that {door.state.self?.name ?? 'this booth'} has their name and address.</label>
          </div>
          {filming && <video ref={video} className="door__film" muted playsInline aria-label="What the camera sees" />}
          <Button wide look="primary" disabled={!consent} onClick={() => setFilming((before) => !before)}>
            {filming ? <CameraOff size={20} aria-hidden="true" /> : <Camera size={20} aria-hidden="true" />} {filming ? 'Stop the camera' : 'Scan the badge'}
          </Button>
          <form
            className="door__row"
            onSubmit={(submitted: FormEvent) => {
              submitted.preventDefault();
              if (consent && !busy && code.trim() !== '') void add(code);
            }}
          >
            <label className="searchbox">
              <span className="visually-hidden">Badge code</span>
              <ScanLine size={18} aria-hidden="true" />
              <input className="input" autoComplete="off" autoCapitalize="characters" spellCheck={false} placeholder="E1:…" maxLength={200} value={code} onChange={(change) => setCode(change.target.value)} data-testid="lead-code" />
            </label>
            <Button type="submit" busy={busy} disabled={!consent} data-testid="lead-submit">
              Add
            </Button>
          </form>
        </section>
        <section className="door__history" aria-labelledby="leads">
          <h2 id="leads">Contacts</h2>
          {leads?.length === 0 && <p className="quiet">Nobody yet.</p>}
          <ul className="door__found" data-testid="leads">
            {leads?.map((lead) => (
              <li key={lead.id}>
                <span>
                  <strong>{lead.name}</strong> <span className="quiet">{lead.email}, {clockTime(lead.consentedAt)}</span>
                </span>
                <Button size="small" look="quiet" aria-label={`Forget ${lead.name}`} onClick={() => void door.client.removeLead(lead.id).then(reload, setError)}>
                  Forget
                </Button>
              </li>
            ))}
          </ul>
        </section>
      </main>
      <footer className="door__foot">
        <span>{leads?.length ?? 0} of this booth</span>
        <Button size="small" look="quiet" onClick={() => void download().catch(setError)} data-testid="leads-csv">
          <Download size={16} aria-hidden="true" /> CSV
        </Button>
      </footer>
    </>
  );
}
