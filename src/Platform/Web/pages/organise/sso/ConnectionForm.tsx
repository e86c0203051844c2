import { useState } from 'react';
import { AreaField, Form, SelectField, TextField } from '../../../ui/forms';
import { api } from '../../account';

/** A new connection: OpenID Connect by its issuer, SAML by the provider's metadata. */
export function ConnectionForm({ path, close, done }: { path: string; close: () => void; done: () => void }) {
  const [kind, setKind] = useState<'oidc' | 'saml'>('oidc');
  return (
    <Form
      submit="Connect"
      testId="connection-save"
      cancel={close}
      aliases={{ issuer_private: 'issuer', sso_provider_failed: 'issuer', saml_metadata_invalid: 'metadata', saml_certificates_invalid: 'metadata' }}
      send={async (values) => {
        const own = kind === 'oidc' ? { issuer: values.text('issuer'), clientId: values.text('clientId'), clientSecret: values.text('clientSecret') || undefined } : { metadata: values.text('metadata') };
        await api.call(path, { method: 'POST', body: { name: values.text('name'), kind, domains: values.text('domains').split(/[\s,]+/).filter(Boolean), ...own } });
        done();
      }}
    >
      <TextField name="name" label="Name" hint="On the button that people press." placeholder="Example Ltd" data-testid="connection-name" />
      <SelectField name="kind" label="Kind" value={kind} onChange={(change) => setKind(change.target.value as 'oidc' | 'saml')}>
        <option value="oidc">OpenID Connect</option>
        <option value="saml">SAML 2.0</option>
      </SelectField>
      <TextField name="domains" label="Mail domains" placeholder="example.org" hint="Whose people it may sign in, separated by commas." autoCapitalize="none" spellCheck={false} data-testid="connection-domains" />
      {kind === 'oidc' ? (
        <>
          <TextField name="issuer" label="Issuer" type="url" placeholder="https://login.example.org" data-testid="connection-issuer" />
          <TextField name="clientId" label="Client id" autoComplete="off" spellCheck={false} />
          <TextField name="clientSecret" label="Client secret" optional type="password" autoComplete="off" hint="Kept encrypted, and never shown again." />
        </>
      ) : (
        <AreaField name="metadata" label="The provider’s metadata (XML)" rows={6} maxLength={200000} spellCheck={false} />
      )}
    </Form>
  );
}
