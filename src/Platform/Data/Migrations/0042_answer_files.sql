-- The registry takes documents. A rendition's purpose is a name like video, thumbnail or original; which ones there are is the code's to say.
alter table media.assets
    drop constraint assets_kind_check,
    add constraint assets_kind_check check (kind in ('video', 'audio', 'image', 'caption', 'manifest', 'document'));
alter table media.renditions
    drop constraint renditions_purpose_check,
    add constraint renditions_purpose_check check (purpose ~ '^[a-z0-9][a-z0-9_-]{0,59}$');

alter table platform.ticket_questions
    drop constraint ticket_questions_kind_check,
    add constraint ticket_questions_kind_check check (kind in ('text', 'choice', 'choices', 'yes_no', 'file'));

-- A file that answers a question. Uploaded before the order; until that claims it, ticket_id is null.
create table platform.answer_files (
    id          uuid primary key,
    event_id    uuid not null references platform.events on delete cascade,
    question_id uuid not null references platform.ticket_questions,
    ticket_id   uuid references platform.tickets,
    asset_id    uuid not null references media.assets,
    sha256      text not null,
    file_name   text not null check (length(file_name) between 1 and 120),
    mime_type   text not null,
    size        bigint not null check (size > 0),
    created_at  timestamptz not null default now()
);
create index answer_files_ticket on platform.answer_files (ticket_id) where ticket_id is not null;
create index answer_files_unclaimed on platform.answer_files (event_id) where ticket_id is null;
