-- A ticket opens the door once. Who was let in again (by mistake, or after coming out) is a matter of people, not of a second admission.
alter table platform.tickets
    add column checked_in_at timestamptz,
    add column checked_in_by uuid references platform.users on delete set null,

    -- How often its confirmation was asked for again: each is a mail of its own.
    add column mailings integer not null default 0;
