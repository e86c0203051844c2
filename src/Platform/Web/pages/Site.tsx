import { LogOut } from 'lucide-react';
import { useEffect, type ReactNode } from 'react';
import { Avatar, Button } from '../ui/parts';
import { Link, usePath } from '../ui/router';
import { useToast } from '../ui/toasts';
import { useAccount } from './account';

/** The light frame of every page outside a room. */
export function Site({ title, children, bare }: { title: string; children: ReactNode; bare?: boolean }) {
  useTitle(title);
  return (
    <div className="site">
      <a className="skip" href="#content">
        Skip to content
      </a>
      <header className="top">
        <Link className="brand" href="/" aria-label="Events, all events">
          <img src="/mark.svg" width={28} height={28} alt="" />
          <span>Events</span>
        </Link>
        {!bare && <WhoAmI />}
      </header>
      <main className="page" id="content" tabIndex={-1}>
        {children}
      </main>
      <footer className="bottom">Live video and recording run on this server. Nothing is sent to third parties.</footer>
    </div>
  );
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title === 'Events' ? title : `${title} · Events`;
  }, [title]);
}

function WhoAmI() {
  const { me, known, signOut } = useAccount();
  const path = usePath();
  const toast = useToast();
  if (!known) return <span />;
  if (!me) {
    return (
      <Link className="button button--small" href={`/sign-in?next=${encodeURIComponent(path)}`}>
        Sign in
      </Link>
    );
  }
  const leave = (): void => {
    signOut().catch((error: unknown) => toast(error instanceof Error ? error.message : String(error), 'error'));
  };
  return (
    <div className="whoami">
      <Avatar name={me.user.name} />
      <span className="whoami__name">{me.user.name}</span>
      <Button look="quiet" size="small" onClick={leave} aria-label="Sign out" title="Sign out">
        <LogOut size={17} aria-hidden="true" />
      </Button>
    </div>
  );
}
