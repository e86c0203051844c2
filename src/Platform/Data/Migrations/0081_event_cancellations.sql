-- An event that does not take place. The row is the durable wish; a timer carries it out in batches, and what is left to do is read from orders, payments and tickets.
alter table platform.events
    drop constraint events_state_check,
    add constraint events_state_check check (state in ('building', 'draft', 'live', 'ended', 'archived', 'cancelled'));

create table platform.event_cancellations (
    event_id     uuid primary key references platform.events on delete cascade,
    message      text not null check (length(message) <= 2000),
    requested_by uuid references platform.users on delete set null,
    requested_at timestamptz not null default now(),
    done_at      timestamptz
);
