// SQL of deliveries: claiming what is due, keeping the lease, settling what came of it. The WHERE
// clauses are the guard of every state transition in model/delivery.ts.
import type { DeliveryEvent } from "../model/event.ts";
import type { Attempt, DeliveryState } from "../model/delivery.ts";
import type { MailClass, Message } from "../model/message.ts";
import { storedContent, type StoredContent } from "./content.ts";
import { batch, rows, rowsOf, statement, stored } from "./db.ts";
import { decodeMessage, JOIN_CONTENT, MESSAGE_COLUMNS, type MessageRow } from "./message.ts";

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
export type ClaimedMessage = { readonly message: Message; readonly content: StoredContent };

/** What one claim brought. */
export type Claim = {
  readonly deliveries: readonly ClaimedDelivery[];
  readonly messages: ReadonlyMap<string, ClaimedMessage>;
};

/** Bytes of distinct contents in one claim: several times this is held while composing. */
const MAX_CLAIM_BYTES = 16 * 1024 * 1024;

/** A delivery that lost this many leases is claimed alone, so that it cannot harm its neighbours. */
const SUSPECT_LOSSES = 3;

/** A delivery that lost this many leases is held for a person to look at. */
const MAX_LOSSES = 5;

/** Due rows that a look-up by lease passes at most: claimed rows are among the oldest due. */
const SCAN_ROWS = 2_000;

/** A lease that a process lost counts as an attempt whose outcome nobody knows. */
const LOST_ATTEMPT = `json_object('at', ?2, 'relay', '', 'result', 'unknown', 'code', null,
  'reply', 'the process ended before the outcome was recorded', 'tls', null, 'log', null)`;

/** A delivery may be claimed: due, not leased, not lost too often, not in doubt while it must not double. */
const CLAIMABLE = `lane = ?1 and due_at <= ?2 and (lease_until is null or lease_until <= ?2)
  and lease_losses + (lease_id is not null) < ${MAX_LOSSES} and marker = 0`;

/**
 * Leases the oldest due deliveries of a lane. The same `leaseId` again gives the same rows, so a claim
 * whose answer was lost can be repeated. With `alone` a delivery that lost leases before may be claimed,
 * and then nothing else with it.
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
  const leased = `(select * from (select * from deliveries where lane = ?1 and due_at <= ?2
    order by due_at limit ${SCAN_ROWS}) where lease_id = ?3)`;
  const results = await batch(db, [
    statement(
      db,
      `with due as (
         select recipient, message_id, due_at, lease_losses + (lease_id is not null) as losses
         from deliveries where ${CLAIMABLE} and (?6 = 1 or lease_losses + (lease_id is not null) < ${SUSPECT_LOSSES})
         order by due_at limit max(0, ?5 - (select count(*) from ${leased}))
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
    statement(
      db,
      `select recipient, message_id, position, attempts, expires_at, lease_id
       from ${leased} order by due_at, message_id, position`,
      lane,
      now,
      leaseId,
    ),
    statement(
      db,
      `select ${MESSAGE_COLUMNS}, c.head, c.parts from messages m ${JOIN_CONTENT}
       where m.id in (select message_id from ${leased})`,
      lane,
      now,
      leaseId,
    ),
  ]);
  return {
    deliveries: rowsOf<ClaimRow>(results[1]).map(decodeClaimed),
    messages: new Map(
      rowsOf<MessageRow & { head: string | null; parts: string | null }>(results[2]).map((row) => [
        row.id,
        { message: decodeMessage(row), content: storedContent(row) },
      ]),
    ),
  };
}

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

/** What one attempt came to, as it is committed. */
export type Settlement = {
  readonly delivery: ClaimedDelivery;
  readonly state: DeliveryState;
  /** When to try again, or null when the state is terminal. */
  readonly dueAt: number | null;
  readonly attempt: Omit<Attempt, "log">;
  readonly events: readonly DeliveryEvent[];
  /** The address is bad: it is suppressed in the same transaction. */
  readonly suppress: boolean;
};

/** A settlement counts while its lease is held; `delivered` counts from any lease unless all is over. */
const SETTLES = `(d.lease_id = s.value ->> 'lease'
  or (s.value ->> 'state' = 'delivered' and d.state in ('queued', 'sending', 'deferred')))`;

const FOR_SETTLEMENT = `exists (select 1 from deliveries d where d.recipient = s.value ->> 'recipient'
  and d.message_id = s.value ->> 'message' and ${SETTLES})`;

/**
 * Commits a window of settlements: one event log row with their events, suppressions, new states with
 * the attempt appended. A settlement whose lease is gone changes nothing. Safe to repeat. Answers
 * whether events were logged.
 */
export async function settle(
  db: D1Database,
  settlements: readonly Settlement[],
  now: number,
): Promise<boolean> {
  const window = JSON.stringify(
    settlements.map((s) => ({
      recipient: s.delivery.recipient,
      message: s.delivery.messageId,
      lease: s.delivery.leaseId,
      state: s.state,
      due: s.dueAt,
      attempt: { ...s.attempt, log: null },
      events: s.events,
      suppress: s.suppress ? 1 : 0,
    })),
  );
  const results = await batch(db, [
    statement(
      db,
      `insert into event_log (position, events)
       select max(?2 * 1000, coalesce((select max(position) + 1 from event_log), 0)),
         json_group_array(json(e.value))
       from json_each(?1) s, json_each(s.value, '$.events') e
       where ${FOR_SETTLEMENT} group by 'one row'`,
      window,
      now,
    ),
    statement(
      db,
      `insert into suppressions (address, scope, reason, message_id, created_at)
       select s.value ->> 'recipient', 'bounce', s.value ->> '$.attempt.reply',
         s.value ->> 'message', ?2
       from json_each(?1) s where s.value ->> 'suppress' = 1 and ${FOR_SETTLEMENT}
       on conflict do nothing`,
      window,
      now,
    ),
    statement(
      db,
      `update deliveries as d set state = s.value ->> 'state', due_at = s.value ->> 'due',
         attempts = d.attempts + 1, lease_id = null, lease_until = null, lease_losses = 0,
         marker = 0, last_code = s.value ->> '$.attempt.code',
         history = json_insert(d.history, '$[#]',
           json_set(s.value -> 'attempt', '$.log', (select max(position) from event_log)))
       from json_each(?1) s
       where d.recipient = s.value ->> 'recipient' and d.message_id = s.value ->> 'message'
         and ${SETTLES}`,
      window,
    ),
  ]);
  return (results[0]?.meta.changes ?? 0) > 0;
}

/** Re-dates every delivery of a lane that is due before `until` and not being attempted. */
export async function postponeDue(
  db: D1Database,
  lane: MailClass,
  now: number,
  until: number,
): Promise<void> {
  await statement(
    db,
    `update deliveries set due_at = ?3
     where lane = ?1 and due_at < ?3 and (lease_until is null or lease_until <= ?2)`,
    lane,
    now,
    until,
  ).run();
}

/** A time at which a lane has something to do. */
export type DueTime = { readonly lane: MailClass; readonly at: number };

/** When the oldest deliveries of a lane want attention, up to `until`: due, or their lease ended. */
export async function dueTimes(
  db: D1Database,
  lane: MailClass,
  until: number,
): Promise<readonly DueTime[]> {
  return rows<DueTime>(
    statement(
      db,
      `select lane, max(due_at, coalesce(lease_until, 0)) as at from
         (select lane, due_at, lease_until from deliveries where lane = ?1 and due_at <= ?2
          order by due_at limit ${SCAN_ROWS})
       where at <= ?2 group by lane, at / 1000 order by at`,
      lane,
      until,
    ),
  );
}

/**
 * Holds what must not be tried again by itself: deliveries that lost their lease too often, and those in
 * doubt whose message asked to be held. Answers how many.
 */
export async function holdLost(db: D1Database, lane: MailClass, now: number): Promise<number> {
  const held = await rows<{ recipient: string }>(
    statement(
      db,
      `update deliveries set state = 'held', due_at = null, lease_id = null, lease_until = null,
         attempts = attempts + 1, history = json_insert(history, '$[#]', ${LOST_ATTEMPT})
       where lane = ?1 and due_at <= ?2 and lease_until <= ?2
         and (marker = 1 or lease_losses + 1 >= ${MAX_LOSSES})
       returning recipient`,
      lane,
      now,
    ),
  );
  return held.length;
}

/** A delivery as reads show it. */
export type DeliveryRecord = {
  readonly messageId: string;
  readonly position: number;
  readonly recipient: string;
  readonly state: DeliveryState;
  readonly dueAt: number | null;
  readonly history: readonly Attempt[];
};

/** The deliveries of a message, in the order of its recipients. `recipients` are their row keys. */
export async function deliveriesOf(
  db: D1Database,
  messageId: string,
  recipients: readonly string[],
): Promise<readonly DeliveryRecord[]> {
  const found = await rows<{
    message_id: string;
    position: number;
    recipient: string;
    state: DeliveryState;
    due_at: number | null;
    history: string;
  }>(
    statement(
      db,
      `select message_id, position, recipient, state, due_at, history from deliveries
       where (recipient, message_id) in (select value, ?2 from json_each(?1)) order by position`,
      JSON.stringify(recipients),
      messageId,
    ),
  );
  return found.map((row) => ({
    messageId: row.message_id,
    position: row.position,
    recipient: row.recipient,
    state: row.state,
    dueAt: row.due_at,
    history: stored<Attempt[]>(row.history),
  }));
}
