-- When an API key was used last, as far as it was written down.
alter table keys add column last_used_at integer;
