-- Accounts: what a person is, how it proves it, how it pays, how it likes things.
alter table platform.users
    add column email_verified_at timestamptz,
    add column security_stamp    uuid  not null default gen_random_uuid(),
    add column personal          jsonb not null default '{}' check (octet_length(personal::text) <= 8192),
    add column payment           jsonb not null default '{}' check (octet_length(payment::text) <= 8192),
    add column settings          jsonb not null default '{}' check (octet_length(settings::text) <= 8192);

-- The operator's staff. An admin user is an account with a row here.
create table platform.admin_users (
    user_id     uuid primary key references platform.users on delete cascade,
    created_at  timestamptz not null default now(),
    disabled_at timestamptz
);

-- One-time links in mails: only the hash of the token is kept.
create table platform.magic_links (
    token_hash  bytea primary key check (length(token_hash) = 32),
    purpose     text not null check (purpose in ('sign_in', 'verify_email', 'invitation')),
    email       text not null check (length(email) <= 254),
    user_id     uuid references platform.users on delete cascade,
    subject_id  uuid,
    name        text check (length(name) <= 200),
    created_at  timestamptz not null default now(),
    expires_at  timestamptz not null,
    consumed_at timestamptz
);
create index magic_links_user on platform.magic_links (user_id) where consumed_at is null;
create index magic_links_expiry on platform.magic_links (expires_at);

-- Who did what, ids only. Nobody changes or deletes an entry, the application included.
create table platform.audit_log (
    id           uuid primary key,
    at           timestamptz not null default now(),
    organiser_id uuid,
    event_id     uuid,
    actor_kind   text not null check (actor_kind in ('user', 'staff', 'api_token', 'system')),
    actor_id     uuid,
    action       text not null check (length(action) <= 100),
    subject_type text,
    subject_id   uuid,
    detail       jsonb not null default '{}' check (octet_length(detail::text) <= 4096)
);
create index audit_log_organiser on platform.audit_log (organiser_id, id desc);

create function platform.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'platform.audit_log is append-only';
end $$;
create trigger audit_log_append_only before update or delete or truncate on platform.audit_log for each statement execute function platform.refuse_change();
