import { ScrollText } from 'lucide-react';
import type { AuditItem, Member, Page } from '../../sdk/event';
import { useLoad } from '../../ui/load';
import { Loaded } from '../../ui/loaded';
import { usePages } from '../../ui/more';
import { Blank, Button } from '../../ui/parts';
import { api } from '../account';

export function AuditLog({ organisationId }: { organisationId: string }) {
  const items = usePages((after, signal) => api.call<Page<AuditItem>>(`/organisations/${organisationId}/audit?limit=50${after ? `&after=${after}` : ''}`, { signal }), organisationId);
  // The log holds ids only; the names of members are known to this page anyway.
  const members = useLoad(async (signal) => (await api.call<Page<Member>>(`/organisations/${organisationId}/members`, { signal })).items, organisationId);
  const nameOf = (id: string | null): string => members.value?.find(({ userId }) => userId === id)?.name ?? (id ? `${id.slice(0, 8)}…` : '');
  return (
    <section className="panel" aria-labelledby="audit">
      <div className="panel__head">
        <div>
          <h2 id="audit">Audit log</h2>
          <p>Who did what in this organisation, latest first. Reads of personal data by the operator’s staff are here too.</p>
        </div>
      </div>
      <Loaded of={items}>
        {(rows) =>
          rows.length === 0 ? (
            <Blank icon={<ScrollText size={28} />} title="Nothing yet" />
          ) : (
            <>
              <div className="tablebox" tabIndex={0} role="region" aria-label="Entries">
                <table className="table" data-testid="audit">
                  <thead>
                    <tr>
                      <th scope="col">When</th>
                      <th scope="col">What</th>
                      <th scope="col">Who</th>
                      <th scope="col">Details</th>
                    </tr>
                  </thead>
                  <tbody>
                    {rows.map((item) => (
                      <tr key={item.id}>
                        <td className="tabular">{new Date(item.at).toLocaleString()}</td>
                        <td>{item.action.replaceAll(/[._]/g, ' ')}</td>
                        <td>{item.actorKind === 'user' ? nameOf(item.actorId) : item.actorKind === 'staff' ? 'Operator’s staff' : `${item.actorKind.replaceAll('_', ' ')} ${nameOf(item.actorId)}`}</td>
                        <td>
                          {item.subjectType === 'user' && `${nameOf(item.subjectId)} `}
                          {Object.entries(item.detail)
                            .filter(([, value]) => value !== null)
                            .map(([key, value]) => `${key}: ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
                            .join(', ')}
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
              {items.more && (
                <Button size="small" busy={items.busy} onClick={() => void items.more?.()}>
                  Show more
                </Button>
              )}
            </>
          )
        }
      </Loaded>
    </section>
  );
}
