-- The tracks of a failed recording stay with the mixer for a while, and can be composed again meanwhile.
alter table platform.recordings add column failed_at timestamptz;
alter table platform.recordings add column compose_requested_at timestamptz;
update platform.recordings set failed_at = now() where status = 'failed';
