-- Where bounces come back to, and what came to those addresses and changed nothing.
alter table sender_domains add column bounce_domain text;
alter table relays add column verp integer not null default 1;

create table inbound_counts (
  outcome text primary key,
  count integer not null,
  last_at integer not null
) without rowid;
