import { Compass, TriangleAlert } from 'lucide-react';
import { Component, lazy, Suspense, useEffect, useRef, type ComponentType, type ReactNode, type RefObject } from 'react';
import { fetched, PageUnreachable } from '../ui/fetched';
import { Blank, Button, Spinner } from '../ui/parts';
import { Link, match, usePath } from '../ui/router';
import { Toasts } from '../ui/toasts';
import { AccountProvider } from './account';
import { EventPage } from './event/EventPage';
import { ListingPage } from './listing/ListingPage';
import { Site } from './Site';

type Parts = Record<string, string>;

/** A page that is fetched when somebody goes there. */
function later<Name extends string>(load: () => Promise<Record<Name, ComponentType<never>>>, name: Name): ComponentType<Parts> {
  return lazy(async () => ({ default: (await fetched(load))[name] as ComponentType<Parts> }));
}

const session = later(() => import('./session/SessionPage'), 'SessionPage');
const organisation = later(() => import('./organise/OrganisationPage'), 'OrganisationPage');
const setup = later(() => import('./organise/event/SetupPage'), 'SetupPage');
const register = later(() => import('./tickets/RegisterPage'), 'RegisterPage');

/** Addresses and their pages; the first that fits is shown. */
const pages: [pattern: string, page: ComponentType<Parts>][] = [
  ['/', ListingPage],
  ['/sign-in', later(() => import('./signIn/SignInPage'), 'SignInPage')],
  ['/sign-up', later(() => import('./signIn/SignUpPage'), 'SignUpPage')],
  ['/account', later(() => import('./profile/AccountPage'), 'AccountPage')],
  ['/my/tickets', later(() => import('./tickets/MyTicketsPage'), 'MyTicketsPage')],
  ['/orders/:orderId', later(() => import('./tickets/OrderPage'), 'OrderPage')],
  ['/tickets/:ticketId', later(() => import('./tickets/TicketPage'), 'TicketPage')],
  ['/e/:slug', EventPage as ComponentType<Parts>],
  ['/e/:slug/tickets', register],
  ['/e/:slug/reception', later(() => import('./reception/ReceptionPage'), 'ReceptionPage')],
  ['/e/:slug/s/:sessionId', session],
  ['/e/:slug/recordings/:recordingId', later(() => import('./replay/ReplayPage'), 'ReplayPage')],
  ['/organise', later(() => import('./organise/OrganisePage'), 'OrganisePage')],
  ['/organise/:organisationId', organisation],
  ['/organise/:organisationId/new-event', later(() => import('./organise/NewEventPage'), 'NewEventPage')],
  ['/organise/:organisationId/:tab', organisation],
  ['/organise/events/:eventId/setup', setup],
  ['/organise/events/:eventId/:tab', setup],
];

export function App() {
  return (
    <Toasts>
      <AccountProvider>
        <Page path={usePath()} />
      </AccountProvider>
    </Toasts>
  );
}

function Page({ path }: { path: string }) {
  const arrived = useRef(path);
  for (const [pattern, Shown] of pages) {
    const parts = match(pattern, path);
    if (parts) {
      // Tabs of one page keep what they have loaded: what a page is about is its key.
      const key = Object.entries(parts).filter(([name]) => name !== 'tab').map(([, value]) => value).join('/');
      return (
        <Boundary key={`${pattern.replace(/\/(setup|:tab)$/, '')} ${key}`}>
          <Suspense fallback={<Waiting />}>
            <Shown {...parts} />
            <Arrival path={path} at={arrived} />
          </Suspense>
        </Boundary>
      );
    }
  }
  return (
    <Site title="Not found">
      <Arrival path={path} at={arrived} />
      <Blank page icon={<Compass size={32} />} title="There is no page at this address">
        <p>The link may be old, or a letter of it is missing.</p>
        <Link className="button" href="/">
          All events
        </Link>
      </Blank>
    </Site>
  );
}

/** Going to another page is going to its beginning, for keyboards and screen readers too: once the page is there, which may have to be fetched first. */
function Arrival({ path, at }: { path: string; at: RefObject<string> }) {
  useEffect(() => {
    if (at.current === path) return;
    at.current = path;
    document.getElementById('content')?.focus({ preventScroll: true });
  }, [path, at]);
  return null;
}

function Waiting() {
  return (
    <div className="waiting" role="status">
      <Spinner size={28} />
      <span className="visually-hidden">Loading</span>
    </div>
  );
}

/** A fault in a page is shown, not a white screen; the reload starts clean. */
class Boundary extends Component<{ children: ReactNode }, { broken: unknown }> {
  override state = { broken: null };

  static getDerivedStateFromError(error: unknown): { broken: unknown } {
    return { broken: error };
  }

  override render(): ReactNode {
    const broken: unknown = this.state.broken;
    if (broken === null) return this.props.children;
    const unreachable = broken instanceof PageUnreachable;
    return (
      <main className="page">
        <Blank page icon={<TriangleAlert size={32} />} title={unreachable ? 'This page could not be fetched' : 'This page broke'}>
          <p>{unreachable ? 'Check your connection, then load it again.' : 'It is our fault, not yours. Loading it again usually helps.'}</p>
          <Button onClick={() => location.reload()}>Load again</Button>
        </Blank>
      </main>
    );
  }
}
