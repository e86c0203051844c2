import { CalendarDays, LayoutDashboard, LogIn, Ticket } from 'lucide-react';
import { useEffect, type MouseEvent, type ReactNode } from 'react';
import type { Branding } from '../sdk/event';
import { Avatar } from '../ui/parts';
import { Link, usePath } from '../ui/router';
import { useAccount } from './account';
import { brandVars } from './brand';

/** The light frame of every page outside a room. */
export function Site({ title, children, bare, wide, branding }: { title: string; children: ReactNode; bare?: boolean; wide?: boolean; /** Of the event that the page is about. */ branding?: Branding }) {
  const brand = brandVars(branding);
  useTitle(title);
  return (
    <div className={`site ${wide ? 'site--wide' : ''}`}>
      <a className="skip" href="#content" onClick={skip}>
        Skip to content
      </a>
      <header className="top">
        <Link className="brand" href="/" aria-label="Events, all events">
          <img src="/mark.svg" width={28} height={28} alt="" />
          <span>Events</span>
        </Link>
        {!bare && <Around />}
      </header>
      <main className="page" id="content" tabIndex={-1} style={brand} data-branded={brand ? '' : undefined}>
        {children}
      </main>
      <footer className="bottom">Live video and recordings stay on this server.</footer>
    </div>
  );
}

/** The address stays as it is: in its fragment the secrets of orders, tickets and invitations travel. */
function skip(click: MouseEvent): void {
  const content = document.getElementById('content');
  if (!content) return;
  click.preventDefault();
  content.focus();
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title === 'Events' ? title : `${title} · Events`;
  }, [title]);
}

function Around() {
  const { me, known } = useAccount();
  const path = usePath();
  const here = (root: string): 'page' | undefined => (path === root || path.startsWith(`${root}/`) ? 'page' : undefined);
  return (
    <nav className="nav" aria-label="Main">
      <Link href="/" aria-current={path === '/' || path.startsWith('/e/') ? 'page' : undefined}>
        <CalendarDays size={20} aria-hidden="true" /> Events
      </Link>
      <Link href="/my/tickets" aria-current={here('/my/tickets')}>
        <Ticket size={20} aria-hidden="true" /> My tickets
      </Link>
      {me && (
        <Link href="/organise" aria-current={here('/organise')}>
          <LayoutDashboard size={20} aria-hidden="true" /> Organise
        </Link>
      )}
      {!known ? (
        <span />
      ) : me ? (
        <Link href="/account" aria-current={here('/account')} data-testid="account-link">
          <Avatar name={me.user.name} /> Account
        </Link>
      ) : (
        <Link href={signInFor(path)} aria-current={here('/sign-in')}>
          <LogIn size={20} aria-hidden="true" /> Sign in
        </Link>
      )}
    </nav>
  );
}

/** Sign in, then back to this page. */
export function signInFor(path: string): string {
  return path === '/' || path.startsWith('/sign-') ? '/sign-in' : `/sign-in?next=${encodeURIComponent(path)}`;
}
