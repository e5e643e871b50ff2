// SQL of the lease: claiming what is due, keeping it, giving it back. The WHERE clauses are the guard of
// the transitions to and from `sending` in model/delivery.ts.
import { QUEUE_LIFETIME_MS } from "../model/delivery.ts";
import type { MailClass, Message } from "../model/message.ts";
import { scopesThatStop } from "../model/suppression.ts";
import { refundSql } from "./credit.ts";
import { storedContent, type StoredContent } from "./content.ts";
import { batch, rows, rowsOf, statement } from "./db.ts";
import { LOST_ATTEMPT, MAX_LOSSES, SCAN_ROWS } from "./delivery.ts";
import { decodeMessage, JOIN_CONTENT, MESSAGE_COLUMNS, type MessageRow } from "./message.ts";
import { CAMPAIGN_OF } from "./list-campaign.ts";
import { stopped } from "./suppression.ts";

/** One delivery under lease, ready to be attempted. */
export type ClaimedDelivery = {
  readonly recipient: string;
  readonly messageId: string;
  readonly position: number;
  /** Attempts made before this one, those of unknown outcome included. */
  readonly attempts: number;
  readonly expiresAt: number;
  readonly leaseId: string;
};

/** A message of a claim with where its content is. */
export type ClaimedMessage = {
  readonly message: Message;
  readonly content: StoredContent;
  /** Where return paths of its sender's domain lead, or null. */
  readonly bounceDomain: string | null;
};

/** What one claim brought. */
export type Claim = {
  readonly deliveries: readonly ClaimedDelivery[];
  readonly messages: ReadonlyMap<string, ClaimedMessage>;
  /** How many of the due deliveries a suppression stopped; they count against the limit. */
  readonly suppressed: number;
};

/** Bytes of distinct contents in one claim: several times this is held while composing. */
const MAX_CLAIM_BYTES = 16 * 1024 * 1024;

/** A delivery that lost this many leases is claimed alone, so that it cannot harm its neighbours. */
const SUSPECT_LOSSES = 3;

/** A delivery may be claimed: due, not leased, not lost too often, not in doubt while it must not double. */
const CLAIMABLE = `lane = ?1 and due_at <= ?2 and (lease_until is null or lease_until <= ?2)
  and lease_losses + (lease_id is not null) < ${MAX_LOSSES} and marker = 0`;

/** The deliveries that lease ?3 holds; they are among the oldest due of the lane. */
const LEASED = `(select * from (select * from deliveries where lane = ?1 and due_at <= ?2
  order by due_at limit ${SCAN_ROWS}) where lease_id = ?3)`;

/** Now, and later than the accept: statistics tell what was suppressed then by equal times. */
const AFTER_ACCEPT = `max(?2, expires_at - ${QUEUE_LIFETIME_MS} + 1)`;

/** A delivery that an entry of the scopes ?4 stops. */
const SUPPRESSED = stopped({ address: "recipient", md5Hex: "lower(hex(md5))", scopes: "?4" });

/**
 * Leases the oldest due deliveries of a lane; of these, the ones that a suppression has come to stop
 * since they were accepted end as `suppressed` in the same transaction. The same `leaseId` again gives
 * the same rows, so a claim whose answer was lost can be repeated. With `alone` a delivery that lost
 * leases before may be claimed, and then nothing else with it.
 */
export async function claimDue(
  db: D1Database,
  claim: {
    readonly lane: MailClass;
    readonly now: number;
    readonly leaseId: string;
    readonly leaseUntil: number;
    readonly limit: number;
    readonly alone: boolean;
  },
): Promise<Claim> {
  const { lane, now, leaseId, leaseUntil, limit } = claim;
  const results = await batch(db, [
    statement(
      db,
      `with due as (
         select recipient, message_id, due_at, lease_losses + (lease_id is not null) as losses
         from deliveries where ${CLAIMABLE} and (?6 = 1 or lease_losses + (lease_id is not null) < ${SUSPECT_LOSSES})
         order by due_at limit max(0, ?5 - (select count(*) from ${LEASED}))
       ), counted as (
         select due.*, m.size, row_number() over (order by due_at, message_id, recipient) as n,
           row_number() over (partition by message_id order by due_at, recipient) as nth
         from due join messages m on m.id = due.message_id
       ), chosen as (
         select recipient, message_id, losses, n, first_value(losses) over (order by n) as first_losses,
           sum(case when nth = 1 then size else 0 end) over (order by n) as total
         from counted
       )
       update deliveries set state = 'sending', lease_id = ?3, lease_until = ?4,
         lease_losses = lease_losses + (lease_id is not null),
         attempts = attempts + (lease_id is not null),
         history = case when lease_id is null then history
           else json_insert(history, '$[#]', ${LOST_ATTEMPT}) end
       where (recipient, message_id) in (
         select recipient, message_id from chosen
         where n = 1 or (first_losses < ${SUSPECT_LOSSES} and losses < ${SUSPECT_LOSSES}
           and total <= ${MAX_CLAIM_BYTES}))`,
      lane,
      now,
      leaseId,
      leaseUntil,
      limit,
      claim.alone ? 1 : 0,
    ),
    logSuppressed(db, claim),
    refundSuppressed(db, claim),
    suppressLeased(db, claim),
    statement(
      db,
      `select recipient, message_id, position, attempts, expires_at, lease_id
       from ${LEASED} order by due_at, message_id, position`,
      lane,
      now,
      leaseId,
    ),
    statement(
      db,
      `select ${MESSAGE_COLUMNS}, c.head, c.parts, (select bounce_domain from sender_domains
         where domain = substr(m.from_address, instr(m.from_address, '@') + 1)) as bounce_domain
       from messages m ${JOIN_CONTENT} where m.id in (select message_id from ${LEASED})`,
      lane,
      now,
      leaseId,
    ),
  ]);
  return {
    deliveries: rowsOf<ClaimRow>(results[4]).map(decodeClaimed),
    suppressed: results[3]?.meta.changes ?? 0,
    messages: new Map(
      rowsOf<ClaimedRow>(results[5]).map((row) => [
        row.id,
        {
          message: decodeMessage(row),
          content: storedContent(row),
          bounceDomain: row.bounce_domain,
        },
      ]),
    ),
  };
}

/** Notes for the statistics what suppressLeased ends next, in one log row; nobody is told. */
function logSuppressed(
  db: D1Database,
  claim: { readonly lane: MailClass; readonly now: number; readonly leaseId: string },
) {
  return statement(
    db,
    `insert into event_log (position, events)
     select max(?2 * 1000, coalesce((select max(position) + 1 from event_log), 0)),
       json_group_array(json_patch(json_object('name', 'suppressed', 'at', ?2, 'mailClass', ?1,
         'tags', m.tags, 'domain', substr(l.recipient, instr(l.recipient, '@') + 1)),
         ${CAMPAIGN_OF}))
     from ${LEASED} l join messages m on m.id = l.message_id
     where ${SUPPRESSED} group by 'one row'`,
    claim.lane,
    claim.now,
    claim.leaseId,
    JSON.stringify(scopesThatStop(claim.lane)),
  );
}

/** Gives back the credits of what suppressLeased ends next, if it was charged and never attempted. */
function refundSuppressed(
  db: D1Database,
  claim: { readonly lane: MailClass; readonly now: number; readonly leaseId: string },
) {
  const stoppedBefore = `select l.message_id from ${LEASED} l join messages m on m.id = l.message_id
    where l.attempts = 0 and m.credits > 0 and ${SUPPRESSED}`;
  return statement(
    db,
    refundSql(stoppedBefore, "?2"),
    claim.lane,
    claim.now,
    claim.leaseId,
    JSON.stringify(scopesThatStop(claim.lane)),
  );
}

/** Ends what the claim has just leased and a suppression stops; it costs rows only then. */
function suppressLeased(
  db: D1Database,
  claim: { readonly lane: MailClass; readonly now: number; readonly leaseId: string },
) {
  return statement(
    db,
    `update deliveries set state = 'suppressed', due_at = null, suppressed_at = ${AFTER_ACCEPT},
       lease_id = null, lease_until = null
     where (recipient, message_id) in (select recipient, message_id from ${LEASED})
       and ${SUPPRESSED}`,
    claim.lane,
    claim.now,
    claim.leaseId,
    JSON.stringify(scopesThatStop(claim.lane)),
  );
}

type ClaimedRow = MessageRow & {
  head: string | null;
  parts: string | null;
  bounce_domain: string | null;
};

type ClaimRow = {
  recipient: string;
  message_id: string;
  position: number;
  attempts: number;
  expires_at: number;
  lease_id: string;
};

function decodeClaimed(row: ClaimRow): ClaimedDelivery {
  return {
    recipient: row.recipient,
    messageId: row.message_id,
    position: row.position,
    attempts: row.attempts,
    expiresAt: row.expires_at,
    leaseId: row.lease_id,
  };
}

/** The deliveries of a list, as a parameter for json_each: [recipient, message id, lease id]. */
function keysOf(deliveries: readonly ClaimedDelivery[]): string {
  return JSON.stringify(deliveries.map((d) => [d.recipient, d.messageId, d.leaseId]));
}

const STILL_LEASED = `exists (select 1 from json_each(?1) k where k.value ->> 0 = recipient
  and k.value ->> 1 = message_id and k.value ->> 2 = lease_id)`;

const IN_KEYS = `(recipient, message_id) in
  (select value ->> 0, value ->> 1 from json_each(?1)) and ${STILL_LEASED}`;

/** Prolongs the leases that are still held. */
export async function renewLeases(
  db: D1Database,
  deliveries: readonly ClaimedDelivery[],
  leaseUntil: number,
): Promise<void> {
  await statement(
    db,
    `update deliveries set lease_until = ?2 where ${IN_KEYS}`,
    keysOf(deliveries),
    leaseUntil,
  ).run();
}

/** Gives back deliveries that were claimed but not attempted; they are due as before. */
export async function releaseLeases(
  db: D1Database,
  deliveries: readonly ClaimedDelivery[],
): Promise<void> {
  await statement(
    db,
    `update deliveries set lease_id = null, lease_until = null,
       state = case when attempts = 0 then 'queued' else 'deferred' end where ${IN_KEYS}`,
    keysOf(deliveries),
  ).run();
}

/** Gives back deliveries that could not be attempted; they are due again at `dueAt`. */
export async function postponeLeases(
  db: D1Database,
  deliveries: readonly ClaimedDelivery[],
  dueAt: number,
): Promise<void> {
  await statement(
    db,
    `update deliveries set lease_id = null, lease_until = null, due_at = ?2,
       state = case when attempts = 0 then 'queued' else 'deferred' end where ${IN_KEYS}`,
    keysOf(deliveries),
    dueAt,
  ).run();
}

/** Marks a delivery of an `onAmbiguous: hold` message just before its content leaves; false: lease lost. */
export async function markContent(db: D1Database, delivery: ClaimedDelivery): Promise<boolean> {
  const marked = await rows<{ recipient: string }>(
    statement(
      db,
      `update deliveries set marker = 1 where ${IN_KEYS} returning recipient`,
      keysOf([delivery]),
    ),
  );
  return marked.length > 0;
}
