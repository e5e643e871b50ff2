-- When a message is to be sent, if later than it was accepted.
alter table messages add column send_at integer;
