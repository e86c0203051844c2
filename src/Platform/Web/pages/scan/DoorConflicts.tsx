import { TriangleAlert } from 'lucide-react';
import type { Conflict } from '../../sdk/onsite';
import { clockTime } from '../../ui/format';
import { refusals } from './words';

/** What went wrong while doors did not know of each other; the same words for those at the doors, who say `when` by their clock, and for the organiser. */
export function conflictWords({ result, reason, at, device, entry }: Pick<Conflict, 'result' | 'reason' | 'at' | 'device' | 'entry'>, when: (at: string) => string): string {
  const here = `at ${when(at)}${device ? `, ${device}` : ''}`;
  if (result === 'refused') return `was let in ${here}. ${reason ? refusals[reason] : ''}`;
  return entry ? `came in at ${when(entry.at)}${entry.device ? `, ${entry.device}` : ''}, and again ${here}.` : `was let in ${here}.`;
}

export function DoorConflicts({ items }: { items: Conflict[] }) {
  if (items.length === 0) return null;
  return (
    <section className="door__conflicts" aria-labelledby="door-conflicts" data-testid="door-conflicts" data-count={items.length}>
      <h2 id="door-conflicts">
        <TriangleAlert size={18} aria-hidden="true" /> {items.length === 1 ? 'One conflict' : `${items.length} conflicts`}
      </h2>
      <ul>
        {items.slice(0, 5).map((conflict) => (
          <li key={conflict.seq}>
            <strong>{conflict.ticket?.holderName ?? 'Somebody'}</strong> {conflictWords(conflict, clockTime)}
          </li>
        ))}
      </ul>
    </section>
  );
}
