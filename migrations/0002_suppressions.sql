-- Suppressions of domains and of MD5 hashes, who made them, and what was removed; checked again at claim.
alter table suppressions add column key_id text;

create table suppression_changes (
  address text not null,
  scope text not null,
  at integer not null,
  action text not null,
  key_id text,
  reason text not null,
  message_id text,
  primary key (address, scope, at, action)
) without rowid;

alter table deliveries add column md5 blob;
alter table deliveries add column suppressed_at integer;
