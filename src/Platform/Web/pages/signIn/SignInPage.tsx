import { Sparkles } from 'lucide-react';
import { useState, type FormEvent } from 'react';
import { ApiError, type Demo } from '../../sdk/event';
import { useLoad } from '../../ui/load';
import { Button, ErrorNotice } from '../../ui/parts';
import { navigate } from '../../ui/router';
import { api, useAccount } from '../account';
import { Site } from '../Site';
import { CompanySignIn } from './CompanySignIn';

export function SignInPage() {
  const { signIn } = useAccount();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState<'form' | 'demo' | null>(null);
  const [error, setError] = useState<unknown>(null);
  const demo = useLoad(fetchDemo, 'demo');

  const enter = async (how: 'form' | 'demo', who: { email: string; password: string }, to: string): Promise<void> => {
    setBusy(how);
    setError(null);
    try {
      await signIn(who.email, who.password);
      navigate(to, { replace: true });
    } catch (reason) {
      setError(reason);
      setBusy(null);
    }
  };

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void enter('form', { email, password }, nextPage() ?? '/');
  };
  const known = demo.value?.demo;

  return (
    <Site title="Sign in" bare>
      <div className="signin">
        <h1>Sign in</h1>
        <p className="lead">For organisers and speakers. To watch or join as a guest, open the event’s link: no account is needed.</p>
        {known && (
          <div className="signin__demo">
            <Button
              look="primary"
              wide
              data-testid="sign-in-demo"
              busy={busy === 'demo'}
              onClick={() => void enter('demo', known, nextPage() ?? `/e/${encodeURIComponent(known.eventSlug)}`)}
            >
              <Sparkles size={18} aria-hidden="true" /> Sign in as the demo organiser
            </Button>
            <div className="or" role="separator">
              or with your account
            </div>
          </div>
        )}
        <CompanySignIn email={email} next={nextPage()} />
        <form className="form" onSubmit={submit}>
          <label className="field">
            <span className="field__label">Email</span>
            <input className="input" data-testid="sign-in-email" type="email" autoComplete="username" required maxLength={254} value={email} onChange={(event) => setEmail(event.target.value)} />
          </label>
          <label className="field">
            <span className="field__label">Password</span>
            <input className="input" data-testid="sign-in-password" type="password" autoComplete="current-password" required maxLength={256} value={password} onChange={(event) => setPassword(event.target.value)} />
          </label>
          {error !== null && <ErrorNotice error={error} />}
          <Button type="submit" data-testid="sign-in-submit" look={known ? 'plain' : 'primary'} wide busy={busy === 'form'}>
            Sign in
          </Button>
        </form>
      </div>
    </Site>
  );
}

async function fetchDemo(signal: AbortSignal): Promise<{ demo: Demo | null }> {
  try {
    return { demo: await api.call<Demo>('/demo', { signal }) };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return { demo: null }; // not a demo: the form is all there is
    throw error;
  }
}

/** Where to go afterwards; only a path of this site, so that a link cannot send people elsewhere. */
function nextPage(): string | null {
  const next = new URLSearchParams(location.search).get('next');
  return next && /^\/(?![/\\])/.test(next) && next !== '/' && !next.startsWith('/sign-in') ? next : null;
}
