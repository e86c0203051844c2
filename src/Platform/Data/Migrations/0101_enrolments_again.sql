-- When the key of a device's enrolment gave a token that nobody has used yet: so long, and for some minutes, it gives another, for its answer may have got lost.
alter table platform.check_in_devices add column enrol_used_at timestamptz;
