-- What somebody set of the pace of a pool to a group of recipient domains.
create table throttles (
  pool_id text not null,
  domain_group text not null,
  settings text not null,
  updated_at integer not null,
  primary key (pool_id, domain_group)
) without rowid;
