-- What was changed through the API, by whom.
create table audit_log (
  position integer primary key,
  at integer not null,
  kind text not null,
  key_id text,
  ip text not null,
  operation text not null,
  target text not null,
  body_hash text not null,
  request_id text not null,
  detail text not null,
  previous text not null,
  hash text not null
);
