import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import { Confirm } from '../../../ui/dialog';
import { api } from '../../account';

/** Takes something of the event away, after asking. */
export function RemoveButton({ name, path, says, removed }: { name: string; path: string; says: string; removed: () => void }) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <button type="button" className="icon-button" aria-label={`Remove ${name}`} onClick={() => setAsking(true)}>
        <Trash2 size={16} aria-hidden="true" />
      </button>
      {asking && (
        <Confirm
          title={`Remove “${name}”?`}
          action="Remove"
          danger
          close={() => setAsking(false)}
          act={async () => {
            await api.call(path, { method: 'DELETE' });
            removed();
          }}
        >
          <p>{says}</p>
        </Confirm>
      )}
    </>
  );
}
