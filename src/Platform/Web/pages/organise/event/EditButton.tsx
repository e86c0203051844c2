import { Pencil } from 'lucide-react';

export function EditButton({ name, edit }: { name: string; edit: () => void }) {
  return (
    <button type="button" className="icon-button" aria-label={`Change ${name}`} onClick={edit}>
      <Pencil size={16} aria-hidden="true" />
    </button>
  );
}
