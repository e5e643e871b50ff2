// SQL of erasures, and their ledger in R2, which a restore of the database does not reach.
import type { Erasure, ErasureState } from "../model/erasure.ts";
import { batch, rows, rowsOf, statement } from "./db.ts";
import { joinMessage } from "./message-item.ts";

type ErasureRow = {
  hash: string;
  state: ErasureState;
  place: string;
  sealed: string | null;
  requested_at: number;
  cleared_at: number | null;
  finished_at: number | null;
};

const COLUMNS = "hash, state, place, sealed, requested_at, cleared_at, finished_at";

function decode(row: ErasureRow): Erasure {
  return {
    hash: row.hash,
    state: row.state,
    place: row.place,
    sealed: row.sealed,
    requestedAt: row.requested_at,
    clearedAt: row.cleared_at,
    finishedAt: row.finished_at,
  };
}

/**
 * Begins an erasure. One that is under way goes on, unless mail was accepted for the address since it was
 * asked for: then it starts anew, and that mail goes too. Answers how it stands.
 */
export async function beginErasure(
  db: D1Database,
  ask: {
    readonly hash: string;
    /** The key of the address, as deliveries have it, and sealed. */
    readonly address: string;
    readonly sealed: string;
    readonly keyId: string;
    readonly now: number;
  },
): Promise<Erasure> {
  const results = await batch(db, [
    statement(
      db,
      `insert into erasures as e (hash, state, place, sealed, requested_at, key_id)
       values (?1, 'clearing', '', ?2, ?3, ?4)
       on conflict (hash) do update set state = excluded.state, place = excluded.place,
         sealed = excluded.sealed, requested_at = excluded.requested_at, key_id = excluded.key_id,
         cleared_at = null, finished_at = null
       where e.sealed is null or exists (
         select 1 from deliveries d ${joinMessage("d.message_id")}
         where d.recipient = ?5 and m.created_at > e.requested_at)`,
      ask.hash,
      ask.sealed,
      ask.now,
      ask.keyId,
      ask.address,
    ),
    statement(db, `select ${COLUMNS} from erasures where hash = ?1`, ask.hash),
  ]);
  const row = rowsOf<ErasureRow>(results[1])[0];
  if (!row) throw new Error("an erasure was inserted and is not there");
  return decode(row);
}

/** The erasure with this hash, or null. */
export async function findErasure(db: D1Database, hash: string): Promise<Erasure | null> {
  const query = statement(db, `select ${COLUMNS} from erasures where hash = ?1`, hash);
  const [row] = await rows<ErasureRow>(query);
  return row ? decode(row) : null;
}

/** Erasures in one of the first states, the oldest first. */
export async function openErasures(
  db: D1Database,
  state: "finding" | "clearing",
  limit: number,
): Promise<readonly Erasure[]> {
  const query = statement(
    db,
    `select ${COLUMNS} from erasures where finished_at is null and state = ?1
     order by requested_at, hash limit ?2`,
    state,
    limit,
  );
  return (await rows<ErasureRow>(query)).map(decode);
}

/**
 * So long after its deliveries went an erasure is searched: what was read before may still be written until
 * then, such as the failed posts of a webhook's pass, which takes some 15 s.
 */
const SETTLED_MS = 60_000;

/** Erasures that were cleared long enough ago, the oldest first. */
export async function settledErasures(
  db: D1Database,
  now: number,
  limit: number,
): Promise<readonly Erasure[]> {
  const query = statement(
    db,
    `select ${COLUMNS} from erasures
     where finished_at is null and state = 'searching' and cleared_at <= ?1
     order by requested_at, hash limit ?2`,
    now - SETTLED_MS,
    limit,
  );
  return (await rows<ErasureRow>(query)).map(decode);
}

/** Whether an erasure has something to do now. */
export async function erasureWaits(db: D1Database, now: number): Promise<boolean> {
  const query = statement(
    db,
    `select 1 from erasures
     where finished_at is null and (state <> 'searching' or cleared_at <= ?1) limit 1`,
    now - SETTLED_MS,
  );
  return (await rows(query)).length > 0;
}

/** What an erasure comes to; what is left out stays. */
export type ErasureStep = {
  readonly state: ErasureState;
  readonly place: string;
  readonly sealed: string | null;
  readonly clearedAt: number | null;
  readonly finishedAt: number | null;
};

/** Moves erasures on, those that are still as they were read. */
export async function moveErasures(
  db: D1Database,
  erasures: readonly Erasure[],
  step: Partial<ErasureStep>,
): Promise<void> {
  const moved = erasures.map((erasure) => {
    const { hash, state, requestedAt } = erasure;
    const next = { ...erasure, ...step };
    return [
      hash,
      state,
      requestedAt,
      next.state,
      next.place,
      next.sealed,
      next.clearedAt,
      next.finishedAt,
    ];
  });
  await statement(
    db,
    `update erasures as e set state = n.value ->> 3, place = n.value ->> 4, sealed = n.value ->> 5,
       cleared_at = n.value ->> 6, finished_at = n.value ->> 7
     from json_each(?1) n
     where e.hash = n.value ->> 0 and e.state = n.value ->> 1 and e.requested_at = n.value ->> 2`,
    JSON.stringify(moved),
  ).run();
}

/** The next addresses, as keys, that anything was sent to or that stand in a suppression, in order. */
export async function nextAddresses(
  db: D1Database,
  after: string,
  limit: number,
): Promise<readonly string[]> {
  const from = (
    table: string,
    column: string,
  ) => `select * from (select distinct ${column} as address
    from ${table} where ${column} > ?1 order by ${column} limit ?2)`;
  const found = await rows<{ address: string }>(
    statement(
      db,
      `${from("deliveries", "recipient")} union ${from("suppressions", "address")}
       union ${from("suppression_changes", "address")} order by address limit ?2`,
      after,
      limit,
    ),
  );
  return found.map(({ address }) => address);
}

/** An erasure as the ledger in R2 knows it. */
export type LedgerEntry = { readonly hash: string; readonly requestedAt: number };

/** Of these entries of the ledger, begins those that the database does not know; answers how many. */
export async function rememberErasures(
  db: D1Database,
  entries: readonly LedgerEntry[],
): Promise<number> {
  const result = await statement(
    db,
    `insert into erasures as e (hash, state, place, requested_at)
     select value ->> 0, 'finding', '', value ->> 1 from json_each(?1) where true
     on conflict (hash) do update set state = iif(e.sealed is null, 'finding', 'clearing'), place = '',
       requested_at = excluded.requested_at, cleared_at = null, finished_at = null
     where e.requested_at < excluded.requested_at`,
    JSON.stringify(entries.map(({ hash, requestedAt }) => [hash, requestedAt])),
  ).run();
  return result.meta.changes;
}

const LEDGER_PREFIX = "erasures/";

/** Entries of one list: one paid operation. */
const LEDGER_PAGE = 1_000;

/** Writes an erasure into the ledger. */
export async function putLedgerEntry(
  blobs: R2Bucket,
  { hash, requestedAt }: LedgerEntry,
): Promise<void> {
  const customMetadata = { requested_at: String(requestedAt) };
  await blobs.put(LEDGER_PREFIX + hash, "", { customMetadata });
}

/** A page of the ledger in the order of the hashes; `next` is null at the end. */
export async function listLedger(
  blobs: R2Bucket,
  after: string,
): Promise<{ readonly entries: readonly LedgerEntry[]; readonly next: string | null }> {
  const { objects, truncated } = await blobs.list({
    prefix: LEDGER_PREFIX,
    limit: LEDGER_PAGE,
    include: ["customMetadata"],
    ...(after === "" ? {} : { startAfter: LEDGER_PREFIX + after }),
  });
  const entries = objects.map(({ key, customMetadata }) => ({
    hash: key.slice(LEDGER_PREFIX.length),
    requestedAt: Number(customMetadata?.["requested_at"] ?? 0),
  }));
  return { entries, next: truncated ? (entries.at(-1)?.hash ?? null) : null };
}
