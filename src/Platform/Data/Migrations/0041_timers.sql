-- Everything that is to happen later. A row is the durable wish; taking it moves next_at behind the lease, so a process that dies in between only
-- delays it, and the row goes in the transaction of its effect. generation rises when a timer is set anew.
create table platform.timers (
    id         uuid primary key,
    kind       text not null check (length(kind) between 1 and 60),
    key        text not null check (length(key) between 1 and 200),
    due_at     timestamptz not null,
    next_at    timestamptz not null,
    payload    jsonb not null default '{}',
    generation integer not null default 1,
    attempts   integer not null default 0,
    last_error text,
    failed_at  timestamptz,
    created_at timestamptz not null default now(),
    unique (kind, key)
);
create index timers_next on platform.timers (next_at) where failed_at is null;

-- Holders are told that a ticket has ended; those that ended before this was so are not told now.
alter table platform.tickets add column ended_mailed_at timestamptz;
update platform.tickets set ended_mailed_at = now() where state in ('cancelled', 'revoked', 'transferred');
create index tickets_end_mail_due on platform.tickets (id) where state in ('cancelled', 'revoked', 'transferred') and mailed_at is not null and ended_mailed_at is null;
