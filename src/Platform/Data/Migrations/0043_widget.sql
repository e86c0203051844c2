-- Web sites that may show an event's ticket sale in a frame.
create table platform.ticket_widgets (
    event_id   uuid primary key references platform.events on delete cascade,
    origins    text[] not null check (cardinality(origins) <= 50),
    changed_at timestamptz not null default now()
);
