-- Where relays tell what became of mail after they took it.

create table intakes (
  relay_id text primary key,
  vendor text not null,
  proof text not null,
  created_at integer not null,
  updated_at integer not null
) without rowid;
