import { LogIn } from 'lucide-react';
import type { ReactNode } from 'react';
import { Blank, Skeleton } from '../ui/parts';
import { Link, usePath } from '../ui/router';
import { useAccount } from './account';
import { signInFor } from './Site';

/** For people with an account; others are shown the way in, and come back here afterwards. */
export function Members({ children }: { children: ReactNode }) {
  const { me, known } = useAccount();
  const path = usePath();
  if (me) return children;
  if (!known) return <Skeleton height={220} />;
  return (
    <Blank page icon={<LogIn size={30} />} title="Sign in to go on">
      <p>This page is for people with an account.</p>
      <div className="row">
        <Link className="button button--primary" href={signInFor(path)}>
          Sign in
        </Link>
        <Link className="button" href="/sign-up">
          Create an account
        </Link>
      </div>
    </Blank>
  );
}
