-- refunds_again: how often a refund that failed was asked for again; a part of the provider's idempotency key, under which the first answer is kept for good.
-- asked_in_vain, ask_after: a payment that the provider has trouble with is asked about ever more rarely, and holds no other up.
alter table platform.payments
    add column refunds_again integer not null default 0,
    add column asked_in_vain integer not null default 0,
    add column ask_after timestamptz not null default '-infinity';
