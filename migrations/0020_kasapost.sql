-- Domains that are there already count as warmed up.
alter table sender_domains add column warming_since integer;
