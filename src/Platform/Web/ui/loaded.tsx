import { CloudOff } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Loaded as Load } from './load';
import type { Paged } from './more';
import { Blank, Button, Skeleton } from './parts';

/** What was fetched; until then its outline, or why it cannot be shown and a way to try again. */
export function Loaded<T>({ of, children, rows = 3 }: { of: Load<T>; children: (value: T) => ReactNode; rows?: number }) {
  if (of.value !== null) return children(of.value);
  if (of.error) {
    return (
      <Blank icon={<CloudOff size={30} />} title="This could not be loaded">
        <p>{of.error.message}</p>
        <Button onClick={of.reload}>Try again</Button>
      </Blank>
    );
  }
  return (
    <div className="outline" aria-busy="true">
      <span className="visually-hidden" role="status">
        Loading
      </span>
      {Array.from({ length: rows }, (_, index) => (
        <Skeleton key={index} height={64} />
      ))}
    </div>
  );
}

/** Below a list that comes in pages: the way to the next one. */
export function More<T>({ of }: { of: Paged<T> }) {
  if (!of.more) return null;
  return (
    <Button size="small" busy={of.busy} onClick={() => void of.more?.()}>
      Show more
    </Button>
  );
}
