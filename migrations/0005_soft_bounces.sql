-- When repeated soft bounces make an address a bad one.
alter table account add column soft_bounce_count integer not null default 3;
alter table account add column soft_bounce_days integer not null default 3;
