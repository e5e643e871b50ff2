// SQL of second factors and recovery codes.
import { batch, rows, rowsOf, statement } from "./db.ts";

/** That user `u` has a second factor (SQL). */
export const HAS_FACTOR = `exists (select 1 from second_factors f
  where f.user_id = u.id and f.confirmed_at is not null)`;

/** A second factor as it is kept. */
export type StoredFactor = {
  /** Sealed. */
  readonly secret: string;
  /** When its first code was shown; null: it does not count yet. */
  readonly confirmedAt: number | null;
  readonly recoveryCodes: number;
};

/** The second factor of a user, or null. */
export async function findFactor(db: D1Database, userId: string): Promise<StoredFactor | null> {
  const [found] = await rows<StoredFactor>(
    statement(
      db,
      `select secret, confirmed_at as confirmedAt,
         (select count(*) from recovery_codes c where c.user_id = ?1) as recoveryCodes
       from second_factors where user_id = ?1`,
      userId,
    ),
  );
  return found ?? null;
}

/** Keeps a new secret that does not count yet; false when one counts already. */
export async function beginFactor(
  db: D1Database,
  userId: string,
  secret: string,
): Promise<boolean> {
  const begun = await rows(
    statement(
      db,
      `insert into second_factors (user_id, secret, confirmed_at, last_step)
       select id, ?2, null, 0 from users where id = ?1
       on conflict (user_id) do update set secret = ?2, last_step = 0
         where confirmed_at is null returning user_id`,
      userId,
      secret,
    ),
  );
  return begun.length > 0;
}

/**
 * Lets a secret count from now on, with its recovery codes, and ends all sessions but `keep`: they were opened
 * without it. False when it is another one meanwhile, or counts already.
 */
export async function confirmFactor(
  db: D1Database,
  userId: string,
  made: {
    readonly secret: string;
    readonly step: number;
    readonly hashes: readonly string[];
    readonly keep: string;
    readonly now: number;
  },
): Promise<boolean> {
  const ours =
    "select 1 from second_factors where user_id = ?1 and secret = ?2 and confirmed_at = ?3";
  const [confirmed] = await batch(db, [
    statement(
      db,
      `update second_factors set confirmed_at = ?3, last_step = ?4
       where user_id = ?1 and secret = ?2 and confirmed_at is null returning user_id`,
      userId,
      made.secret,
      made.now,
      made.step,
    ),
    statement(
      db,
      `insert into recovery_codes (user_id, hash) select ?1, value from json_each(?4)
       where exists (${ours})`,
      userId,
      made.secret,
      made.now,
      JSON.stringify(made.hashes),
    ),
    statement(
      db,
      `delete from sessions where user_id = ?1 and id <> ?4 and exists (${ours})`,
      userId,
      made.secret,
      made.now,
      made.keep,
    ),
  ]);
  return rowsOf(confirmed).length > 0;
}

/** Uses up a code of the app: each step once, and none before it. False when it was used. */
export async function useStep(db: D1Database, userId: string, step: number): Promise<boolean> {
  const used = await rows(
    statement(
      db,
      `update second_factors set last_step = ?2
       where user_id = ?1 and confirmed_at is not null and last_step < ?2 returning user_id`,
      userId,
      step,
    ),
  );
  return used.length > 0;
}

/** Uses up a recovery code. False when there is none like it. */
export async function useRecoveryCode(
  db: D1Database,
  userId: string,
  hash: string,
): Promise<boolean> {
  const sql = "delete from recovery_codes where user_id = ?1 and hash = ?2 returning hash";
  return (await rows(statement(db, sql, userId, hash))).length > 0;
}

/** Takes a second factor away, with its recovery codes; false when there was none that counted. */
export async function endFactor(
  db: D1Database,
  userId: string,
  { endsSessions }: { readonly endsSessions: boolean },
): Promise<boolean> {
  const [ended] = await batch(db, [
    statement(db, "delete from second_factors where user_id = ?1 returning confirmed_at", userId),
    statement(db, "delete from recovery_codes where user_id = ?1", userId),
    statement(db, "delete from sessions where user_id = ?1 and ?2", userId, endsSessions ? 1 : 0),
  ]);
  return rowsOf<{ confirmed_at: number | null }>(ended).some((row) => row.confirmed_at !== null);
}
