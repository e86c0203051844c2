import { ScrollText } from 'lucide-react';
import type { AuditItem, EventSummary, Member, Page } from '../../sdk/event';
import { moment } from '../../ui/format';
import { useLoad } from '../../ui/load';
import { Loaded, More } from '../../ui/loaded';
import { usePages } from '../../ui/more';
import { Blank } from '../../ui/parts';
import { Link } from '../../ui/router';
import { api } from '../account';

/** "member.role_changed": "Member role changed". */
const inWords = (action: string): string => {
  const words = action.replaceAll(/[._]/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
};

const whoDid = (item: AuditItem, nameOf: (id: string | null) => string): string =>
  item.actorKind === 'user' ? nameOf(item.actorId) : item.actorKind === 'staff' ? 'Operator’s staff' : item.actorKind === 'api_token' ? `API token ${nameOf(item.actorId)}` : 'The platform';

const details = (item: AuditItem, nameOf: (id: string | null) => string): string =>
  [
    ...(item.subjectType === 'user' && item.subjectId !== item.actorId ? [nameOf(item.subjectId)] : []),
    ...Object.entries(item.detail)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => `${key}: ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`),
  ].join(', ');

export function AuditLog({ organisationId }: { organisationId: string }) {
  const items = usePages((after, signal) => api.call<Page<AuditItem>>(`/organisations/${organisationId}/audit?limit=50${after ? `&after=${after}` : ''}`, { signal }), organisationId);
  // The log holds ids only; the names of members are known to this page anyway.
  const members = useLoad(async (signal) => (await api.call<Page<Member>>(`/organisations/${organisationId}/members`, { signal })).items, organisationId);
  const events = useLoad(
    async (signal) => new Map((await api.call<Page<EventSummary>>(`/organisations/${organisationId}/events?limit=100`, { signal })).items.map(({ id, name }) => [id, name])),
    organisationId,
  );
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
              <ul className="list" data-testid="audit">
                {rows.map((item) => (
                  <li key={item.id}>
                    <div className="item">
                      <strong>{inWords(item.action)}</strong>
                      <span>
                        {whoDid(item, nameOf)}
                        {item.eventId && (
                          <>
                            {' · '}
                            <Link className="textlink" href={`/organise/events/${item.eventId}/setup`}>
                              {events.value?.get(item.eventId) ?? 'an event'}
                            </Link>
                          </>
                        )}
                      </span>
                      {details(item, nameOf) && <span className="audit__details">{details(item, nameOf)}</span>}
                    </div>
                    <time className="quiet small tabular" dateTime={item.at} title={new Date(item.at).toLocaleString(undefined, { dateStyle: 'full', timeStyle: 'long' })}>
                      {moment(item.at)}
                    </time>
                  </li>
                ))}
              </ul>
              <More of={items} />
            </>
          )
        }
      </Loaded>
    </section>
  );
}
