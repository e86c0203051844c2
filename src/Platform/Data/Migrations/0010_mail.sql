-- Mails to send. A row is the durable wish; once it is sent, what it said is forgotten.
create table platform.mails (
    id              uuid primary key,
    once_key        text unique check (length(once_key) <= 200),
    to_address      text not null check (length(to_address) between 3 and 254),
    template        text not null,
    model           jsonb,
    state           text not null default 'waiting' check (state in ('waiting', 'sent', 'failed')),
    attempts        integer not null default 0,
    next_attempt_at timestamptz not null default now(),
    expires_at      timestamptz,
    last_error      text,
    created_at      timestamptz not null default now(),
    settled_at      timestamptz
);
create index mails_waiting on platform.mails (next_attempt_at) where state = 'waiting';
create index mails_settled on platform.mails (settled_at) where settled_at is not null;

create table platform.mail_attachments (
    mail_id      uuid not null references platform.mails on delete cascade,
    position     integer not null,
    file_name    text not null,
    content_type text not null,
    content_id   text,
    content      bytea not null check (length(content) <= 2097152),
    primary key (mail_id, position)
);
