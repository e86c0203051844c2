-- Who is in: one row per ticket, by the system that let it in. Taken back, the row is gone.
create table platform.ticket_check_ins (
    ticket_id     uuid primary key references platform.tickets on delete cascade,
    event_id      uuid not null references platform.events on delete cascade,
    checked_in_at timestamptz not null default clock_timestamp(),
    api_token_id  uuid references platform.api_tokens on delete set null
);
create index ticket_check_ins_event on platform.ticket_check_ins (event_id, ticket_id);
create index event_participants_event on platform.event_participants (event_id, id);
