-- How an organisation looks: what its events inherit where they have no look of their own. The two colours come as a pair that can be read.
create table platform.organiser_branding (
    organiser_id uuid primary key references platform.organisers on delete cascade,
    background   text check (background ~ '^#[0-9a-f]{6}$'),
    foreground   text check (foreground ~ '^#[0-9a-f]{6}$'),
    version      integer not null default 1,
    check ((background is null) = (foreground is null))
);

create table platform.organiser_logos (
    organiser_id uuid primary key references platform.organisers on delete cascade,
    asset_id     uuid not null references media.assets,
    sha256       text not null,
    mime_type    text not null
);
