import { Download, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { Page, PrivacyKind, PrivacyRequest } from '../../sdk/event';
import { Confirm } from '../../ui/dialog';
import { moment } from '../../ui/format';
import { useLoad } from '../../ui/load';
import { Loaded } from '../../ui/loaded';
import { Button } from '../../ui/parts';
import { useToast } from '../../ui/toasts';
import { api } from '../account';
import { privacyKinds, requestSays, requestStates } from './privacy';

/** What is held about the person: getting it and being rid of it. Both are confirmed by a mailed link. */
export function PrivacyPanel({ email }: { email: string }) {
  const requests = useLoad((signal) => api.call<Page<PrivacyRequest>>('/me/privacy/requests', { signal }), 'privacy');
  const [erasing, setErasing] = useState(false);
  const [asking, setAsking] = useState(false);
  const toast = useToast();
  const ask = async (kind: PrivacyKind): Promise<void> => {
    await api.call('/privacy/requests', { method: 'POST', body: { email, kind } });
    toast('We have mailed you a link; nothing happens before you use it.');
  };
  const download = async (): Promise<void> => {
    setAsking(true);
    try {
      await ask('access');
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), 'error');
    } finally {
      setAsking(false);
    }
  };
  return (
    <>
      <section className="panel" aria-labelledby="privacy">
        <div className="panel__head">
          <div>
            <h2 id="privacy">Privacy</h2>
            <p>Get everything that is held about you, or have it erased. A mailed link confirms it is you.</p>
          </div>
        </div>
        <Loaded of={requests} rows={1}>
          {({ items }) =>
            items.length > 0 && (
              <ul className="list" data-testid="privacy-requests">
                {items.map((request) => (
                  <li key={request.id}>
                    <div className="item">
                      <strong>{privacyKinds[request.kind]}</strong>
                      <span>{requestSays(request, moment)}</span>
                    </div>
                    <div className="item__end">
                      <span className={`badge ${requestStates[request.state].tone}`}>{requestStates[request.state].name}</span>
                    </div>
                  </li>
                ))}
              </ul>
            )
          }
        </Loaded>
        <div className="form__end">
          <Button busy={asking} onClick={() => void download()} data-testid="privacy-access">
            <Download size={16} aria-hidden="true" /> Get my data
          </Button>
          <Button look="danger" onClick={() => setErasing(true)} data-testid="privacy-erasure">
            <Trash2 size={16} aria-hidden="true" /> Erase my data
          </Button>
        </div>
      </section>
      {erasing && (
        <Confirm title="Erase everything about you?" action="Mail me the link" danger close={() => setErasing(false)} act={() => ask('erasure')}>
          <p>Your account ends. Tickets lose your name, answers and files are deleted, and what you paid stays in the organisers’ books without you. Once you use the link it cannot be undone.</p>
        </Confirm>
      )}
    </>
  );
}
