import type { KeptScan, ListedTicket } from '../../sdk/onsite';
import { clockTime } from '../../ui/format';
import { markOf } from './words';

/** The last scans, and what has become of those that were made offline. */
export function DoorHistory({ scans, tickets }: { scans: KeptScan[]; tickets: ReadonlyMap<string, ListedTicket> }) {
  if (scans.length === 0) return null;
  return (
    <section className="door__history" aria-labelledby="door-history">
      <h2 id="door-history">Last scans</h2>
      <ol data-testid="door-history">
        {scans.slice(0, 20).map((scan) => {
          const { mark, says } = markOf(scan);
          return (
            <li key={scan.id} className={`mark mark--${mark}`} data-mark={mark}>
              <span className="tabular">{clockTime(scan.at)}</span>
              <span>{(scan.ticket && tickets.get(scan.ticket)?.name) ?? (scan.ticket ? 'A ticket' : 'No ticket of ours')}</span>
              <span className="mark__says">{says}</span>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
