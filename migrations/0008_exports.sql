-- Exports: what was asked for, how far each is, and where its file is.

create table exports (
  id text primary key,
  key_id text not null,
  kind text not null,
  format text not null,
  filters text not null,
  range_from integer not null,
  range_to integer not null,
  log_end integer not null,
  oldest integer,
  state text not null,
  after text,
  row_count integer not null default 0,
  bytes integer not null default 0,
  object_key text,
  upload_id text,
  parts text not null default '[]',
  rest_key text,
  lease_id text,
  lease_until integer not null default 0,
  tries integer not null default 0,
  restarts integer not null default 0,
  error text,
  created_at integer not null,
  finished_at integer,
  expires_at integer not null
) without rowid;
