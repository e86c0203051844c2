-- Devices at an event's doors. Each has a credential of its own, of which only the hash is kept; the key that enrols it is used once.
create table platform.check_in_devices (
    id              uuid primary key,
    event_id        uuid not null references platform.events on delete cascade,
    name            text not null check (length(name) between 1 and 100),
    role            text not null check (role in ('scanner')),
    ticket_type_ids uuid[] not null default '{}', -- what this entrance takes; empty: every type
    opens_at        timestamptz,
    closes_at       timestamptz,
    readmits        boolean not null, -- who has left may come in again
    enrol_hash      bytea unique,
    enrol_until     timestamptz,
    token_hash      bytea unique,
    created_by      uuid references platform.users on delete set null,
    created_at      timestamptz not null default now(),
    enrolled_at     timestamptz,
    last_seen_at    timestamptz,
    revoked_at      timestamptz,
    scans           integer not null default 0,
    check ((enrol_hash is null) = (enrol_until is null)),
    check (closes_at > opens_at)
);
create index check_in_devices_event on platform.check_in_devices (event_id, id);

-- Its holder is not let in, though the ticket is good.
alter table platform.tickets add column blocked_at timestamptz;
