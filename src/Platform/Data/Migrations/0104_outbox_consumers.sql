-- How far each consumer that polls the outbox has come, in the order in which it reads: (xid, seq), below the horizon of running transactions. It moves this in the transaction
-- of its effect. Entries beyond the cursor of any consumer are kept, whatever their age (decision 45); who reads no more takes its row out.
create table platform.outbox_consumers (
    name     text primary key check (length(name) between 1 and 100),
    xid      xid8 not null default '0',
    seq      bigint not null default 0,
    moved_at timestamptz not null default now()
);
