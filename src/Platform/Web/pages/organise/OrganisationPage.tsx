import './organise.css';
import { CalendarPlus } from 'lucide-react';
import type { Organisation } from '../../sdk/event';
import { useLoad, type Loaded as Load } from '../../ui/load';
import { Loaded } from '../../ui/loaded';
import { Link } from '../../ui/router';
import { api } from '../account';
import { Members } from '../Members';
import { Site } from '../Site';
import { ApiTokens } from './ApiTokens';
import { AuditLog } from './AuditLog';
import { OrganisationLook } from './OrganisationLook';
import { OrganisationMembers } from './OrganisationMembers';
import { OrganisationSettings } from './OrganisationSettings';
import { EventList } from './OrganisePage';
import { ConnectionsPanel } from './sso/ConnectionsPanel';
import { DomainsPanel } from './sso/DomainsPanel';
import { useCurrentTab } from './tabs';

/** The tabs, and who sees them: the server refuses the others their content. */
const tabs: [tab: string, name: string, adminsOnly: boolean][] = [
  ['events', 'Events', false],
  ['members', 'Team', false],
  ['audit', 'Audit log', true],
  ['tokens', 'API tokens', true],
  ['look', 'Look', true],
  ['sign-in', 'Company sign-in', true],
  ['settings', 'Settings', true],
];

export function OrganisationPage({ organisationId, tab = 'events' }: { organisationId?: string; tab?: string }) {
  return (
    <Site title="Organisation">
      <Members>
        <Shown id={organisationId ?? ''} tab={tab} />
      </Members>
    </Site>
  );
}

function Shown({ id, tab }: { id: string; tab: string }) {
  const organisation = useLoad((signal) => api.call<Organisation>(`/organisations/${encodeURIComponent(id)}`, { signal }), id);
  return (
    <div className="stack">
      <nav className="crumbs" aria-label="Where you are">
        <Link href="/organise">Organise</Link>
      </nav>
      <Loaded of={organisation}>{(value) => <Tabs organisation={value} tab={tab} load={organisation} />}</Loaded>
    </div>
  );
}

function Tabs({ organisation, tab, load }: { organisation: Organisation; tab: string; load: Load<Organisation> }) {
  const { id, name, role } = organisation;
  const nav = useCurrentTab(tab);
  const isAdmin = role === 'organization_admin';
  return (
    <>
      <div className="head">
        <div>
          <h1>{name}</h1>
        </div>
        {role !== 'regular_member' && (
          <Link className="button button--primary" href={`/organise/${id}/new-event`} data-testid="new-event">
            <CalendarPlus size={17} aria-hidden="true" /> New event
          </Link>
        )}
      </div>
      <nav className="tabs" aria-label="Organisation" ref={nav}>
        {tabs
          .filter(([, , adminsOnly]) => isAdmin || !adminsOnly)
          .map(([key, words]) => (
            <Link key={key} href={`/organise/${id}/${key}`} aria-current={tab === key ? 'page' : undefined}>
              {words}
            </Link>
          ))}
      </nav>
      {tab === 'events' && (
        <section className="panel" aria-label="Events">
          <EventList organisationId={id} />
        </section>
      )}
      {tab === 'members' && <OrganisationMembers organisation={organisation} />}
      {tab === 'audit' && <AuditLog organisationId={id} />}
      {tab === 'tokens' && <ApiTokens organisationId={id} />}
      {tab === 'look' && <OrganisationLook organisation={organisation} />}
      {tab === 'sign-in' && (
        <>
          <ConnectionsPanel organisation={organisation} />
          <DomainsPanel organisation={organisation} />
        </>
      )}
      {tab === 'settings' && <OrganisationSettings organisation={organisation} load={load} />}
    </>
  );
}
