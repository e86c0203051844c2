-- Accounts and organisations.
create table platform.users (
    id            uuid primary key,
    email         text not null check (length(email) between 3 and 254),
    name          text not null check (length(name) between 1 and 200),
    password_hash text,
    created_at    timestamptz not null default now(),
    disabled_at   timestamptz
);
create unique index users_email on platform.users (lower(email));

create table platform.organisers (
    id         uuid primary key,
    name       text not null check (length(name) between 1 and 200),
    created_at timestamptz not null default now()
);

create table platform.organization_members (
    user_id      uuid not null references platform.users on delete cascade,
    organiser_id uuid not null references platform.organisers on delete cascade,
    role         text not null check (role in ('organization_admin', 'regular_member', 'event_admin')),
    created_at   timestamptz not null default now(),
    primary key (user_id, organiser_id)
);
create index organization_members_organiser on platform.organization_members (organiser_id);

-- Events, their sessions and stages, and who has entered.
create table platform.events (
    id           uuid primary key,
    organiser_id uuid not null references platform.organisers,
    slug         text not null unique check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length(slug) <= 80),
    name         text not null check (length(name) between 1 and 200),
    description  text not null default '' check (length(description) <= 10000),
    time_zone    text not null,
    state        text not null check (state in ('building', 'draft', 'live', 'ended', 'archived')),
    starts_at    timestamptz not null,
    ends_at      timestamptz not null,
    created_by   uuid references platform.users on delete set null,
    created_at   timestamptz not null default now(),
    check (ends_at > starts_at)
);
create index events_public on platform.events (starts_at, id) where state in ('live', 'ended');
create index events_organiser on platform.events (organiser_id);

create table platform.sessions (
    id         uuid primary key,
    event_id   uuid not null references platform.events on delete cascade,
    name       text not null check (length(name) between 1 and 200),
    kind       text not null check (kind in ('session', 'stage')),
    room       text not null unique,
    starts_at  timestamptz,
    ends_at    timestamptz,
    created_at timestamptz not null default now()
);
create index sessions_event on platform.sessions (event_id, id);

create table platform.event_participants (
    id         uuid primary key,
    event_id   uuid not null references platform.events on delete cascade,
    user_id    uuid references platform.users on delete cascade,
    name       text not null check (length(name) between 1 and 100),
    role       text not null check (role in ('organiser', 'speaker', 'attendee')),
    created_at timestamptz not null default now()
);
create unique index event_participants_user on platform.event_participants (event_id, user_id) where user_id is not null;

-- What nodes report: one cursor per journal, and who is in which room at the moment.
create table platform.node_cursors (
    node       text not null,
    epoch      uuid not null,
    seq        bigint not null,
    updated_at timestamptz not null default now(),
    primary key (node, epoch)
);

create table platform.room_participants (
    node           text not null,
    participant_id text not null,
    room           text not null,
    identity       text not null,
    name           text not null,
    role           text not null,
    joined_at      timestamptz not null,
    primary key (node, participant_id)
);
create index room_participants_room on platform.room_participants (room);

-- Recordings. A row is the durable wish; the reconciler makes the mixer follow it.
create table platform.recordings (
    id                uuid primary key,
    session_id        uuid not null references platform.sessions on delete cascade,
    event_id          uuid not null references platform.events on delete cascade,
    status            text not null check (status in ('starting', 'recording', 'stopping', 'composing', 'ready', 'failed')),
    layout            text not null check (layout in ('grid')),
    title             text not null,
    progress          double precision not null default 0 check (progress between 0 and 1),
    requested_by      text not null,
    requested_at      timestamptz not null default now(),
    accepted_at       timestamptz,
    stop_requested_at timestamptz,
    commanded_at      timestamptz,
    started_at        timestamptz,
    ended_at          timestamptz,
    duration_ms       bigint,
    tracks            integer,
    asset_id          uuid,
    failure_code      text,
    failure_detail    text,
    working_files     boolean not null default false,
    deleted_at        timestamptz
);
create unique index recordings_active on platform.recordings (session_id) where status in ('starting', 'recording', 'stopping') and deleted_at is null;
create index recordings_session on platform.recordings (session_id, requested_at desc);
create index recordings_event on platform.recordings (event_id, requested_at desc);
create index recordings_unsettled on platform.recordings (id) where status in ('starting', 'stopping') or working_files;

-- Activity outbox: the columns of Debezium's outbox event router, and the transaction id, below whose horizon readers stay.
create table platform.outbox (
    id            uuid primary key,
    seq           bigint generated always as identity,
    aggregatetype text not null,
    aggregateid   text not null,
    type          text not null,
    payload       jsonb not null,
    xid           xid8 not null default pg_current_xact_id(),
    created_at    timestamptz not null default now()
);
create index outbox_order on platform.outbox (xid, seq);
