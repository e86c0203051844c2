-- From which network a file was uploaded that no order has claimed yet: a keyed hash, since only whether it is the same one is asked.
alter table platform.answer_files add column network bytea;
