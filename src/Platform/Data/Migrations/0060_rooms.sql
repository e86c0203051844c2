-- Who was removed from a session's room and gets no new grant for it. The media node bars the grants that are out.
create table platform.room_bans (
    session_id     uuid not null references platform.sessions on delete cascade,
    participant_id uuid not null references platform.event_participants on delete cascade,
    banned_at      timestamptz not null default now(),
    primary key (session_id, participant_id)
);
create index room_bans_participant on platform.room_bans (participant_id);
