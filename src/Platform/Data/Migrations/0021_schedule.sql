alter table platform.events
    add column business_type text not null default 'other'
        check (business_type in ('conference', 'trade_show', 'webinar', 'workshop', 'hackathon', 'meetup', 'internal', 'other')),
    add column revision integer not null default 0,
    add column changed_at timestamptz not null default now(),
    add column search tsvector generated always as (to_tsvector('simple', name || ' ' || description)) stored;
create index events_public_type on platform.events (business_type, starts_at, id) where state in ('live', 'ended');
create index events_search on platform.events using gin (search);

create table platform.areas (
    id       uuid primary key,
    event_id uuid not null references platform.events on delete cascade,
    name     text not null check (length(name) between 1 and 200),
    kind     text not null check (kind in ('stage', 'session', 'expo', 'networking', 'reception'))
);
create index areas_event on platform.areas (event_id, id);

create table platform.speakers (
    id       uuid primary key,
    event_id uuid not null references platform.events on delete cascade,
    name     text not null check (length(name) between 1 and 200),
    headline text not null default '' check (length(headline) <= 200),
    bio      text not null default '' check (length(bio) <= 5000)
);
create index speakers_event on platform.speakers (event_id, id);

create table platform.schedule_items (
    id          uuid primary key,
    event_id    uuid not null references platform.events on delete cascade,
    session_id  uuid references platform.sessions on delete set null,
    area_id     uuid references platform.areas on delete set null,
    title       text not null check (length(title) between 1 and 200),
    description text not null default '' check (length(description) <= 5000),
    starts_at   timestamptz not null,
    ends_at     timestamptz not null check (ends_at > starts_at),
    revision    integer not null default 0,
    changed_at  timestamptz not null default now()
);
create index schedule_items_event on platform.schedule_items (event_id, starts_at, id);

create table platform.schedule_speakers (
    item_id    uuid not null references platform.schedule_items on delete cascade,
    speaker_id uuid not null references platform.speakers on delete cascade,
    primary key (item_id, speaker_id)
);
create index schedule_speakers_speaker on platform.schedule_speakers (speaker_id);

-- An organiser who looks at the event as attendees see it: in no figure and on no bill.
alter table platform.event_participants add column preview boolean not null default false;
drop index platform.event_participants_user;
create unique index event_participants_user on platform.event_participants (event_id, user_id, preview) where user_id is not null;

-- The confirmation of a ticket is enqueued after its sale, so that no sale waits for a picture while it holds the stock's lock.
alter table platform.tickets add column mailed_at timestamptz;
create index tickets_mail_due on platform.tickets (id) where state = 'valid' and mailed_at is null;
