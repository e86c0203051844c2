-- What a provider says of an organiser's account. Those connected so far belong to the test provider, which asks for nothing more.
alter table platform.payment_accounts
    add column charges_enabled boolean not null default false,
    add column details_submitted boolean not null default false;
update platform.payment_accounts set charges_enabled = true, details_submitted = true;
create unique index payment_accounts_account on platform.payment_accounts (provider, account);

-- checkout_url: where the buyer pays. reference: the provider's second name for a payment, by which it speaks of refunds.
-- checked_at: when the provider was last asked about it, so that a lost notice is made up for.
alter table platform.payments
    add column checkout_url text,
    add column reference text,
    add column checked_at timestamptz not null default now(),
    add column refund_reason text check (refund_reason in ('late', 'amount', 'twice', 'cancelled')),
    add column refund_error text,
    drop constraint payments_state_check,
    add constraint payments_state_check check (state in ('started', 'paid', 'failed', 'refund_due', 'refunded', 'refund_failed')),
    drop constraint payments_order_id_key;
update platform.payments set refund_reason = 'cancelled' where state in ('refund_due', 'refunded');

-- One payment of an order that counts; money that comes besides is a row of its own, and given back.
create unique index payments_order on platform.payments (order_id) where state in ('started', 'paid');
create index payments_of_order on platform.payments (order_id);
create index payments_reference on platform.payments (provider, reference) where reference is not null;
create index payments_open on platform.payments (checked_at) where state = 'started';
create index payment_notices_received on platform.payment_notices (received_at);

alter table platform.test_charges add column closed_at timestamptz;
