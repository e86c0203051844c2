-- How what has been moved stood before, until ticket holders are told: the first change of a thing keeps it, later ones add nothing, and what is moved back is told to
-- nobody. An item of the schedule, or with the event's own id the event itself.
create table platform.schedule_changes (
    event_id  uuid not null references platform.events on delete cascade,
    moved_id  uuid not null,
    title     text not null,
    starts_at timestamptz not null,
    ends_at   timestamptz not null,
    primary key (event_id, moved_id)
);
