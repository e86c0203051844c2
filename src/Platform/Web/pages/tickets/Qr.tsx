import { useEffect, useState } from 'react';
import { Skeleton } from '../../ui/parts';
import { api } from '../account';

/** A ticket's code to be scanned. It is fetched with the order's key, which an address of a picture could not carry in secret. */
export function Qr({ ticketId, headers }: { ticketId: string; headers: Record<string, string> }) {
  const [shown, setShown] = useState<{ url: string } | { error: Error } | null>(null);
  const key = headers['X-Order-Key'];
  useEffect(() => {
    const abort = new AbortController();
    let url: string | null = null;
    api.file(`/tickets/${encodeURIComponent(ticketId)}/qr.png`, { headers: key ? { 'X-Order-Key': key } : {}, signal: abort.signal }).then(
      (file) => {
        if (abort.signal.aborted) return;
        url = URL.createObjectURL(file);
        setShown({ url });
      },
      (error: unknown) => {
        if (!abort.signal.aborted) setShown({ error: error instanceof Error ? error : new Error(String(error)) });
      },
    );
    return () => {
      abort.abort();
      if (url) URL.revokeObjectURL(url);
    };
  }, [ticketId, key]);
  if (shown === null) return <Skeleton height={168} width={168} />;
  if ('error' in shown) return <p className="quiet">{shown.error.message}</p>;
  return <img className="qr" src={shown.url} width={168} height={168} alt="QR code of this ticket, to be shown at the door" data-testid="qr" />;
}
