-- The readable truth for a new database. migrations/ is what is applied; a test compares the two.
-- Times are epoch milliseconds, given by the Worker; SQL never asks the time.
-- [personal] marks what may hold a recipient's address or what they did: /v1/recipients/:email tells and
-- erases all of it, and a test reads these marks.
-- The bill is rows written: see "Data" in docs/data.md before adding an index.

-- ---------------------------------------------------------------- keys and sender identities

-- One row is one API key; the key itself is never stored. Written by /v1/keys.
create table keys (
  hash text primary key,            -- SHA-256 of the whole key, lower-case hex
  id text not null unique,
  name text not null,               -- [personal] if somebody was named there
  family text not null,             -- kasplo | kasapost | audience | mailing_lists
  scopes text not null,             -- JSON array of send | read | manage
  domain text,                      -- the one domain of a kasapost key
  mail_class text,                  -- transactional | marketing; null may use both
  hint text not null,               -- prefix and last four characters, for people
  created_at integer not null,
  expires_at integer,
  revoked_at integer,
  per_second integer,               -- limits of its own, within the plan's; null: the plan's alone
  burst integer,
  daily integer,
  last_used_at integer,             -- at most once an hour
  previous_hash text,               -- of the secret before the last rotation
  previous_until integer            -- when that one stops
) without rowid;
create index keys_previous on keys (previous_hash) where previous_hash is not null;

-- One row is who may log in at the SMTP gateway; the password itself is never stored. Written by
-- /v1/smtp-credentials; last_used_at by accept, at most once an hour.
create table smtp_credentials (
  id text primary key,              -- the user name is <id>@<domain>
  hash text not null,               -- SHA-256 of the password, lower-case hex
  name text not null,               -- [personal] if somebody was named there
  domain text not null,             -- by it the gateway finds this Worker
  sender_domain text,               -- the one domain that From may have; null may use all
  mail_class text,                  -- transactional | marketing; null is transactional
  require_tls integer not null,
  created_at integer not null,
  expires_at integer,
  revoked_at integer,
  last_used_at integer
) without rowid;

-- One row is a domain that may stand in From. Written by /v1/domains, by the look into DNS, and by the
-- set-up scripts.
create table sender_domains (
  domain text primary key,          -- A-label, lower case
  verified integer not null,        -- 0: nothing may be sent from it
  default_sender text,              -- address used when a request names none
  default_name text,
  created_at integer not null,
  bounce_domain text,               -- domain of return paths; null: the From address is the return path
  track_opens integer not null default 1,  -- 0: no pixel in mail from here
  track_clicks integer not null default 1, -- 0: no link is rewritten
  state text not null default 'active', -- pending | active | drifted
  return_domain text,               -- domain of return paths that is to be set up
  tracking_host text,               -- host of links that is to be set up; null: the Worker's own
  tracking_ready integer not null default 0, -- 1: it was seen to lead here, so it is used
  records text,                     -- JSON array of model/dns-record.ts as found last; null: nobody looked
  checked_at integer,
  check_at integer,                 -- when to look into DNS again; null: never by itself
  ed25519 integer not null default 0, -- 1: signs with Ed25519 too
  rotation_at integer,              -- a rotation of its keys was asked for and waits for DNS
  gate text not null default 'off', -- off | warn | block: what breaking the bulk-sender rules means
  warming_since integer             -- when DNS showed its records first; null: it counts as warmed up
) without rowid;

-- One row is a DKIM key of a sender domain. Written by the look into DNS.
create table dkim_keys (
  domain text not null,
  selector text not null,           -- ep1, ep2; ep1e, ep2e for Ed25519
  algorithm text not null,          -- rsa-sha256 | ed25519-sha256
  state text not null,              -- active | standby | retiring
  public_key text not null,         -- p= of the record
  private_key text not null,        -- PKCS#8, AES-GCM, lib/seal.ts
  created_at integer not null,
  changed_at integer not null,      -- since when it is in its state
  seen_at integer,                  -- when DNS showed its record last; null: never, it signs nothing
  primary key (domain, selector)
) without rowid;

-- One row lets a sender identity send AMP parts (C-06). Written by /v1/domains and the
-- set-up scripts.
create table amp_approvals (
  domain text not null,
  from_name text not null,          -- exact display name, or * for any
  provider text not null,
  created_at integer not null,
  primary key (domain, from_name, provider)
) without rowid;

-- ---------------------------------------------------------------- messages

-- One row is one accepted send, of one message or of a batch, with its idempotency key. Written once, by
-- accept. An item of a batch is found by its id: the row's, with its number in the last three digits.
create table messages (
  id text primary key,              -- UUIDv7: the id is the time order and the cursor
  created_at integer not null,
  key_id text not null,
  idempotency_key text,             -- [personal] null when none was given, or 24 h after
  request_hash text,                -- SHA-256 of the request body; only beside an idempotency key
  mail_class text not null,         -- transactional | marketing; the lane it waits in
  from_address text not null,
  from_name text not null,          -- [personal] if a sender wrote a recipient there
  subject text not null,            -- [personal]
  tags text not null,               -- [personal]
  send_id text not null,
  list_id text not null,
  metadata text not null,           -- [personal] JSON object of the sender's own keys
  recipients text not null,         -- [personal] JSON array of {address, name, role}; the index is the delivery's
  on_ambiguous text not null,       -- retry | hold
  size integer not null,            -- bytes of content, for the claim window
  content_id integer,               -- row in contents, or null when the content is in R2
  content_key text,                 -- R2 object, or null when the content is in contents
  credits integer not null default 0, -- charged for it; 0 while credits are not counted
  form text,                        -- text | html | multipart; null: nobody told them apart then
  send_at integer,                  -- when it is to be sent, if later than it was accepted
  items text,                       -- [personal] JSON array of the messages of a batch, each what differs
                                    -- from the columns above; null: the row is one message
  recipient_count integer           -- of all of a batch; null: recipients tells
) without rowid;

-- At most one living message per API key and idempotency key; rows without a key cost nothing.
create unique index messages_idempotency on messages (key_id, idempotency_key)
  where idempotency_key is not null;

-- One row is the content of one message of at most 32 KB. Written once, by accept. A rowid table on
-- purpose: wide rows make a WITHOUT ROWID tree slow.
create table contents (
  id integer primary key,
  message_id text not null,         -- guards against a rowid that was used before
  head text not null,               -- [personal] JSON: subject, texts, headers, names, attachment descriptions
  parts text                        -- [personal] base64 of the attachments' bytes, one after the other; of
                                    -- the header and the body, when the message came as MIME
);

-- ---------------------------------------------------------------- deliveries

-- One row is one recipient of one message: its state, its lease, its whole history. Inserted by
-- accept, claimed and settled by the queue consumer. The key answers "everything to this address".
create table deliveries (
  recipient text not null,          -- [personal] lower-cased address
  message_id text not null,
  position integer not null,        -- index in messages.recipients and in click_tracking_id
  lane text not null,
  state text not null,              -- model/delivery.ts lists states and transitions
  due_at integer,                   -- null when nothing is to be done
  expires_at integer not null,      -- end of the queue lifetime
  attempts integer not null default 0,
  lease_id text,
  lease_until integer,
  lease_losses integer not null default 0,
  marker integer not null default 0, -- 1: an onAmbiguous=hold content may be on its way
  last_code integer,                -- bounce class of the last deferral, for when it expires
  history text not null default '[]', -- [personal] JSON array of attempts, oldest first
  md5 blob,                         -- [personal] MD5 of recipient, which SQL cannot compute, for suppressions
  suppressed_at integer,            -- when a suppression stopped it
  activity text not null default '[]', -- [personal] JSON array of opens, clicks, unsubscribes, reports, oldest first
  share integer not null default 0, -- whose it is within the lane, model/share.ts
  primary key (recipient, message_id)
) without rowid;

create index deliveries_due on deliveries (lane, share, due_at) where due_at is not null;

-- One row is an entry that stops mail. Written by record, in the batch of the event, and by
-- /v1/suppressions.
create table suppressions (
  address text not null,            -- [personal] lower-cased address, @domain, or md5:<hex of a lower-cased address>
  scope text not null,              -- global | complaint | bounce | unsubscribe | transactional
  reason text not null,             -- [personal] what the key's owner wrote, or the relay's words
  message_id text,                  -- the message whose event asked for it
  created_at integer not null,
  key_id text,                      -- the API key that added it; null: Edgepost did
  primary key (address, scope)
) without rowid;

-- One row is one change of an entry that is gone: how it had come, and its removal. Written in the
-- transaction of the removal by /v1/suppressions, never changed. A standing entry tells its own story.
create table suppression_changes (
  address text not null,            -- [personal]
  scope text not null,
  at integer not null,
  action text not null,             -- added | removed
  key_id text,
  reason text not null,             -- [personal]
  message_id text,
  primary key (address, scope, at, action)
) without rowid;

-- ---------------------------------------------------------------- relays

-- One row is an SMTP relay that mail can leave through. Written by /v1/relays.
create table relays (
  id text primary key,
  name text not null,
  host text not null,
  port integer not null,
  tls text not null,                -- none | starttls | implicit
  username text,
  password text,                    -- AES-GCM, lib/seal.ts
  created_at integer not null,
  verp integer not null default 1   -- 0: the From address is the return path of what leaves through it
) without rowid;

-- One row is a relay that failed to connect lately. Written by the queue consumer; gone when it works.
create table relay_health (
  relay_id text primary key,        -- relays.id, or default for RELAY_URL
  failures integer not null,        -- connects that failed in a row
  aside_until integer,              -- not used before this time
  reason text not null              -- [personal] if the relay's words name somebody
) without rowid;

-- One row is a pool of relays: they share the mail that rules send to it. Written by /v1/pools.
create table pools (
  number integer primary key autoincrement, -- never given twice; the default pool, which has no row, is 0
  id text not null unique,
  name text not null unique,
  kind text not null,               -- shared | dedicated
  relays text not null,             -- JSON array of [relays.id or default, weight]
  created_at integer not null
);

-- One row is a rule that chooses the pool of a delivery: the first that fits. Written by /v1/pools/rules.
create table pool_rules (
  position integer primary key,
  pool_id text not null,            -- pools.id, or default
  mail_class text,                  -- null fits all, here and below
  key_id text,
  tag text,
  domain text                       -- of the recipient
);

-- One row is what somebody set of a pool's pace to a group of recipient domains; how the pace stands is in its
-- object. Written by /v1/throttles.
create table throttles (
  pool_id text not null,            -- pools.id, or default
  domain_group text not null,       -- model/throttle.ts; * for all groups of the pool
  settings text not null,           -- JSON object of what is not the default
  updated_at integer not null,
  primary key (pool_id, domain_group)
) without rowid;

-- One row is a relay's intake: whose events /intake/<relay> takes. Written by /v1/relays/:id/intake.
create table intakes (
  relay_id text primary key,        -- relays.id, or default for RELAY_URL
  vendor text not null,             -- ses | sendgrid | mailgun | postmark | sparkpost | greenarrow
  proof text not null,              -- SNS topic ARN, public key, or a secret (AES-GCM, lib/seal.ts)
  created_at integer not null,
  updated_at integer not null
) without rowid;

-- ---------------------------------------------------------------- events and webhooks

-- One row is one committed batch of events, in order. Written by record only, never changed.
-- position is milliseconds * 1000 + n, always growing, so that a time finds its place without an index.
create table event_log (
  position integer primary key,
  events text not null              -- [personal] JSON array of model/event.ts
);

-- One row, while somebody watches the live feed: what the log grows by is told to its object only then.
-- Written by the LiveFeed object alone.
create table live_feed (
  id integer primary key,           -- 1
  watched_until integer not null    -- renewed while somebody does; what a killed object left runs out
);

-- One row counts the mails and relays' events that came and changed nothing, by why. Written by inbound.
create table inbound_counts (
  outcome text primary key,         -- model/inbound.ts lists them
  count integer not null,
  last_at integer not null
) without rowid;

-- One row is a webhook endpoint and its cursor on the event log. Settings by /v1/webhooks, the rest by
-- its WebhookTail object alone.
create table webhooks (
  id text primary key,
  url text not null,
  events text,                      -- JSON array of event names, null for all
  format text not null,             -- kasplo
  secret text not null,             -- AES-GCM, lib/seal.ts
  previous_secret text,             -- still signs until previous_until, after a rotation
  previous_until integer,
  cursor integer not null,          -- event_log.position that was handled last
  state text not null,              -- enabled | disabled
  disabled_reason text,
  failing_since integer,            -- first failure since the last success
  created_at integer not null,
  updated_at integer not null
) without rowid;

-- One row is what an endpoint still has to be sent outside the cursor: one run's failures that wait for
-- their next try (due_at), failures that ran out of tries (due_at null), or a range to replay.
create table webhook_jobs (
  id text primary key,
  webhook_id text not null,
  due_at integer,
  tries integer not null,           -- tries made so far; 10 is exhausted
  entries text not null,            -- [personal] JSON array of {id, at, event, body, error, last}
  range_from integer,               -- replay: event_log positions still to read, from (exclusive)
  range_to integer,                 -- and to (inclusive)
  created_at integer not null
) without rowid;

create index webhook_jobs_by_webhook on webhook_jobs (webhook_id, due_at);

-- ---------------------------------------------------------------- account and retention

-- One row is an address that was erased or is being erased. Written by /v1/recipients and the erasure.
-- The same hashes stand in R2 under erasures/, where a restore of the database cannot reach them.
create table erasures (
  hash text primary key,            -- HMAC of the lower-cased address, model/erasure.ts
  state text not null,              -- finding | clearing | searching | done
  place text not null,              -- how far finding or searching came, AES-GCM; '' at the start
  sealed text,                      -- the address, AES-GCM, while it is needed; else null
  requested_at integer not null,    -- mail accepted later is not erased
  key_id text,                      -- the API key that asked; null when only R2 knew of it
  cleared_at integer,               -- when everything that was sent to it was gone
  finished_at integer
) without rowid;

create index erasures_open on erasures (requested_at) where finished_at is null;

-- The one row of settings that differ from the defaults of model/account.ts. Written by /v1/account.
create table account (
  id integer primary key check (id = 1),
  retention_days integer not null,         -- 7…730
  content_retention_days integer not null, -- 1…retention_days
  soft_bounce_count integer not null default 3, -- soft bounces in a row that make an address bad; 0: none do
  soft_bounce_days integer not null default 3,  -- days from the first of them to the last, at least
  plan text                                -- model/plan.ts; null: nobody chose one
);

-- One row is a change of the account's credits; the newest one tells the balance, and no row or a null
-- balance means that they are not counted. Written by accept in the batch of the message, by the claim
-- that finds a recipient suppressed, and by /v1/account/credits. position is milliseconds * 1000 + n.
create table credit_ledger (
  position integer primary key,
  kind text not null,               -- granted | charged | refunded | unlimited
  amount integer not null,          -- what it adds to the balance; negative when charged
  balance integer,                  -- afterwards; null: not counted from here on
  message_id text,                  -- what was charged or refunded
  key_id text,                      -- the API key that granted
  reason text,                      -- [personal] if whoever granted named somebody
  grant_id text                     -- makes a grant that is repeated one grant
);

create unique index credit_ledger_grants on credit_ledger (grant_id) where grant_id is not null;

-- One row is a walk of the purge that passed things which must stay. Gone when the walk starts again.
create table purge_walks (
  name text primary key,            -- messages | contents | blobs | ledger
  after text not null,              -- what was passed last, in the order of the walk
  started_at integer not null
) without rowid;

-- ---------------------------------------------------------------- exports

-- One row is an export. Ordered and cancelled by /v1/exports, made by export/work.ts under a lease, removed
-- with its files by the sweeper. Few at a time, so no index.
create table exports (
  id text primary key,              -- UUIDv7; files are R2 objects exports/<id>/…
  key_id text not null,             -- the API key that asked
  kind text not null,               -- model/export.ts lists kinds and states
  format text not null,             -- csv | json | ndjson
  filters text not null,            -- JSON object
  range_from integer not null,
  range_to integer not null,        -- inclusive
  log_end integer not null,         -- the last event_log.position, or contacts.id, that belongs to it
  oldest integer,                   -- the time of the oldest record when it began, for the progress
  state text not null,
  after text,                       -- where to go on; null before the first record and after the last
  row_count integer not null default 0,
  bytes integer not null default 0, -- of the file, so far
  object_key text,                  -- the file, once it is there or being uploaded in parts
  upload_id text,                   -- R2's multipart upload, while there is one
  parts text not null default '[]', -- JSON array of the parts' etags; part n stands at n - 1
  rest_key text,                    -- R2 object of what is written but fills no part yet
  lease_id text,
  lease_until integer not null default 0, -- also the order of turns
  tries integer not null default 0, -- leases since something was kept last
  restarts integer not null default 0,
  error text,                       -- why it failed
  created_at integer not null,
  finished_at integer,
  expires_at integer not null       -- from then on file and row are gone
) without rowid;

-- ---------------------------------------------------------------- statistics

-- One row is what one hour of UTC came to. Written by record/stats.ts, in the transaction that moves the
-- cursor. tags and domain_groups are JSON objects: mail class → array of [name, counts], the same
-- happenings counted by tag and by group of recipient domains; counts are in the order of
-- model/stats.ts; the name null is the remainder.
create table stats_hours (
  at integer primary key,           -- its beginning
  tags text not null,               -- [personal] names are the senders' tags
  domain_groups text not null
);

-- One row is what one day of UTC came to, as in stats_hours.
create table stats_days (
  at integer primary key,
  tags text not null,               -- [personal]
  domain_groups text not null
);

-- One row is what the platform was asked for on one day of UTC, from all isolates: model/usage.ts tells of
-- each column. Written by record.
create table usage_days (
  at integer primary key,
  worker_requests integer not null,
  object_requests integer not null,
  object_rows_written integer not null,
  d1_rows_read integer not null,
  d1_rows_written integer not null,
  queue_operations integer not null,
  r2_class_a integer not null,
  r2_class_b integer not null,
  own_rows integer not null         -- rows written to keep these counts
);

-- The one row that says how far statistics are counted.
create table stats_cursor (
  id integer primary key check (id = 1),
  position integer not null,        -- event_log.position that was counted last
  message_id text not null          -- messages.id that was counted last
);

-- ---------------------------------------------------------------- lists and contacts

-- One row is a list. Written by /v1/lists and the Mailing Lists API. A deleted one stays as its name in what
-- was sent.
create table lists (
  id integer primary key,           -- its id in the Mailing Lists API
  list_id text not null unique,     -- its id in the Audience API: 32 hex characters
  name text not null,
  status text not null,             -- active | inactive | deleted
  settings text not null default '{}', -- [personal] JSON object of what differs from the defaults, model/list-settings.ts
  created_at integer not null,
  updated_at integer not null
);

create index lists_names on lists (lower(name));

-- One row is a field that contacts have. Written by /v1/custom-fields and the Mailing Lists API.
create table custom_fields (
  id integer primary key,
  custom_id text not null unique,   -- 32 hex characters
  list_id integer,                  -- lists.id; null: all lists have it
  name text not null,
  type text not null,               -- model/custom-field.ts lists them
  required integer not null,
  default_value text not null default '', -- '' when there is none
  options text not null default '[]', -- JSON array of texts to choose from
  extras text not null default '{}', -- JSON object: instructions, bounds
  status text not null,             -- active | inactive | deleted
  created_at integer not null,
  updated_at integer not null
);

create unique index custom_fields_names on custom_fields (coalesce(list_id, 0), lower(name))
  where status <> 'deleted';

-- One row is a tag of contacts. Written by /v1/tags.
create table tags (
  id integer primary key,
  tag_id text not null unique,      -- 10 letters and digits
  name text not null,
  status text not null,             -- active | inactive
  created_at integer not null,
  modified_at integer not null
);

create unique index tags_names on tags (lower(name));

-- One row is a person that mail is sent to, on however many lists. Written by contact jobs, imports,
-- /v1/contacts and the Mailing Lists API. The address never changes.
create table contacts (
  id integer primary key,
  email text not null unique,       -- [personal] lower-cased address
  first_name text not null default '', -- [personal]
  last_name text not null default '', -- [personal]
  fields text not null default '{}', -- [personal] JSON object: custom_fields.id to value
  created_at integer not null,
  updated_at integer not null
);

-- One row is a contact on a list. Written beside contacts, and by record when an event ends it.
create table memberships (
  list_id integer not null,
  contact_id integer not null,
  status text not null,             -- active | unsubscribed | scomp | bounced | deactivated
  subscribed_at integer not null,
  subscribe_ip text not null default '', -- [personal]
  confirmed integer not null default 0,
  email_format text not null default 'html', -- html | plaintext
  fields text not null default '{}', -- [personal] JSON object: custom_fields.id of the list's own to value
  primary key (list_id, contact_id)
) without rowid;

-- One row says that a contact has a tag.
create table contact_tags (
  tag_id integer not null,
  contact_id integer not null,
  primary key (tag_id, contact_id)
) without rowid;

-- One row is contacts that were accepted and are not written yet. Written by the Audience API before it
-- answers, gone in the transaction that writes them.
create table contact_jobs (
  id integer primary key,
  list_id integer not null,
  job text not null,                -- [personal] JSON of model/contact.ts
  created_at integer not null
);

-- One row is what the mail of a list with one send id came to. Written like stats_hours, in the same
-- transaction; kept when the mail is purged.
create table list_campaigns (
  name text not null,               -- what the mail called its list
  send_id text not null,
  list_id integer not null,         -- lists.id that the name meant at first
  started_at integer not null,      -- its first accept
  counters text not null,           -- JSON array in the order of model/list-campaign.ts
  codes text not null,              -- JSON object: bounce code to deliveries
  primary key (name, send_id)
) without rowid;

create index list_campaigns_by_list on list_campaigns (list_id);

-- One row is a code that confirms that a list is to be deleted. Written by the Mailing Lists API; codes that
-- have expired go when the list gets another.
create table list_delete_codes (
  list_id integer not null,
  code text not null,               -- 40 hex digits
  expires_at integer not null,
  used_at integer,
  primary key (list_id, code)
) without rowid;

-- One row is a list of addresses that get a copy of what campaigns send. Written by the Mailing Lists API.
create table seed_lists (
  id integer primary key,
  name text not null,
  addresses text not null,          -- [personal] JSON array
  created_at integer not null
);

create unique index seed_lists_names on seed_lists (lower(name));

-- One row is the number that the Mailing Lists API shows for a name that has none elsewhere. Written when it
-- is shown first.
create table list_numbers (
  id integer primary key,
  kind text not null,               -- model/list-number.ts lists them
  name text not null
);

create unique index list_numbers_names on list_numbers (kind, name);

-- One row is an import of contacts. Uploaded, started and cancelled by /v1/imports, worked on by import/work.ts
-- under a lease, removed with its file by the sweeper. Few at a time, so no index.
create table imports (
  id text primary key,              -- UUIDv7; its file is an R2 object imports/<id>/…
  key_id text not null,             -- the API key that uploaded
  state text not null,              -- model/import.ts lists them
  object_key text,                  -- the file; null once it is gone
  bytes integer not null,
  header text not null,             -- JSON array of the columns' names
  start_offset integer not null,    -- bytes before the first row
  start_line integer not null,
  list_id integer,                  -- lists.id; null until it is started
  settings text,                    -- JSON of ImportSettings but the list
  place integer not null,           -- bytes that were read
  line integer not null,
  row_count integer not null default 0,
  added integer not null default 0, -- contacts that did not exist
  existing integer not null default 0,
  refused integer not null default 0,
  errors text not null default '[]', -- [personal] JSON array of the first refused rows
  lease_id text,
  lease_until integer not null default 0, -- also the order of turns
  tries integer not null default 0, -- leases since something was kept last
  error text,                       -- why it failed
  created_at integer not null,
  finished_at integer,
  expires_at integer not null       -- from then on it is gone
) without rowid;

-- One row is the refused rows of one piece of an import's file. Gone with the import.
create table import_errors (
  import_id text not null,
  place integer not null,           -- where the piece ends
  errors text not null,             -- [personal] JSON array of {line, reason, cells}
  primary key (import_id, place)
) without rowid;

-- One row is a change of settings, in the order in which they were asked for, chained by hashes. Written by
-- accept before the change, and by the look into DNS; never changed, never deleted. Holds no address.
create table audit_log (
  position integer primary key,
  at integer not null,
  kind text not null,               -- model/audit.ts lists them
  key_id text,                      -- null: Edgepost itself
  ip text not null,
  operation text not null,          -- method and path as the API describes them
  target text not null,             -- what the path names; addresses as their hash
  body_hash text not null,          -- SHA-256 of the request's body
  request_id text not null,
  detail text not null,
  previous text not null,           -- the hash of the entry before
  hash text not null
);

-- One row is somebody who signs in: staff of this deployment, not a recipient, so no erasure touches it. Written
-- by accept; gone when somebody deletes the user.
create table users (
  id text primary key,
  email text not null unique,       -- in lower case
  name text not null,
  role text not null,               -- model/permission.ts lists them
  password text,                    -- scrypt$N$r$p$salt$hash; null: none was chosen yet
  created_at integer not null,
  disabled_at integer               -- since when they cannot sign in
) without rowid;

-- One row is the second factor of a user (RFC 6238). Written by accept; gone when it is turned off, and with the user.
create table second_factors (
  user_id text primary key,
  secret text not null,             -- sealed for the user; in no answer but the one that made it
  confirmed_at integer,             -- when its first code was shown; null: it does not count yet
  last_step integer not null        -- codes of this step and of those before it are used
) without rowid;

-- One row is a code that signs a user in once instead of the app.
create table recovery_codes (
  user_id text not null,
  hash text not null,               -- SHA-256, hex; a code has 80 random bits
  primary key (user_id, hash)
) without rowid;

-- One row is a module that a Super Admin opened for a user (F-024).
create table module_grants (
  user_id text not null,
  module text not null,             -- model/permission.ts lists them
  mail_class text not null,
  granted_at integer not null,
  granted_by text not null,         -- the user who did
  primary key (user_id, module, mail_class)
) without rowid;

-- One row is somebody signed in at one browser. Gone when they sign out, when the password or the role changes,
-- or some time after it expired.
create table sessions (
  hash text primary key,            -- SHA-256 of the cookie's token
  id text not null,
  user_id text not null,
  created_at integer not null,
  seen_at integer not null,         -- written down every five minutes
  expires_at integer not null,
  ip text not null,
  agent text not null               -- what the browser calls itself
) without rowid;

create index sessions_by_user on sessions (user_id, created_at);

-- One row counts tries to sign in to one account or from one network address. Gone a day after the last one.
create table log_in_tries (
  subject text primary key,         -- a hash: neither addresses nor networks are kept
  tries integer not null,
  last_at integer not null,
  locked_until integer not null
) without rowid;
