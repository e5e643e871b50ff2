-- Keys share the marketing lane: the due index tells whose a delivery is. What waits already is one share.
alter table deliveries add column share integer not null default 0;
drop index deliveries_due;
create index deliveries_due on deliveries (lane, share, due_at) where due_at is not null;
