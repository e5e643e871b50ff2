-- People who sign in, what was opened for them, their sessions, and tries to sign in.
create table users (
  id text primary key,
  email text not null unique,
  name text not null,
  role text not null,
  password text,
  created_at integer not null,
  disabled_at integer
) without rowid;

create table module_grants (
  user_id text not null,
  module text not null,
  mail_class text not null,
  granted_at integer not null,
  granted_by text not null,
  primary key (user_id, module, mail_class)
) without rowid;

create table sessions (
  hash text primary key,
  id text not null,
  user_id text not null,
  created_at integer not null,
  seen_at integer not null,
  expires_at integer not null,
  ip text not null,
  agent text not null
) without rowid;

create index sessions_by_user on sessions (user_id, created_at);

create table log_in_tries (
  subject text primary key,
  tries integer not null,
  last_at integer not null,
  locked_until integer not null
) without rowid;
