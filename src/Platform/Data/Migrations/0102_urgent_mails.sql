-- Who waits for a mail in front of a page is not behind the thousands that go to everybody. 0: awaited, 1: usual, 2: to everybody.
alter table platform.mails add column urgency smallint not null default 1 check (urgency between 0 and 2);
create index mails_next on platform.mails (urgency, next_attempt_at, id) where state = 'waiting';
