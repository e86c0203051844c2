-- A guest who signs in goes on as the account's participant, and is counted as that one alone (decision 46). The row stays: the guest may still be in a room under its id.
alter table platform.event_participants add column taken_over_by uuid references platform.event_participants on delete cascade;
create index event_participants_taken_over on platform.event_participants (taken_over_by) where taken_over_by is not null;
