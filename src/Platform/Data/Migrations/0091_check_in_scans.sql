-- Every scan of a device, once by the id that the device gave it. Who is in (ticket_check_ins) follows from the scans of a ticket by their times, in whatever
-- order they arrive. An entry by an account or a token becomes a row of its own as soon as a device scans the same ticket.
create table platform.check_in_scans (
    seq          bigint generated always as identity primary key,
    id           uuid not null,
    event_id     uuid not null references platform.events on delete cascade,
    ticket_id    uuid references platform.tickets on delete cascade, -- null: no ticket of this event
    device_id    uuid references platform.check_in_devices on delete cascade,
    user_id      uuid references platform.users on delete set null,
    api_token_id uuid references platform.api_tokens on delete set null,
    kind         text not null check (kind in ('in', 'out')),
    at           timestamptz not null, -- on our clock
    received_at  timestamptz not null default clock_timestamp(),
    offline      boolean not null, -- the device decided alone
    admitted     boolean not null, -- the person passed
    readmits     boolean not null,
    result       text not null check (result in ('ok', 'already_in', 'not_in', 'conflict', 'refused')),
    reason       text check (length(reason) <= 40),
    voided_at    timestamptz,
    check ((reason is not null) = (result = 'refused'))
);
create unique index check_in_scans_once on platform.check_in_scans (device_id, id);
create index check_in_scans_ticket on platform.check_in_scans (ticket_id) where ticket_id is not null;
create index check_in_scans_conflicts on platform.check_in_scans (event_id, seq) where admitted and voided_at is null and result in ('conflict', 'refused');

alter table platform.ticket_check_ins
    add column device_id uuid references platform.check_in_devices on delete set null,
    add column scan_seq bigint references platform.check_in_scans on delete set null,
    add column left_at timestamptz;
