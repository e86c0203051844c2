import { CircleCheck, CloudUpload, TriangleAlert, UserX, type LucideIcon } from 'lucide-react';
import type { Shade, Verdict } from '../../sdk/onsite';
import { clockTime } from '../../ui/format';
import { refusals, shades } from './words';

export const icons: Record<Shade, LucideIcon> = { ok: CircleCheck, already_in: TriangleAlert, refused: UserX, offline: CloudUpload };

/** Large enough for an arm's length; told by colour, sign, pattern and word alike. */
export function Shown({ verdict }: { verdict: Verdict }) {
  const { shade, kind, reason, name, typeName, before } = verdict;
  const Icon = icons[shade];
  return (
    <div className={`said said--${shade}`} data-testid="said" data-shade={shade} data-reason={reason ?? ''}>
      <Icon size={56} aria-hidden="true" />
      <strong>{shades[shade][kind]}</strong>
      {(name || typeName) && (
        <p className="said__who">
          {name} <span>{typeName}</span>
        </p>
      )}
      {shade === 'offline' && <p>{name ? 'Will be confirmed when the network is back.' : 'A genuine ticket that is not in the list yet. Will be confirmed when the network is back.'}</p>}
      {shade === 'refused' && reason && <p>{refusals[reason]}</p>}
      {shade === 'already_in' && before && (
        <p>
          {kind === 'in' ? 'Came in' : 'Went out'} at {clockTime(before.at)}
          {before.device && `, ${before.device}`}.
        </p>
      )}
    </div>
  );
}
