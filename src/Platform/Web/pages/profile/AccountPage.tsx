import { Building2, LogOut, Ticket } from 'lucide-react';
import { useState } from 'react';
import type { Profile } from '../../sdk/event';
import { Confirm } from '../../ui/dialog';
import { Form, SelectField, TextField } from '../../ui/forms';
import { useLoad, type Loaded as Load } from '../../ui/load';
import { Loaded } from '../../ui/loaded';
import { Button } from '../../ui/parts';
import { Link, navigate } from '../../ui/router';
import { useToast } from '../../ui/toasts';
import { allZones, hereZone } from '../../ui/zones';
import { api, useAccount } from '../account';
import { keepZone } from '../event/ZoneSwitch';
import { Members } from '../Members';
import { Site } from '../Site';
import { PrivacyPanel } from './PrivacyPanel';

export function AccountPage() {
  const { signOut } = useAccount();
  const profile = useLoad((signal) => api.call<Profile>('/me/profile', { signal }), 'profile');
  const toast = useToast();
  return (
    <Site title="Account">
      <Members>
        <div className="stack narrow">
          <div className="head">
            <div>
              <h1>Account</h1>
              <p>{profile.value?.email ?? ' '}</p>
            </div>
            <div className="head__actions">
              <Link className="button button--small" href="/my/tickets">
                <Ticket size={16} aria-hidden="true" /> My tickets
              </Link>
              <Link className="button button--small" href="/organise">
                <Building2 size={16} aria-hidden="true" /> Organise
              </Link>
              <Button
                size="small"
                data-testid="sign-out"
                onClick={() => void signOut().then(() => navigate('/'), (error: unknown) => toast(error instanceof Error ? error.message : String(error), 'error'))}
              >
                <LogOut size={16} aria-hidden="true" /> Sign out
              </Button>
            </div>
          </div>
          <Loaded of={profile}>{(value) => <Sections profile={value} load={profile} />}</Loaded>
        </div>
      </Members>
    </Site>
  );
}

function Sections({ profile, load }: { profile: Profile; load: Load<Profile> }) {
  const { refresh } = useAccount();
  const [ending, setEnding] = useState(false);
  const toast = useToast();
  return (
    <>
      <section className="panel" aria-labelledby="profile">
        <div className="panel__head">
          <div>
            <h2 id="profile">Profile</h2>
            <p>Your name is shown in sessions; the rest stays with your account.</p>
          </div>
        </div>
        <Form
          submit="Save"
          testId="profile-save"
          send={async (values) => {
            const personal = { ...profile.personal, company: values.text('company'), jobTitle: values.text('jobTitle') };
            await api.call('/me/profile', { method: 'PATCH', body: { name: values.text('name'), personal, settings: { ...profile.settings, timeZone: values.text('timeZone') } } });
            keepZone(values.text('timeZone'));
            await refresh();
            load.reload();
            toast('Saved.');
          }}
        >
          <TextField name="name" label="Name" autoComplete="name" defaultValue={profile.name} data-testid="profile-name" />
          <div className="form__row">
            <TextField name="company" label="Company" optional autoComplete="organization" defaultValue={profile.personal['company'] ?? ''} />
            <TextField name="jobTitle" label="Job title" optional autoComplete="organization-title" defaultValue={profile.personal['jobTitle'] ?? ''} />
          </div>
          <SelectField name="timeZone" label="Time zone" hint="Schedules are shown in it on this device." defaultValue={profile.settings['timeZone'] ?? hereZone()}>
            {allZones(hereZone(), profile.settings['timeZone'] ?? '').map((zone) => (
              <option key={zone}>{zone}</option>
            ))}
          </SelectField>
        </Form>
      </section>
      <section className="panel" aria-labelledby="password">
        <div className="panel__head">
          <div>
            <h2 id="password">Password</h2>
            <p>{profile.hasPassword ? 'Changing it signs you out on every other device.' : 'You have none: you sign in by mailed links. Setting one works within ten minutes of such a link.'}</p>
          </div>
        </div>
        <Form
          submit={profile.hasPassword ? 'Change password' : 'Set password'}
          submitLook="plain"
          testId="password-save"
          send={async (values) => {
            await api.call('/me/password', { method: 'POST', body: { current: values.raw('current') || undefined, password: values.raw('password') } });
            load.reload();
            toast('The new password holds from now on.');
          }}
        >
          <input type="text" autoComplete="username" defaultValue={profile.email} hidden readOnly />
          {profile.hasPassword && <TextField name="current" label="Present password" type="password" autoComplete="current-password" maxLength={1000} optional hint="Not needed within ten minutes of signing in by link." />}
          <TextField name="password" label="New password" type="password" autoComplete="new-password" minLength={10} maxLength={1000} hint="At least 10 characters, and none that is easily guessed." />
        </Form>
      </section>
      <section className="panel" aria-labelledby="sessions">
        <div className="panel__head">
          <div>
            <h2 id="sessions">Signed in elsewhere?</h2>
            <p>Ends every session of this account at once, here too.</p>
          </div>
          <Button onClick={() => setEnding(true)}>Sign out everywhere</Button>
        </div>
      </section>
      <PrivacyPanel email={profile.email} />
      {ending && (
        <Confirm
          title="Sign out everywhere?"
          action="Sign out everywhere"
          close={() => setEnding(false)}
          act={async () => {
            await api.call('/me/sessions/end', { method: 'POST' });
            await refresh();
            navigate('/sign-in');
          }}
        >
          <p>Every browser and device has to sign in again.</p>
        </Confirm>
      )}
    </>
  );
}
