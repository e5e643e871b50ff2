-- What the mail of a list came to, by send id; and whether a message is a text, HTML or both.
create table list_campaigns (
  name text not null,
  send_id text not null,
  list_id integer not null,
  started_at integer not null,
  counters text not null,
  codes text not null,
  primary key (name, send_id)
) without rowid;

create index list_campaigns_by_list on list_campaigns (list_id);

alter table messages add column form text;

-- Codes that confirm that a list is to be deleted.
create table list_delete_codes (
  list_id integer not null,
  code text not null,
  expires_at integer not null,
  used_at integer,
  primary key (list_id, code)
) without rowid;

-- Addresses that get a copy of what a list's campaigns send.
create table seed_lists (
  id integer primary key,
  name text not null,
  addresses text not null,
  created_at integer not null
);

create unique index seed_lists_names on seed_lists (lower(name));

-- Numbers of host names and local parts.
create table list_numbers (
  id integer primary key,
  kind text not null,
  name text not null
);

create unique index list_numbers_names on list_numbers (kind, name);
