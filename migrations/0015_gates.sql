-- What breaking the bulk-sender rules means for a send from a domain.
alter table sender_domains add column gate text not null default 'off';
