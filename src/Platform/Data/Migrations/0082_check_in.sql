-- A ticket opens the door once, whoever stands at it: an organisation's system, or somebody with a list or a camera. Who was let in again (by mistake, or after
-- coming out) is a matter of people, not of a second admission.
alter table platform.ticket_check_ins
    add column user_id uuid references platform.users on delete set null;

-- How often a ticket's confirmation was asked for again: each is a mail of its own.
alter table platform.tickets
    add column mailings integer not null default 0;
