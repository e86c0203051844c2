import { KeyRound } from 'lucide-react';
import { useState } from 'react';
import type { ApiToken } from '../../sdk/event';
import { Confirm } from '../../ui/dialog';
import { moment } from '../../ui/format';
import { useLoad } from '../../ui/load';
import { Loaded } from '../../ui/loaded';
import { Blank, Button } from '../../ui/parts';
import { api } from '../account';

export function ApiTokens({ organisationId }: { organisationId: string }) {
  const tokens = useLoad(async (signal) => (await api.call<{ items: ApiToken[] }>(`/organisations/${organisationId}/api-tokens`, { signal })).items, organisationId);
  const [revoking, setRevoking] = useState<ApiToken | null>(null);
  return (
    <section className="panel" aria-labelledby="tokens">
      <div className="panel__head">
        <div>
          <h2 id="tokens">API tokens</h2>
          <p>Your own systems read events and participants with these. The operator issues them; you can end one at any time.</p>
        </div>
      </div>
      <Loaded of={tokens}>
        {(items) =>
          items.length === 0 ? (
            <Blank icon={<KeyRound size={28} />} title="No tokens">
              <p>Ask the operator of this installation for one.</p>
            </Blank>
          ) : (
            <ul className="list">
              {items.map((token) => (
                <li key={token.id}>
                  <div className="item">
                    <strong>{token.name}</strong>
                    <span>
                      {token.scopes.join(', ')} · {token.lastUsedAt ? `last used ${moment(token.lastUsedAt)}` : 'never used'}
                      {token.expiresAt && ` · until ${moment(token.expiresAt)}`}
                    </span>
                  </div>
                  <div className="item__end">
                    {token.revokedAt ? (
                      <span className="badge">Ended</span>
                    ) : (
                      <Button size="small" onClick={() => setRevoking(token)}>
                        End
                      </Button>
                    )}
                  </div>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      {revoking && (
        <Confirm
          title={`End “${revoking.name}”?`}
          action="End the token"
          danger
          close={() => setRevoking(null)}
          act={async () => {
            await api.call(`/organisations/${organisationId}/api-tokens/${revoking.id}`, { method: 'DELETE' });
            tokens.reload();
          }}
        >
          <p>The system that uses it is refused from now on. This cannot be undone.</p>
        </Confirm>
      )}
    </section>
  );
}
