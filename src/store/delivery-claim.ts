// SQL of claiming what is due: the WHERE clauses are the guard of the transition to `sending` in
// model/delivery.ts. Keeping a lease and giving it back is in delivery-lease.ts.
import { LARGE_BYTES } from "../lib/large-gate.ts";
import { QUEUE_LIFETIME_MS } from "../model/delivery.ts";
import type { MailClass, Message } from "../model/message.ts";
import { scopesThatStop } from "../model/suppression.ts";
import { refundSql } from "./credit.ts";
import { storedContent, type StoredContent } from "./content.ts";
import { batch, rowsOf, statement } from "./db.ts";
import { LOST_ATTEMPT, MAX_LOSSES } from "./delivery.ts";
import { scanRows, SHARES_OF_LANE } from "./delivery-due.ts";
import { decodeMessage, messageColumns, type MessageRow } from "./message.ts";
import { campaignOf } from "./list-campaign.ts";
import { joinMessage, ofMessage } from "./message-item.ts";
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
  /** More could be claimed at once. */
  readonly more: boolean;
  /** The shares whose deliveries it leased. */
  readonly shares: readonly number[];
};

/** What is to be claimed. */
export type ClaimOrder = {
  readonly lane: MailClass;
  readonly now: number;
  readonly leaseId: string;
  readonly leaseUntil: number;
  readonly limit: number;
  /** Claims a delivery that lost leases before, and then nothing else with it. */
  readonly alone: boolean;
  /** The round of shares begins after this one; 0 unless it is named. */
  readonly after?: number;
};

/** Bytes of distinct contents in one claim, as they are read: several times this is held while composing. */
const MAX_CLAIM_BYTES = 16 * 1024 * 1024;

/** A delivery that lost this many leases is claimed alone, so that it cannot harm its neighbours. */
const SUSPECT_LOSSES = 3;

/** Shares that one claim serves; it bounds what a look-up by lease passes. The next claim goes on after them. */
const MAX_SHARES = 16;

/** What a share gets of a claim is at most this many times an equal part, when others have less waiting. */
const MOST_OF_A_PART = 4;

/** Of the share s: due, and not leased by somebody else. */
const DUE = `lane = ?1 and share = s.share and due_at <= ?2
  and (lease_until is null or lease_until <= ?2 or lease_id = ?3)`;

const LOSSES = "lease_losses + (lease_id is not null)";

/** Of the share s: due, not leased, not lost too often, not in doubt while it must not double. */
const CLAIMABLE = `lane = ?1 and share = s.share and due_at <= ?2
  and (lease_until is null or lease_until <= ?2) and marker = 0
  and ${LOSSES} < iif(?5 = 1, ${MAX_LOSSES}, ${SUSPECT_LOSSES})`;

/** The shares that this claim serves, in the order of its round. */
const SERVED = `(select share, row_number() over (order by share <= ?4, share) as place
  from ${SHARES_OF_LANE} s where exists (select 1 from deliveries where ${DUE})
  order by place limit ${MAX_SHARES})`;

/** The deliveries that lease ?3 holds; they are among the oldest due of the shares it serves. */
const LEASED = `(select d.* from ${SERVED} s, json_each((
    select json_group_array(json_array(recipient, message_id)) from (
      select recipient, message_id, lease_id from deliveries
      where lane = ?1 and share = s.share and due_at <= ?2
      order by due_at limit ${scanRows(SERVED)})
    where lease_id = ?3)) k
  join deliveries d on d.recipient = k.value ->> 0 and d.message_id = k.value ->> 1)`;

/** The n-th of each share before the (n+1)-th of any: shares are served in turns. */
const IN_TURNS = `row_number() over (partition by share order by due_at, message_id, position),
  due_at, message_id, position`;

/** Now, and later than the accept: statistics tell what was suppressed then by equal times. */
const AFTER_ACCEPT = `max(?2, expires_at - ${QUEUE_LIFETIME_MS} + 1)`;

/** A delivery that an entry of the scopes ?5 stops. */
const SUPPRESSED = stopped({ address: "recipient", md5Hex: "lower(hex(md5))", scopes: "?5" });

/**
 * Leases the oldest due deliveries of a lane, of its shares in turns; of these, the ones that a
 * suppression has come to stop since they were accepted end as `suppressed` in the same transaction. The
 * same order again gives the same rows, so a claim whose answer was lost can be repeated.
 */
export async function claimDue(db: D1Database, order: ClaimOrder): Promise<Claim> {
  const results = await batch(db, [
    lease(db, order),
    logSuppressed(db, order),
    refundSuppressed(db, order),
    suppressLeased(db, order),
    statement(
      db,
      `select recipient, message_id, position, attempts, expires_at, lease_id, share
       from ${LEASED} order by ${IN_TURNS}`,
      ...place(order),
    ),
    statement(
      db,
      `with l as materialized (select distinct message_id as id from ${LEASED}), found as (
         select m.id as row_id, ${messageColumns("l.id")} from l ${joinMessage("l.id")})
       select found.*, (select bounce_domain from sender_domains where domain = substr(${FROM},
         instr(${FROM}, '@') + 1)) as bounce_domain from found`,
      ...place(order),
    ),
    statement(
      db,
      `select c.message_id as row_id, c.head, c.parts from contents c where (c.id, c.message_id) in (
         select m.content_id, m.id from ${LEASED} l ${joinMessage("l.message_id")})`,
      ...place(order),
    ),
    statement(
      db,
      `select exists (select 1 from ${SHARES_OF_LANE} s
         where exists (select 1 from deliveries where ${CLAIMABLE})) as more`,
      ...place(order),
      order.alone ? 1 : 0,
    ),
  ]);
  const claimed = rowsOf<ClaimRow>(results[4]);
  const inline = new Map(rowsOf<InlineRow>(results[6]).map((row) => [row.row_id, row]));
  return {
    deliveries: claimed.map(decodeClaimed),
    suppressed: results[3]?.meta.changes ?? 0,
    more: rowsOf<{ more: number }>(results[7])[0]?.more === 1,
    shares: claimed.map(({ share }) => share),
    messages: new Map(
      rowsOf<ClaimedRow>(results[5]).map((row) => [
        row.id,
        {
          message: decodeMessage(row),
          content: storedContent({ ...row, ...(inline.get(row.row_id) ?? NO_CONTENT) }),
          bounceDomain: row.bounce_domain,
        },
      ]),
    ),
  };
}

/** What LEASED asks for, ?1 to ?4. */
function place({ lane, now, leaseId, after = 0 }: ClaimOrder): [string, number, string, number] {
  return [lane, now, leaseId, after];
}

/** Leases, in turns of the shares, what fits in the limit and in the bytes of a claim. */
function lease(db: D1Database, order: ClaimOrder): D1PreparedStatement {
  // D1 binds every number as a real one; a limit is a whole one.
  const part = `((cast(?6 as integer) - 1) / (select max(1, count(*)) from ${SERVED}) + 1)`;
  return statement(
    db,
    `with due as (
       select d.recipient, d.message_id, d.due_at, s.place,
         d.lease_losses + (d.lease_id is not null) as losses,
         row_number() over (partition by s.share order by d.due_at, d.message_id, d.recipient) as turn
       from ${SERVED} s, json_each((
         select json_group_array(json_array(recipient, message_id)) from (
           select recipient, message_id from deliveries where ${CLAIMABLE}
           order by due_at limit min(?6, ${MOST_OF_A_PART} * ${part})))) k
       join deliveries d on d.recipient = k.value ->> 0 and d.message_id = k.value ->> 1
       order by turn, s.place limit max(0, ?6 - (select count(*) from ${LEASED}))
     ), counted as (
       select due.*, m.items is null or m.size <= ${LARGE_BYTES} as whole, m.size as row_size,
         ${ofMessage("message_id", "size")} as size, row_number() over (order by turn, place) as n,
         row_number() over (partition by m.id order by turn, place) as nth_of_row,
         row_number() over (partition by message_id order by turn, place) as nth
       from due ${joinMessage("due.message_id")}
     ), chosen as (
       select recipient, message_id, losses, n, first_value(losses) over (order by n) as first_losses,
         sum(case iif(whole, nth_of_row, nth) when 1 then iif(whole, row_size, size) else 0 end)
           over (order by n) as total
       from counted
     )
     update deliveries set state = 'sending', lease_id = ?3, lease_until = ?7,
       lease_losses = ${LOSSES},
       attempts = attempts + (lease_id is not null),
       history = case when lease_id is null then history
         else json_insert(history, '$[#]', ${LOST_ATTEMPT}) end
     where (recipient, message_id) in (
       select recipient, message_id from chosen
       where n = 1 or (first_losses < ${SUSPECT_LOSSES} and losses < ${SUSPECT_LOSSES}
         and total <= ${MAX_CLAIM_BYTES}))`,
    ...place(order),
    order.alone ? 1 : 0,
    order.limit,
    order.leaseUntil,
  );
}

/** Notes for the statistics what suppressLeased ends next, in one log row; nobody is told. */
function logSuppressed(db: D1Database, order: ClaimOrder) {
  return statement(
    db,
    `insert into event_log (position, events)
     select max(?2 * 1000, coalesce((select max(position) + 1 from event_log), 0)),
       json_group_array(json_patch(json_object('name', 'suppressed', 'at', ?2, 'mailClass', ?1,
         'tags', ${ofMessage("l.message_id", "tags")},
         'domain', substr(l.recipient, instr(l.recipient, '@') + 1)), ${campaignOf("l.message_id")}))
     from ${LEASED} l ${joinMessage("l.message_id")}
     where ${SUPPRESSED} group by 'one row'`,
    ...place(order),
    JSON.stringify(scopesThatStop(order.lane)),
  );
}

/** Gives back the credits of what suppressLeased ends next, if it was charged and never attempted. */
function refundSuppressed(db: D1Database, order: ClaimOrder) {
  const stoppedBefore = `select l.message_id from ${LEASED} l ${joinMessage("l.message_id")}
    where l.attempts = 0 and m.credits > 0 and ${SUPPRESSED}`;
  return statement(
    db,
    refundSql(stoppedBefore, "?2"),
    ...place(order),
    JSON.stringify(scopesThatStop(order.lane)),
  );
}

/** Ends what the claim has just leased and a suppression stops; it costs rows only then. */
function suppressLeased(db: D1Database, order: ClaimOrder) {
  return statement(
    db,
    `update deliveries set state = 'suppressed', due_at = null, suppressed_at = ${AFTER_ACCEPT},
       lease_id = null, lease_until = null
     where (recipient, message_id) in (select recipient, message_id from ${LEASED})
       and ${SUPPRESSED}`,
    ...place(order),
    JSON.stringify(scopesThatStop(order.lane)),
  );
}

type ClaimedRow = MessageRow & { row_id: string; bounce_domain: string | null };

/** A content in D1, and the row of messages that it is of. */
type InlineRow = { row_id: string; head: string; parts: string | null };

const NO_CONTENT = { head: null, parts: null };

/** The From address of a message that was found. */
const FROM = "coalesce(found.item ->> 'from_address', found.from_address)";

type ClaimRow = {
  recipient: string;
  message_id: string;
  position: number;
  attempts: number;
  expires_at: number;
  lease_id: string;
  share: number;
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
