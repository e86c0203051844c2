-- Which tickets changed since when, for lists that devices keep: a row a ticket, under the transaction that last changed what a door asks about it. Readers
-- stay below the horizon of running transactions, as those of the outbox do, so that none that commits late is passed over. Triggers, so that nobody who
-- changes a ticket has to think of it.
create table platform.ticket_changes (
    ticket_id uuid primary key references platform.tickets on delete cascade,
    event_id  uuid not null,
    xid       xid8 not null default pg_current_xact_id()
);
create index ticket_changes_order on platform.ticket_changes (event_id, xid, ticket_id);

create function platform.note_ticket_change() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        update platform.ticket_changes set xid = pg_current_xact_id() where ticket_id = old.ticket_id;
    elsif tg_table_name = 'tickets' then
        insert into platform.ticket_changes (ticket_id, event_id) values (new.id, new.event_id)
        on conflict (ticket_id) do update set xid = pg_current_xact_id();
    else
        insert into platform.ticket_changes (ticket_id, event_id) values (new.ticket_id, new.event_id)
        on conflict (ticket_id) do update set xid = pg_current_xact_id();
    end if;
    return null;
end $$;

create trigger tickets_noted_new after insert on platform.tickets
    for each row when (new.state <> 'held') execute function platform.note_ticket_change();
create trigger tickets_noted after update of state, holder_name, ticket_type_id, blocked_at on platform.tickets
    for each row when (new.state not in ('held', 'released')) execute function platform.note_ticket_change();
create trigger ticket_check_ins_noted after insert or update or delete on platform.ticket_check_ins
    for each row execute function platform.note_ticket_change();

insert into platform.ticket_changes (ticket_id, event_id)
select id, event_id from platform.tickets where state not in ('held', 'released') on conflict do nothing;
