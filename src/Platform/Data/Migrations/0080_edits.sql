-- What an organiser changes carries a number that rises with each change: one made from an older view is refused (RFC 9110 §13.1.1).
-- Events and items of the schedule have one already, which calendars go by too.
alter table platform.sessions add column version integer not null default 1;
alter table platform.areas add column version integer not null default 1;
alter table platform.speakers add column version integer not null default 1;
alter table platform.ticket_quotas add column version integer not null default 1;
alter table platform.ticket_types add column version integer not null default 1;
alter table platform.ticket_vouchers add column version integer not null default 1;

-- A question that somebody answered stays as it was asked: a change retires it and asks a new one in its place.
alter table platform.ticket_questions
    add column version integer not null default 1,
    add column retired_at timestamptz,
    add column replaces uuid references platform.ticket_questions;
