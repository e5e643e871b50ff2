-- One accept call may hold many messages: the items of one row.
alter table messages add column items text;
alter table messages add column recipient_count integer;
