-- Settings of the account, and how far the walks of the purge came.

create table account (
  id integer primary key check (id = 1),
  retention_days integer not null,
  content_retention_days integer not null
);

create table purge_walks (
  name text primary key,
  after text not null,
  started_at integer not null
) without rowid;
