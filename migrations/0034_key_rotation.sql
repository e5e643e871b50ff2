-- An API key can get another secret; the one before works on for a while.
alter table keys add column previous_hash text;
alter table keys add column previous_until integer;
create index keys_previous on keys (previous_hash) where previous_hash is not null;
