-- Plans, limits of keys, and the ledger of credits.

alter table account add column plan text;

alter table keys add column per_second integer;
alter table keys add column burst integer;
alter table keys add column daily integer;

alter table messages add column credits integer not null default 0;

create table credit_ledger (
  position integer primary key,
  kind text not null,
  amount integer not null,
  balance integer,
  message_id text,
  key_id text,
  reason text,
  grant_id text
);

create unique index credit_ledger_grants on credit_ledger (grant_id) where grant_id is not null;
