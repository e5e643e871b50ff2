-- Who may log in at the SMTP gateway.

create table smtp_credentials (
  id text primary key,
  hash text not null,
  name text not null,
  domain text not null,
  sender_domain text,
  mail_class text,
  require_tls integer not null,
  created_at integer not null,
  expires_at integer,
  revoked_at integer,
  last_used_at integer
) without rowid;
