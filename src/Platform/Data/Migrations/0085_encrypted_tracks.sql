-- Tracks of a recording that could not be recorded because their senders encrypt them for the viewers alone.
alter table platform.recordings add column tracks_encrypted integer not null default 0 check (tracks_encrypted >= 0);
