-- Company SSO: an organisation's connections to identity providers. The issuer is the namespace of its subjects and never changes.
create table platform.sso_connections (
    id            uuid primary key,
    organiser_id  uuid not null references platform.organisers on delete cascade,
    name          text not null check (length(name) between 1 and 100),
    kind          text not null check (kind in ('oidc', 'saml')),
    issuer        text not null check (length(issuer) between 1 and 1024),
    enabled       boolean not null default true,
    domains       text[] not null check (cardinality(domains) between 1 and 50),
    client_id     text check (length(client_id) between 1 and 500),
    client_secret text check (length(client_secret) <= 4096),
    sso_url       text check (length(sso_url) <= 2048),
    created_at    timestamptz not null default now(),
    changed_at    timestamptz not null default now(),
    check (case kind when 'oidc' then client_id is not null and sso_url is null else client_id is null and client_secret is null and sso_url is not null end)
);
create index sso_connections_organiser on platform.sso_connections (organiser_id, id);
create index sso_connections_domains on platform.sso_connections using gin (domains) where enabled;

-- Pinned signing certificates of a SAML identity provider: two at most, so that an old and a new one overlap.
create table platform.sso_certificates (
    connection_id uuid not null references platform.sso_connections on delete cascade,
    sha256        bytea not null check (length(sha256) = 32),
    certificate   bytea not null check (octet_length(certificate) <= 16384),
    added_at      timestamptz not null default now(),
    primary key (connection_id, sha256)
);

-- Mail domains of an organisation, proven by a code that was mailed to their postmaster.
create table platform.sso_domains (
    id           uuid primary key,
    organiser_id uuid not null references platform.organisers on delete cascade,
    domain       text not null check (length(domain) <= 253 and domain = lower(domain)),
    code_hash    bytea check (length(code_hash) = 32),
    expires_at   timestamptz,
    verified_at  timestamptz,
    created_at   timestamptz not null default now(),
    unique (organiser_id, domain)
);

-- Who an identity provider's subject is here. The subject itself is not kept, only its SHA-256.
create table platform.sso_identities (
    connection_id   uuid not null references platform.sso_connections on delete cascade,
    subject_hash    bytea not null check (length(subject_hash) = 32),
    user_id         uuid not null references platform.users on delete cascade,
    created_at      timestamptz not null default now(),
    last_sign_in_at timestamptz not null default now(),
    primary key (connection_id, subject_hash)
);
create unique index sso_identities_user on platform.sso_identities (connection_id, user_id);
create index sso_identities_of_user on platform.sso_identities (user_id);

-- SAML assertions that were taken, until they have expired by themselves: each is good once.
create table platform.sso_assertions (
    connection_id  uuid not null references platform.sso_connections on delete cascade,
    assertion_hash bytea not null check (length(assertion_hash) = 32),
    expires_at     timestamptz not null,
    finished_at    timestamptz,
    primary key (connection_id, assertion_hash)
);
create index sso_assertions_expiry on platform.sso_assertions (expires_at);

-- The connection that an event demands of everyone who enters; null: none.
alter table platform.events add column sso_connection_id uuid references platform.sso_connections;
create index events_sso_connection on platform.events (sso_connection_id) where sso_connection_id is not null;
