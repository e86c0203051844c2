import { MailCheck } from 'lucide-react';
import { useState } from 'react';
import { Form, TextField } from '../../ui/forms';
import { Blank } from '../../ui/parts';
import { Link } from '../../ui/router';
import { api } from '../account';
import { Site } from '../Site';

export function SignUpPage() {
  const [sentTo, setSentTo] = useState<string | null>(null);
  return (
    <Site title="Create an account" bare>
      <div className="signin">
        <h1>Create an account</h1>
        {sentTo === null ? (
          <>
            <p className="lead">To organise events, to speak, and to find your tickets again on any device. We mail you a link that finishes it.</p>
            <Form
              submit="Send me the link"
              wide
              testId="sign-up-submit"
              send={async (values) => {
                await api.call('/auth/sign-up', { method: 'POST', body: { email: values.text('email'), name: values.text('name') } });
                setSentTo(values.text('email'));
              }}
            >
              <TextField name="name" label="Your name" autoComplete="name" hint="As others see it in sessions." data-testid="sign-up-name" />
              <TextField name="email" label="Email" type="email" autoComplete="email" maxLength={254} data-testid="sign-up-email" />
            </Form>
            <p className="small">
              You have one already?{' '}
              <Link className="textlink" href="/sign-in">
                Sign in
              </Link>
            </p>
          </>
        ) : (
          <MailSent to={sentTo} />
        )}
      </div>
    </Site>
  );
}

/** The same for known and unknown addresses: whether somebody has an account is nobody else's business. */
export function MailSent({ to }: { to: string }) {
  return (
    <div role="status" data-testid="mail-sent">
      <Blank icon={<MailCheck size={32} />} title="Look into your mailbox">
        <p>
          If <strong>{to}</strong> can be reached, a link is on its way. It works once, for a few minutes.
        </p>
      </Blank>
    </div>
  );
}
