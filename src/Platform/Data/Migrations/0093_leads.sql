-- Contacts that a booth's device collected: a ticket's holder said that the booth may have name and address. Both stand with the ticket alone.
alter table platform.check_in_devices
    drop constraint check_in_devices_role_check,
    add constraint check_in_devices_role_check check (role in ('scanner', 'lead'));

create table platform.leads (
    id           uuid primary key,
    event_id     uuid not null references platform.events on delete cascade,
    device_id    uuid not null references platform.check_in_devices on delete cascade,
    ticket_id    uuid not null references platform.tickets on delete cascade,
    consented_at timestamptz not null default clock_timestamp()
);
create unique index leads_once on platform.leads (device_id, ticket_id);
create index leads_event on platform.leads (event_id, id);
create index leads_ticket on platform.leads (ticket_id);
