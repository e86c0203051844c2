-- Grants that give more than anybody gets: to moderate, to publish on a stage. When the role that they follow from changes, they are revoked.
create table platform.privileged_grants (
    session_id     uuid not null references platform.sessions on delete cascade,
    participant_id uuid not null references platform.event_participants on delete cascade,
    issued_at      timestamptz not null,
    primary key (session_id, participant_id)
);
create index privileged_grants_participant on platform.privileged_grants (participant_id);
