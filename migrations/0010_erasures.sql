-- Addresses that were erased, by hash, and how far each erasure came; tracking switched off for a domain.
create table erasures (
  hash text primary key,
  state text not null,
  place text not null,
  sealed text,
  requested_at integer not null,
  key_id text,
  cleared_at integer,
  finished_at integer
) without rowid;

create index erasures_open on erasures (requested_at) where finished_at is null;

alter table sender_domains add column track_opens integer not null default 1;
alter table sender_domains add column track_clicks integer not null default 1;
