-- Pools of relays, and the rules that choose the pool of a delivery.
create table pools (
  number integer primary key autoincrement,
  id text not null unique,
  name text not null unique,
  kind text not null,
  relays text not null,
  created_at integer not null
);

create table pool_rules (
  position integer primary key,
  pool_id text not null,
  mail_class text,
  key_id text,
  tag text,
  domain text
);
