-- Imports of contacts from CSV.
create table imports (
  id text primary key,
  key_id text not null,
  state text not null,
  object_key text,
  bytes integer not null,
  header text not null,
  start_offset integer not null,
  start_line integer not null,
  list_id integer,
  settings text,
  place integer not null,
  line integer not null,
  row_count integer not null default 0,
  added integer not null default 0,
  existing integer not null default 0,
  refused integer not null default 0,
  errors text not null default '[]',
  lease_id text,
  lease_until integer not null default 0,
  tries integer not null default 0,
  error text,
  created_at integer not null,
  finished_at integer,
  expires_at integer not null
) without rowid;

create table import_errors (
  import_id text not null,
  place integer not null,
  errors text not null,
  primary key (import_id, place)
) without rowid;
