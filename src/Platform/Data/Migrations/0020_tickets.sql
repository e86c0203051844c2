-- Stock. A quota is shared by any number of ticket types; what is left is capacity - taken - live holds - the waiting list.
create table platform.ticket_quotas (
    id         uuid primary key,
    event_id   uuid not null references platform.events on delete cascade,
    name       text not null check (length(name) between 1 and 200),
    capacity   integer not null check (capacity between 0 and 1000000),
    taken      integer not null default 0 check (taken >= 0),
    created_at timestamptz not null default now()
);
create index ticket_quotas_event on platform.ticket_quotas (event_id, id);

create table platform.ticket_types (
    id            uuid primary key,
    event_id      uuid not null references platform.events on delete cascade,
    quota_id      uuid not null references platform.ticket_quotas,
    name          text not null check (length(name) between 1 and 200),
    description   text not null default '' check (length(description) <= 2000),
    visibility    text not null check (visibility in ('public', 'hidden', 'invited')),
    price_minor   bigint not null check (price_minor between 0 and 100000000),
    currency      text not null check (currency ~ '^[A-Z]{3}$'),
    max_per_order integer not null check (max_per_order between 1 and 50),
    sales_from    timestamptz,
    sales_until   timestamptz,
    retired_at    timestamptz,
    created_at    timestamptz not null default now()
);
create index ticket_types_event on platform.ticket_types (event_id, id);
create index ticket_types_quota on platform.ticket_types (quota_id);

create table platform.ticket_vouchers (
    id             uuid primary key,
    event_id       uuid not null references platform.events on delete cascade,
    code           text not null check (code ~ '^[A-Z0-9-]{4,40}$'),
    ticket_type_id uuid references platform.ticket_types,
    percent_off    integer not null check (percent_off between 0 and 100),
    max_uses       integer not null check (max_uses between 1 and 1000000),
    valid_until    timestamptz,
    created_at     timestamptz not null default now(),
    unique (event_id, code)
);

create table platform.ticket_invitations (
    id             uuid primary key,
    event_id       uuid not null references platform.events on delete cascade,
    ticket_type_id uuid not null references platform.ticket_types,
    email          text not null check (length(email) between 3 and 254),
    state          text not null check (state in ('sent', 'opened', 'accepted', 'declined', 'revoked')),
    order_id       uuid,
    created_at     timestamptz not null default now(),
    changed_at     timestamptz not null default now()
);
create unique index ticket_invitations_once on platform.ticket_invitations (ticket_type_id, lower(email));
create index ticket_invitations_event on platform.ticket_invitations (event_id, id);

create table platform.ticket_questions (
    id                 uuid primary key,
    event_id           uuid not null references platform.events on delete cascade,
    ticket_type_id     uuid references platform.ticket_types,
    position           integer not null,
    label              text not null check (length(label) between 1 and 500),
    kind               text not null check (kind in ('text', 'choice', 'choices', 'yes_no')),
    required           boolean not null,
    options            jsonb not null default '[]',
    shown_if_question  uuid references platform.ticket_questions,
    shown_if_answer    text,
    check ((shown_if_question is null) = (shown_if_answer is null))
);
create index ticket_questions_event on platform.ticket_questions (event_id, position);

-- Each version stays, so that what somebody agreed to can be read for as long as the order is kept.
create table platform.consent_texts (
    event_id   uuid not null references platform.events on delete cascade,
    version    integer not null check (version >= 1),
    storing    text not null check (length(storing) between 1 and 10000),
    sharing    text not null check (length(sharing) <= 10000),
    created_at timestamptz not null default now(),
    primary key (event_id, version)
);

create table platform.orders (
    id                uuid primary key,
    event_id          uuid not null references platform.events,
    user_id           uuid references platform.users on delete set null,
    email             text not null check (length(email) between 3 and 254),
    name              text not null check (length(name) between 1 and 200),
    state             text not null check (state in ('pending', 'confirmed', 'expired', 'cancelled', 'refunding', 'refunded')),
    total_minor       bigint not null check (total_minor >= 0),
    currency          text not null,
    voucher_id        uuid references platform.ticket_vouchers,
    idempotency_key   text not null,
    fingerprint       bytea not null,
    expires_at        timestamptz,
    consent_version   integer,
    consent_storing   boolean not null,
    consent_sharing   boolean not null,
    created_at        timestamptz not null default now(),
    confirmed_at      timestamptz,
    closed_at         timestamptz
);
create unique index orders_once on platform.orders (event_id, lower(email), idempotency_key);
create index orders_event on platform.orders (event_id, id);
create index orders_voucher on platform.orders (voucher_id) where voucher_id is not null;
create index orders_due on platform.orders (expires_at) where state = 'pending';
create index orders_user on platform.orders (user_id, id) where user_id is not null;

-- One row per seat. While 'held' it takes stock until held_until passes; nothing has to run for that.
create table platform.tickets (
    id             uuid primary key,
    order_id       uuid not null references platform.orders,
    event_id       uuid not null references platform.events,
    ticket_type_id uuid not null references platform.ticket_types,
    quota_id       uuid not null references platform.ticket_quotas,
    holder_name    text not null check (length(holder_name) between 1 and 200),
    holder_email   text not null check (length(holder_email) between 3 and 254),
    price_minor    bigint not null,
    state          text not null check (state in ('held', 'valid', 'released', 'cancelled', 'transferred', 'revoked')),
    held_until     timestamptz,
    answers        jsonb not null default '{}',
    replaces       uuid references platform.tickets,
    created_at     timestamptz not null default now(),
    changed_at     timestamptz not null default now()
);
create index tickets_order on platform.tickets (order_id, id);
create index tickets_event on platform.tickets (event_id, id);
create index tickets_held on platform.tickets (quota_id, held_until) where state = 'held';

create table platform.ticket_waiting_list (
    id             uuid primary key,
    event_id       uuid not null references platform.events on delete cascade,
    ticket_type_id uuid not null references platform.ticket_types,
    quota_id       uuid not null references platform.ticket_quotas,
    email          text not null check (length(email) between 3 and 254),
    name           text not null check (length(name) between 1 and 200),
    state          text not null check (state in ('waiting', 'offered', 'claimed', 'lapsed', 'left')),
    offered_until  timestamptz,
    created_at     timestamptz not null default now()
);
create unique index ticket_waiting_list_once on platform.ticket_waiting_list (ticket_type_id, lower(email)) where state in ('waiting', 'offered');
create index ticket_waiting_list_queue on platform.ticket_waiting_list (quota_id, id) where state in ('waiting', 'offered');

-- Money. A payment belongs to one order; a notice of the provider is applied once.
create table platform.payment_accounts (
    organiser_id uuid primary key references platform.organisers on delete cascade,
    provider     text not null,
    account      text not null,
    connected_at timestamptz not null default now()
);

create table platform.payments (
    id           text not null,
    provider     text not null,
    order_id     uuid not null unique references platform.orders,
    account      text not null,
    amount_minor bigint not null check (amount_minor > 0),
    currency     text not null,
    state        text not null check (state in ('started', 'paid', 'failed', 'refund_due', 'refunded')),
    created_at   timestamptz not null default now(),
    changed_at   timestamptz not null default now(),
    primary key (provider, id)
);
create index payments_refund_due on platform.payments (changed_at) where state = 'refund_due';

create table platform.payment_notices (
    provider    text not null,
    id          text not null,
    received_at timestamptz not null default now(),
    primary key (provider, id)
);

-- The ledger of the built-in test provider: what a real one would keep on its side.
create table platform.test_charges (
    payment_id   text primary key,
    amount_minor bigint not null,
    currency     text not null,
    account      text not null,
    return_url   text not null,
    charged_at   timestamptz,
    refunded_at  timestamptz
);
