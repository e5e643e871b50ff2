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
