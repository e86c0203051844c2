// An OpenID provider (npm oidc-provider) for the tests: node oidcProvider.mjs PORT. Whoever logs in is the address that was typed.
// Prints "ready" when it listens, and ends when its input does.
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

const port = Number(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const jwk = (pair, members) => ({ ...pair.privateKey.export({ format: 'jwk' }), use: 'sig', ...members });

const provider = new Provider(issuer, {
  jwks: {
    keys: [
      jwk(generateKeyPairSync('rsa', { modulusLength: 2048 }), { kid: 'rsa' }),
      jwk(generateKeyPairSync('ec', { namedCurve: 'P-256' }), { kid: 'ec', alg: 'ES256' }),
    ],
  },
  cookies: { keys: ['only for tests'] },
  features: { registration: { enabled: true }, devInteractions: { enabled: true } },
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256'] },
  pkce: { required: () => true },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: id, email_verified: !id.startsWith('unverified'), name: `Person ${id.split('@')[0]}` }),
  }),
});

provider.listen(port, '127.0.0.1', () => console.log('ready'));
process.stdin.on('end', () => process.exit(0)).resume();
