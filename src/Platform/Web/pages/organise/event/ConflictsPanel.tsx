import { CircleCheck, TriangleAlert } from 'lucide-react';
import type { DoorCounts, EventDetail, Page } from '../../../sdk/event';
import type { Conflict } from '../../../sdk/onsite';
import { moment } from '../../../ui/format';
import { useLoad } from '../../../ui/load';
import { Loaded } from '../../../ui/loaded';
import { api } from '../../account';
import { conflictWords } from '../../scan/DoorConflicts';

const everyMs = 5_000;

/** How many are in, and who was let in where doors did not know of each other. */
export function ConflictsPanel({ event }: { event: EventDetail }) {
  const path = `/events/${event.id}/check-in`;
  const counts = useLoad((signal) => api.call<DoorCounts>(path, { signal }), event.id, () => everyMs);
  const conflicts = useLoad((signal) => api.call<Page<Conflict>>(`${path}/conflicts?limit=100`, { signal }), event.id, () => everyMs);
  return (
    <section className="panel" aria-labelledby="doors-now">
      <div className="panel__head">
        <div>
          <h2 id="doors-now">At the doors now</h2>
          {counts.value && (
            <p data-testid="door-counts" data-in={counts.value.in} data-conflicts={counts.value.conflicts}>
              {counts.value.in} of {counts.value.valid} are in{counts.value.left > 0 && `, ${counts.value.left} have left again`}.
            </p>
          )}
        </div>
      </div>
      <Loaded of={conflicts}>
        {({ items, next }) =>
          items.length === 0 ? (
            <p className="quiet">
              <CircleCheck size={18} aria-hidden="true" /> No conflicts between doors.
            </p>
          ) : (
            <ul className="list" data-testid="conflicts">
              {items.map((conflict) => (
                <li key={conflict.seq} data-testid="conflict" data-reason={conflict.reason ?? conflict.result}>
                  <TriangleAlert size={20} aria-hidden="true" />
                  <div className="item">
                    <strong>{conflict.ticket?.holderName ?? 'Somebody without a ticket of this event'}</strong>
                    <span>{conflictWords(conflict, moment)}</span>
                  </div>
                </li>
              ))}
              {next !== null && <li className="quiet">These are the latest hundred.</li>}
            </ul>
          )
        }
      </Loaded>
    </section>
  );
}
