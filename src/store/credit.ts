// SQL of credits: the newest row of the ledger is the balance. Statements that charge and refund run in the
// transactions of accept and claim, and write nothing where credits are not counted.
import { type CreditEntry, MAX_CREDITS } from "../model/credit.ts";
import { batch, rowsOf, statement } from "./db.ts";
import { positionAt } from "./event.ts";

/** The newest row; none, or a null balance, means that credits are not counted. */
const NEWEST = "(select * from credit_ledger order by position desc limit 1)";

/** The balance, or null where credits are not counted. */
export const BALANCE = `(select balance from ${NEWEST})`;

/** The position of the next row at a time (epoch ms, an SQL expression). */
function nextPosition(now: string): string {
  return `max(${now} * 1000, coalesce((select max(position) + 1 from credit_ledger), 0))`;
}

/**
 * Charges a message, all of its credits or none: an INSERT for the batch that accepts it, right before its
 * row. `count` (SQL) is how many credits, `taken` (SQL) whether the message or its idempotency key is there.
 */
export function chargeSql(of: {
  readonly messageId: string;
  readonly now: string;
  readonly count: string;
  readonly taken: string;
}): string {
  return `insert into credit_ledger (position, kind, amount, balance, message_id)
    select ${nextPosition(of.now)}, 'charged', -n, balance - n, ${of.messageId}
    from ${NEWEST}, (select ${of.count} as n)
    where balance is not null and n > 0 and balance >= n and not ${of.taken}`;
}

/** Whether a message may be stored: it was charged just now, or credits are not counted. */
export function paidSql(messageId: string): string {
  return `coalesce((select balance is null or (kind = 'charged' and message_id = ${messageId})
    from ${NEWEST}), 1)`;
}

/** What the message was charged just now; 0 where credits are not counted. */
export function chargedSql(messageId: string): string {
  return `coalesce((select iif(kind = 'charged' and message_id = ${messageId}, -amount, 0)
    from ${NEWEST}), 0)`;
}

/**
 * Refunds messages: an INSERT with one row for each. `from` (SQL) gives rows of message_id, one for each
 * credit; it is not looked at where credits are not counted.
 */
export function refundSql(from: string, now: string): string {
  return `insert into credit_ledger (position, kind, amount, balance, message_id)
    select ${nextPosition(now)} + row_number() over (order by message_id) - 1, 'refunded', n,
      ${BALANCE} + sum(n) over (order by message_id), message_id
    from (select message_id, count(*) as n from (${from}) where ${BALANCE} is not null
      group by message_id)`;
}

type EntryRow = {
  position: number;
  kind: CreditEntry["kind"];
  amount: number;
  balance: number | null;
  message_id: string | null;
  key_id: string | null;
  reason: string | null;
};

const COLUMNS = "position, kind, amount, balance, message_id, key_id, reason";

/** The balance (null: not counted) and a page of what changed it, newest first. */
export async function readCredits(
  db: D1Database,
  page: { readonly before: number | null; readonly limit: number },
): Promise<{ readonly balance: number | null; readonly history: readonly CreditEntry[] }> {
  const [newest, history] = await batch(db, [
    statement(db, `select ${BALANCE} as balance`),
    statement(
      db,
      `select ${COLUMNS} from credit_ledger where position < ?1 order by position desc limit ?2`,
      page.before ?? Number.MAX_SAFE_INTEGER,
      page.limit,
    ),
  ]);
  const [balance] = rowsOf<{ balance: number | null }>(newest);
  return { balance: balance?.balance ?? null, history: rowsOf<EntryRow>(history).map(decode) };
}

/** A grant; the same `id` again is the same grant. */
export type Grant = {
  readonly id: string;
  readonly now: number;
  readonly amount: number;
  readonly keyId: string;
  readonly reason: string | null;
};

/** Grants credits, or takes some away; null when the balance would leave 0…MAX_CREDITS. */
export async function grantCredits(db: D1Database, grant: Grant): Promise<CreditEntry | null> {
  const [, found] = await batch(db, [
    statement(
      db,
      `insert into credit_ledger (position, kind, amount, balance, key_id, reason, grant_id)
       select ${nextPosition("?1")}, 'granted', ?2, coalesce(${BALANCE}, 0) + ?2, ?3, ?4, ?5
       where coalesce(${BALANCE}, 0) + ?2 between 0 and ${MAX_CREDITS}
       on conflict do nothing`,
      grant.now,
      grant.amount,
      grant.keyId,
      grant.reason,
      grant.id,
    ),
    statement(db, `select ${COLUMNS} from credit_ledger where grant_id = ?1`, grant.id),
  ]);
  const [row] = rowsOf<EntryRow>(found);
  return row ? decode(row) : null;
}

/** Ends the counting; the history stays. Harmless where nothing is counted. */
export async function stopCounting(
  db: D1Database,
  by: { readonly now: number; readonly keyId: string },
): Promise<void> {
  await statement(
    db,
    `insert into credit_ledger (position, kind, amount, balance, key_id)
     select ${nextPosition("?1")}, 'unlimited', -balance, null, ?2 from ${NEWEST}
     where balance is not null`,
    by.now,
    by.keyId,
  ).run();
}

/** Deletes up to `limit` rows of `cutoff` (epoch ms) and before, never the newest; how many. */
export async function deleteCreditEntries(
  db: D1Database,
  cutoff: number,
  limit: number,
): Promise<number> {
  const result = await statement(
    db,
    `delete from credit_ledger where position in (
       select position from credit_ledger
       where position < ?1 and position < (select max(position) from credit_ledger)
       order by position limit ?2)`,
    positionAt(cutoff + 1),
    limit,
  ).run();
  return result.meta.changes;
}

function decode(row: EntryRow): CreditEntry {
  return {
    position: row.position,
    kind: row.kind,
    amount: row.amount,
    balance: row.balance,
    messageId: row.message_id,
    keyId: row.key_id,
    reason: row.reason,
  };
}
