-- Lists, custom fields, tags, contacts and who is on which list.
create table lists (
  id integer primary key,
  list_id text not null unique,
  name text not null,
  status text not null,
  settings text not null default '{}',
  created_at integer not null,
  updated_at integer not null
);

create index lists_names on lists (lower(name));

create table custom_fields (
  id integer primary key,
  custom_id text not null unique,
  list_id integer,
  name text not null,
  type text not null,
  required integer not null,
  default_value text not null default '',
  options text not null default '[]',
  extras text not null default '{}',
  status text not null,
  created_at integer not null,
  updated_at integer not null
);

create unique index custom_fields_names on custom_fields (coalesce(list_id, 0), lower(name))
  where status <> 'deleted';

create table tags (
  id integer primary key,
  tag_id text not null unique,
  name text not null,
  status text not null,
  created_at integer not null,
  modified_at integer not null
);

create unique index tags_names on tags (lower(name));

create table contacts (
  id integer primary key,
  email text not null unique,
  first_name text not null default '',
  last_name text not null default '',
  fields text not null default '{}',
  created_at integer not null,
  updated_at integer not null
);

create table memberships (
  list_id integer not null,
  contact_id integer not null,
  status text not null,
  subscribed_at integer not null,
  subscribe_ip text not null default '',
  confirmed integer not null default 0,
  email_format text not null default 'html',
  fields text not null default '{}',
  primary key (list_id, contact_id)
) without rowid;

create table contact_tags (
  tag_id integer not null,
  contact_id integer not null,
  primary key (tag_id, contact_id)
) without rowid;

create table contact_jobs (
  id integer primary key,
  list_id integer not null,
  job text not null,
  created_at integer not null
);
