import { Camera, CameraOff, ScanLine, Search } from 'lucide-react';
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { find, type Door } from '../../sdk/onsite';
import { Button, ErrorNotice } from '../../ui/parts';
import { useInTurn } from '../../ui/inTurn';
import { startScanner } from '../../ui/scanner';

/** A camera, a hand scanner (which types), typing, or the name of somebody who came without the ticket. */
export function Lookup({ door, busy, scan }: { door: Door; busy: boolean; scan: (shown: { code: string } | { ticketId: string }) => Promise<void> }) {
  const [code, setCode] = useState('');
  const [typed, setTyped] = useState('');
  const [filming, setFilming] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const video = useRef<HTMLVideoElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const check = useInTurn(scan);

  useEffect(() => {
    if (!filming || !video.current) return;
    return startScanner(video.current, (text) => void check({ code: text }), (reason) => {
      setFilming(false);
      setError(reason);
    });
  }, [filming, check]);

  const found = find(door.tickets.values(), typed);
  return (
    <section className="door__look" aria-label="Scan">
      {filming && <video ref={video} className="door__film" muted playsInline aria-label="What the camera sees" />}
      {error !== null && <ErrorNotice error={error} />}
      <Button
        wide
        look={filming ? 'plain' : 'primary'}
        data-testid="door-camera"
        onClick={() => {
          setError(null);
          setFilming((before) => !before);
        }}
      >
        {filming ? <CameraOff size={20} aria-hidden="true" /> : <Camera size={20} aria-hidden="true" />} {filming ? 'Stop the camera' : 'Use the camera'}
      </Button>
      <form
        className="door__row"
        onSubmit={(submitted: FormEvent) => {
          submitted.preventDefault();
          if (code.trim() === '') return;
          setCode(''); // the next one may be typed before this one's answer is there
          void check({ code: code.trim() }).then(() => input.current?.focus());
        }}
      >
        <label className="searchbox">
          <span className="visually-hidden">Ticket code</span>
          <ScanLine size={18} aria-hidden="true" />
          <input ref={input} className="input" autoComplete="off" autoCapitalize="characters" spellCheck={false} placeholder="E1:…" maxLength={200} value={code} onChange={(change) => setCode(change.target.value)} data-testid="door-code" />
        </label>
        <Button type="submit" aria-busy={busy} data-testid="door-submit">
          Check
        </Button>
      </form>
      <label className="searchbox">
        <span className="visually-hidden">Search by name</span>
        <Search size={18} aria-hidden="true" />
        <input className="input" type="search" autoComplete="off" spellCheck={false} placeholder="Search by name" maxLength={100} value={typed} onChange={(change) => setTyped(change.target.value)} data-testid="door-search" />
      </label>
      {typed.trim().length > 1 && (
        <ul className="door__found" data-testid="door-found">
          {found.length === 0 && <li className="quiet">Nobody of that name is in the list.</li>}
          {found.map((ticket) => (
            <li key={ticket.id}>
              <span>
                <strong>{ticket.name}</strong> <span className="quiet">{door.state.self?.types.find(({ id }) => id === ticket.typeId)?.name}</span>
              </span>
              <Button
                size="small"
                busy={busy}
                aria-label={`Check ${ticket.name ?? ''}`}
                onClick={() => {
                  setTyped('');
                  void check({ ticketId: ticket.id });
                }}
              >
                Check
              </Button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
