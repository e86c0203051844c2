/** Company sign-in (docs/api.md). */

export interface SsoConnection {
  id: string;
  name: string;
  kind: 'oidc' | 'saml';
  issuer: string;
  enabled: boolean;
  domains: string[];
  startUrl: string;
  clientId: string | null;
  hasClientSecret: boolean;
  /** OIDC: what is registered at the provider. */
  redirectUri: string | null;
  /** SAML: our own metadata, and where responses go. */
  metadataUrl: string | null;
  acsUrl: string | null;
  certificates: { sha256: string; subject: string; notAfter: string; addedAt: string }[];
}

export interface SsoDomain {
  id: string;
  domain: string;
  /** Null until the postmaster's code came back. Good for a year. */
  verifiedAt: string | null;
  createdAt: string;
}

export interface SsoOptions {
  required: boolean;
  items: { connectionId: string; name: string; url: string }[];
}
