-- Writes that their senders may repeat: the answer of the first is the answer of all, for a day. The fingerprint is a hash of the
-- request; the answer is written in the transaction of the write itself, and holds what an organiser wrote, never a holder of a ticket.
create table platform.idempotency_keys (
    owner_id    uuid not null,
    key         text not null check (length(key) between 8 and 128),
    fingerprint bytea not null check (length(fingerprint) = 32),
    answer      text,
    created_at  timestamptz not null default now(),
    primary key (owner_id, key)
);
create index idempotency_keys_age on platform.idempotency_keys (created_at);
