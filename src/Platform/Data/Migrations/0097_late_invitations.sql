-- By which invitation an order came to be: money that comes after its hold uses it up again, or goes back when somebody else has used it.
alter table platform.orders add column invitation_id uuid;
update platform.orders o set invitation_id = i.id from platform.ticket_invitations i where i.order_id = o.id;
