-- By which order an offer of the waiting list was claimed: when that order ends unpaid, its owner is in the queue again.
alter table platform.ticket_waiting_list add column order_id uuid;
create index ticket_waiting_list_order on platform.ticket_waiting_list (order_id) where order_id is not null;
