-- Access and erasure requests. The address stays only while it is needed: to do the work, and to find the archive again while it is kept.
create table platform.privacy_requests (
    id           uuid primary key,
    kind         text not null check (kind in ('access', 'erasure')),
    state        text not null check (state in ('queued', 'working', 'done', 'refused', 'cancelled')),
    email        text check (length(email) between 3 and 254),
    user_id      uuid,
    done_parts   text[] not null default '{}',
    refusal_code text,
    asset_id     uuid references media.assets,
    confirmed_at timestamptz not null default now(),
    due_at       timestamptz not null,
    settled_at   timestamptz,
    check ((settled_at is not null) = (state in ('done', 'refused', 'cancelled'))),
    check (state not in ('queued', 'working') or email is not null)
);
create unique index privacy_requests_open on platform.privacy_requests (lower(email), kind) where state in ('queued', 'working');
create index privacy_requests_user on platform.privacy_requests (user_id, id) where user_id is not null;

-- Whose data the person was among, noted when the request is confirmed: after an erasure nothing would tell.
create table platform.privacy_request_organisers (
    request_id   uuid not null references platform.privacy_requests on delete cascade,
    organiser_id uuid not null references platform.organisers on delete cascade,
    primary key (request_id, organiser_id)
);
create index privacy_request_organisers_organiser on platform.privacy_request_organisers (organiser_id, request_id);

alter table platform.magic_links
    drop constraint magic_links_purpose_check,
    add constraint magic_links_purpose_check check (purpose in ('sign_in', 'verify_email', 'invitation', 'privacy_access', 'privacy_erasure'));

-- The name that its sender gave a file goes with it; see Deletion.
update media.assets set title = '' where state = 'deleted' and kind = 'document';

-- The audit log stays append-only but for one thing: the words in which somebody gave a reason may name a person who is erased.
create or replace function platform.refuse_change() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and current_setting('platform.erasing', true) = 'reason' then
        return null;
    end if;
    raise exception 'platform.audit_log is append-only';
end $$;
create function platform.refuse_more_than_reason() returns trigger language plpgsql as $$
begin
    if (to_jsonb(new) - 'detail') is distinct from (to_jsonb(old) - 'detail') or (new.detail - 'reason') is distinct from (old.detail - 'reason') then
        raise exception 'platform.audit_log is append-only';
    end if;
    return new;
end $$;
create trigger audit_log_reason_only before update on platform.audit_log for each row execute function platform.refuse_more_than_reason();
