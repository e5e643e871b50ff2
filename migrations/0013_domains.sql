-- Sender domains that are added through the API, looked for in DNS, and sign their mail.
alter table sender_domains add column state text not null default 'active';
alter table sender_domains add column return_domain text;
alter table sender_domains add column tracking_host text;
alter table sender_domains add column tracking_ready integer not null default 0;
alter table sender_domains add column records text;
alter table sender_domains add column checked_at integer;
alter table sender_domains add column check_at integer;
alter table sender_domains add column ed25519 integer not null default 0;
alter table sender_domains add column rotation_at integer;

update sender_domains set state = 'pending' where verified = 0;

create table dkim_keys (
  domain text not null,
  selector text not null,
  algorithm text not null,
  state text not null,
  public_key text not null,
  private_key text not null,
  created_at integer not null,
  changed_at integer not null,
  seen_at integer,
  primary key (domain, selector)
) without rowid;
