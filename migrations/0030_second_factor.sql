-- The second factor of users (RFC 6238), and the codes that stand in for it.
create table second_factors (
  user_id text primary key,
  secret text not null,
  confirmed_at integer,
  last_step integer not null
) without rowid;

create table recovery_codes (
  user_id text not null,
  hash text not null,
  primary key (user_id, hash)
) without rowid;
