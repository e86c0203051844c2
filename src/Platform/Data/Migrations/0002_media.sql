-- The media asset registry. A blob lives as long as a rendition holds it.
create table media.assets (
    id          uuid primary key,
    owner_type  text not null,
    owner_id    uuid not null,
    kind        text not null check (kind in ('video')),
    state       text not null check (state in ('ready', 'deleted')),
    title       text not null,
    duration_ms bigint not null check (duration_ms >= 0),
    width       integer not null,
    height      integer not null,
    frame_rate  double precision not null,
    created_at  timestamptz not null default now(),
    deleted_at  timestamptz,
    unique (owner_type, owner_id)
);

create table media.blobs (
    sha256     text primary key check (sha256 ~ '^[0-9a-f]{64}$'),
    size       bigint not null check (size >= 0),
    created_at timestamptz not null default now()
);

create table media.renditions (
    id        uuid primary key,
    asset_id  uuid not null references media.assets on delete cascade,
    purpose   text not null check (purpose in ('video', 'thumbnail')),
    sha256    text not null references media.blobs,
    mime_type text not null,
    file_name text not null,
    unique (asset_id, purpose)
);
create index renditions_blob on media.renditions (sha256);
