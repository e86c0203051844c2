import { Compass, TriangleAlert } from 'lucide-react';
import { Component, lazy, Suspense, type ReactNode } from 'react';
import { Blank, Button, Spinner } from '../ui/parts';
import { Link, match, usePath } from '../ui/router';
import { Toasts } from '../ui/toasts';
import { AccountProvider } from './account';
import { EventPage } from './event/EventPage';
import { ListingPage } from './listing/ListingPage';
import { ReplayPage } from './replay/ReplayPage';
import { Site } from './Site';
import { SignInPage } from './signIn/SignInPage';

const SessionPage = lazy(() => import('./session/SessionPage').then(({ SessionPage }) => ({ default: SessionPage })));

export function App() {
  return (
    <Toasts>
      <AccountProvider>
        <Boundary>
          <Suspense fallback={<Waiting />}>
            <Page path={usePath()} />
          </Suspense>
        </Boundary>
      </AccountProvider>
    </Toasts>
  );
}

function Page({ path }: { path: string }) {
  if (match('/', path)) return <ListingPage />;
  if (match('/sign-in', path)) return <SignInPage />;
  const event = match('/e/:slug', path);
  if (event) return <EventPage slug={event['slug'] ?? ''} />;
  const session = match('/e/:slug/s/:sessionId', path);
  if (session) return <SessionPage key={path} slug={session['slug'] ?? ''} sessionId={session['sessionId'] ?? ''} />;
  const replay = match('/e/:slug/recordings/:id', path);
  if (replay) return <ReplayPage key={path} slug={replay['slug'] ?? ''} recordingId={replay['id'] ?? ''} />;
  return (
    <Site title="Not found">
      <Blank icon={<Compass size={32} />} title="There is no page at this address">
        <p>The link may be old, or a letter of it is missing.</p>
        <Link className="button" href="/">
          All events
        </Link>
      </Blank>
    </Site>
  );
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
class Boundary extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override render(): ReactNode {
    if (!this.state.broken) return this.props.children;
    return (
      <main className="page">
        <Blank icon={<TriangleAlert size={32} />} title="This page broke">
          <p>It is our fault, not yours. Loading it again usually helps.</p>
          <Button onClick={() => location.reload()}>Load again</Button>
        </Blank>
      </main>
    );
  }
}
