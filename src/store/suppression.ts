// SQL of suppressions: the look-up that accept and claim share, adding, removing with its story, pages.
import type {
  NewSuppression,
  Suppression,
  SuppressionChange,
  SuppressionScope,
} from "../model/suppression.ts";
import { batch, rows, rowsOf, statement } from "./db.ts";

/**
 * SQL that is 1 when an entry stops an address, else 0: three look-ups by key. The arguments are SQL:
 * the address key, the lower-case hex of its MD5, and a parameter with a JSON array of scopes.
 */
export function stopped(sql: {
  readonly address: string;
  readonly md5Hex: string;
  readonly scopes: string;
}): string {
  const { address, md5Hex, scopes } = sql;
  return `exists (select 1 from suppressions s where s.address in
    (${address}, substr(${address}, instr(${address}, '@')), 'md5:' || ${md5Hex})
    and s.scope in (select value from json_each(${scopes})))`;
}

const COLUMNS = "address, scope, reason, message_id, created_at, key_id";

type SuppressionRow = {
  address: string;
  scope: SuppressionScope;
  reason: string;
  message_id: string | null;
  created_at: number;
  key_id: string | null;
};

function decode(row: SuppressionRow): Suppression {
  return {
    entry: row.address,
    scope: row.scope,
    reason: row.reason,
    messageId: row.message_id,
    keyId: row.key_id,
    createdAt: row.created_at,
  };
}

/** Who adds entries, and when. */
export type AddedBy = { readonly keyId: string; readonly now: number };

function insert(db: D1Database, list: readonly NewSuppression[], { keyId, now }: AddedBy) {
  return statement(
    db,
    `insert into suppressions (${COLUMNS})
     select value ->> 0, value ->> 1, value ->> 2, null, ?2, ?3 from json_each(?1) where true
     on conflict do nothing returning address as entry, scope`,
    JSON.stringify(list.map(({ entry, scope, reason }) => [entry, scope, reason])),
    now,
    keyId,
  );
}

/** Adds entries and answers those that were new; one that is there already stays as it is. */
export async function insertSuppressions(
  db: D1Database,
  list: readonly NewSuppression[],
  by: AddedBy,
): Promise<readonly SuppressionPlace[]> {
  const [inserted] = await batch(db, [insert(db, list, by)]);
  return rowsOf<SuppressionPlace>(inserted);
}

/** Adds an entry; answers the one that stands there now, and whether it is new. */
export async function insertSuppression(
  db: D1Database,
  suppression: NewSuppression,
  by: AddedBy,
): Promise<{ readonly suppression: Suppression; readonly added: boolean }> {
  const { entry, scope } = suppression;
  const results = await batch(db, [
    insert(db, [suppression], by),
    statement(
      db,
      `select ${COLUMNS} from suppressions where address = ?1 and scope = ?2`,
      entry,
      scope,
    ),
  ]);
  const row = rowsOf<SuppressionRow>(results[1])[0];
  if (!row) throw new Error("a suppression was inserted and is not there");
  return { suppression: decode(row), added: (results[0]?.meta.changes ?? 0) > 0 };
}

/** What stands under these entries, in every scope. */
export async function findSuppressions(
  db: D1Database,
  entries: readonly string[],
): Promise<readonly Suppression[]> {
  const found = await rows<SuppressionRow>(
    statement(
      db,
      `select ${COLUMNS} from suppressions where address in (select value from json_each(?1))
       order by address, scope`,
      JSON.stringify(entries),
    ),
  );
  return found.map(decode);
}

/** Times of one entry's changes grow, so that they tell its story in order. */
const AFTER_OTHERS = `coalesce((select max(at) + 1 from suppression_changes c
  where c.address = s.address and c.scope = s.scope), 0)`;

/**
 * Removes an entry from one scope, or from all when it is null, and keeps who added it and who removed
 * it, when and why. Answers what was removed. The second time there is nothing to remove.
 */
export async function removeSuppressions(
  db: D1Database,
  removal: {
    readonly entry: string;
    readonly scope: SuppressionScope | null;
    readonly keyId: string;
    readonly reason: string;
    readonly now: number;
  },
): Promise<readonly Suppression[]> {
  const { entry, scope } = removal;
  const which = "s.address = ?1 and (?2 is null or s.scope = ?2)";
  const into = `insert into suppression_changes
    (address, scope, at, action, key_id, reason, message_id)`;
  const results = await batch(db, [
    statement(
      db,
      `${into} select s.address, s.scope, max(s.created_at, ${AFTER_OTHERS}), 'added', s.key_id,
         s.reason, s.message_id from suppressions s where ${which}`,
      entry,
      scope,
    ),
    statement(
      db,
      `${into} select s.address, s.scope, max(?3, ${AFTER_OTHERS}), 'removed', ?4, ?5, null
       from suppressions s where ${which}`,
      entry,
      scope,
      removal.now,
      removal.keyId,
      removal.reason,
    ),
    statement(
      db,
      `delete from suppressions as s where ${which} returning ${COLUMNS}`,
      entry,
      scope,
    ),
  ]);
  return rowsOf<SuppressionRow>(results[2]).map(decode);
}

/** What became of the entries that once stood here, oldest first. */
export async function suppressionChanges(
  db: D1Database,
  entry: string,
): Promise<readonly SuppressionChange[]> {
  const found = await rows<{
    scope: SuppressionScope;
    at: number;
    action: SuppressionChange["action"];
    key_id: string | null;
    reason: string;
    message_id: string | null;
  }>(
    statement(
      db,
      `select scope, at, action, key_id, reason, message_id from suppression_changes
       where address = ?1 order by at, scope, action limit ${MAX_CHANGES}`,
      entry,
    ),
  );
  return found.map(({ key_id: keyId, message_id: messageId, ...rest }) => ({
    ...rest,
    keyId,
    messageId,
  }));
}

/** Changes shown of one entry; nobody removes an address this often. */
const MAX_CHANGES = 1_000;

/** Where a page ended. */
export type SuppressionPlace = { readonly entry: string; readonly scope: string };

/** Entries passed for one page: a scope that matches little must not read the whole table. */
const SCAN_ROWS = 5_000;

/** Sorts after every entry. */
const AFTER_ALL = "\u{10ffff}";

/**
 * A page of entries in the order of their text, those that begin with `prefix`. `next` continues where
 * this page stopped, also when the scope left few of what it passed; null at the end.
 */
export async function listSuppressions(
  db: D1Database,
  page: {
    readonly after: SuppressionPlace | null;
    readonly scope: SuppressionScope | null;
    readonly prefix: string;
    readonly limit: number;
    /** Those added in this time, epoch milliseconds, both inclusive; absent: whenever. */
    readonly added?: { readonly from: number; readonly to: number };
  },
): Promise<{
  readonly suppressions: readonly Suppression[];
  readonly next: SuppressionPlace | null;
}> {
  const scanned = `select ${COLUMNS} from suppressions
    where (address, scope) > (?1, ?2) and address >= ?3 and address < ?4
    order by address, scope limit ${SCAN_ROWS}`;
  const bounds = [
    page.after?.entry ?? page.prefix,
    page.after?.scope ?? "",
    page.prefix,
    page.prefix + AFTER_ALL,
  ] as const;
  const results = await batch(db, [
    statement(
      db,
      `select ${COLUMNS} from (${scanned})
       where (?5 is null or scope = ?5) and created_at between ?7 and ?8
       order by address, scope limit ?6`,
      ...bounds,
      page.scope,
      page.limit,
      page.added?.from ?? 0,
      page.added?.to ?? Number.MAX_SAFE_INTEGER,
    ),
    statement(
      db,
      `select address as entry, scope, count(*) over () as passed from (${scanned})
       order by address desc, scope desc limit 1`,
      ...bounds,
    ),
  ]);
  const suppressions = rowsOf<SuppressionRow>(results[0]).map(decode);
  const full = suppressions.length === page.limit ? suppressions.at(-1) : undefined;
  if (full) return { suppressions, next: { entry: full.entry, scope: full.scope } };
  const last = rowsOf<SuppressionPlace & { passed: number }>(results[1])[0];
  if (last?.passed !== SCAN_ROWS) return { suppressions, next: null };
  return { suppressions, next: { entry: last.entry, scope: last.scope } };
}
