-- Statistics: what each hour and each day came to, and how far everything is counted.

create table stats_hours (
  at integer primary key,
  tags text not null,
  domain_groups text not null
);

create table stats_days (
  at integer primary key,
  tags text not null,
  domain_groups text not null
);

create table stats_cursor (
  id integer primary key check (id = 1),
  position integer not null,
  message_id text not null
);

-- What happened before is not counted: its events do not say all that statistics need.
insert into stats_cursor (id, position, message_id)
values (1, (select coalesce(max(position), 0) from event_log),
  (select coalesce(max(id), '') from messages));
