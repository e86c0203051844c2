-- How an event looks. The two colours come as a pair that can be read; pictures are what was made of those that were uploaded.
create table platform.event_branding (
    event_id   uuid primary key references platform.events on delete cascade,
    background text check (background ~ '^#[0-9a-f]{6}$'),
    foreground text check (foreground ~ '^#[0-9a-f]{6}$'),
    version    integer not null default 1,
    check ((background is null) = (foreground is null))
);

create table platform.event_pictures (
    event_id  uuid not null references platform.events on delete cascade,
    kind      text not null check (kind in ('logo', 'cover')),
    asset_id  uuid not null references media.assets,
    sha256    text not null,
    mime_type text not null,
    primary key (event_id, kind)
);
