-- What the reader of each delivery did.
alter table deliveries add column activity text not null default '[]';
