import { Sparkles } from 'lucide-react';
import { useState } from 'react';
import { ApiError, type Demo } from '../../sdk/event';
import { Form, TextField } from '../../ui/forms';
import { useLoad } from '../../ui/load';
import { Button, ErrorNotice } from '../../ui/parts';
import { Link, navigate } from '../../ui/router';
import { api, useAccount } from '../account';
import { Site } from '../Site';
import { CompanySignIn } from './CompanySignIn';
import { MailSent } from './SignUpPage';

export function SignInPage() {
  const { signIn } = useAccount();
  const [how, setHow] = useState<'password' | 'link'>('password');
  const [sentTo, setSentTo] = useState<string | null>(null);
  const [email, setEmail] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const demo = useLoad(fetchDemo, 'demo');
  const known = demo.value?.demo;

  const enterDemo = async ({ email, password, eventSlug }: Demo): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await signIn(email, password);
      navigate(nextPage() ?? `/e/${encodeURIComponent(eventSlug)}`, { replace: true });
    } catch (reason) {
      setError(reason);
      setBusy(false);
    }
  };

  return (
    <Site title="Sign in" bare>
      <div className="signin">
        <h1>Sign in</h1>
        <p className="lead">For organisers, speakers and everyone with tickets. To watch as a guest, open the event’s link: no account is needed.</p>
        {known && (
          <div className="signin__demo">
            <Button look="primary" wide data-testid="sign-in-demo" busy={busy} onClick={() => void enterDemo(known)}>
              <Sparkles size={18} aria-hidden="true" /> Sign in as the demo organiser
            </Button>
            {error !== null && <ErrorNotice error={error} />}
            <div className="or" role="separator">
              or with your account
            </div>
          </div>
        )}
        <CompanySignIn email={email} next={nextPage()} />
        {sentTo !== null ? (
          <MailSent to={sentTo} />
        ) : how === 'password' ? (
          <Form
            key="password"
            submit="Sign in"
            submitLook={known ? 'plain' : 'primary'}
            wide
            testId="sign-in-submit"
            send={async (values) => {
              await signIn(values.text('email'), values.raw('password'));
              navigate(nextPage() ?? '/', { replace: true });
            }}
          >
            <TextField name="email" label="Email" data-testid="sign-in-email" type="email" autoComplete="username" maxLength={254} onChange={(event) => setEmail(event.target.value)} />
            <TextField name="password" label="Password" data-testid="sign-in-password" type="password" autoComplete="current-password" maxLength={256} />
          </Form>
        ) : (
          <Form
            key="link"
            submit="Mail me a link"
            submitLook={known ? 'plain' : 'primary'}
            wide
            testId="link-submit"
            send={async (values) => {
              await api.call('/auth/links', { method: 'POST', body: { email: values.text('email') } });
              setSentTo(values.text('email'));
            }}
          >
            <TextField name="email" label="Email" data-testid="link-email" type="email" autoComplete="username" maxLength={254} hint="The link signs you in without a password." />
          </Form>
        )}
        <div className="signin__else">
          <button
            type="button"
            className="textlink"
            data-testid="sign-in-other-way"
            onClick={() => {
              setSentTo(null);
              setHow(how === 'password' ? 'link' : 'password');
            }}
          >
            {how === 'password' ? 'Mail me a link instead' : 'Use a password instead'}
          </button>
          <Link className="textlink" href="/sign-up">
            Create an account
          </Link>
        </div>
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
