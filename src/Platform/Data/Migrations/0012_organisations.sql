-- Invitations into an organisation (event_id null) or to an event, by e-mail. A second one to the same address renews the first.
create table platform.invitations (
    id           uuid primary key,
    organiser_id uuid not null references platform.organisers on delete cascade,
    event_id     uuid references platform.events on delete cascade,
    email        text not null check (length(email) <= 254),
    role         text not null,
    invited_by   uuid references platform.users on delete set null,
    created_at   timestamptz not null default now(),
    expires_at   timestamptz not null,
    accepted_at  timestamptz,
    check (case when event_id is null then role in ('organization_admin', 'regular_member', 'event_admin')
                else role in ('host', 'cohost', 'speaker', 'moderator', 'judge', 'booth_staff', 'scanner') end)
);
create unique index invitations_open on platform.invitations (organiser_id, coalesce(event_id, '00000000-0000-0000-0000-000000000000'), lower(email)) where accepted_at is null;

-- Who has which part in an event, besides the organisation's own people.
create table platform.event_roles (
    event_id   uuid not null references platform.events on delete cascade,
    user_id    uuid not null references platform.users on delete cascade,
    role       text not null check (role in ('host', 'cohost', 'speaker', 'moderator', 'judge', 'booth_staff', 'scanner')),
    created_at timestamptz not null default now(),
    primary key (event_id, user_id)
);

alter table platform.event_participants drop constraint event_participants_role_check;
alter table platform.event_participants add constraint event_participants_role_check
    check (role in ('organiser', 'host', 'cohost', 'speaker', 'moderator', 'judge', 'booth_staff', 'scanner', 'attendee'));

-- Tokens of the external API: issued by an admin user, only the hash is kept.
create table platform.api_tokens (
    id           uuid primary key,
    organiser_id uuid not null references platform.organisers on delete cascade,
    name         text not null check (length(name) between 1 and 100),
    token_hash   bytea not null unique check (length(token_hash) = 32),
    scopes       text not null,
    created_by   uuid references platform.users on delete set null,
    created_at   timestamptz not null default now(),
    expires_at   timestamptz,
    last_used_at timestamptz,
    revoked_at   timestamptz
);
create index api_tokens_organiser on platform.api_tokens (organiser_id, id);
