// SQL of sessions and of tries to sign in.
import { FIRST_LOCK_MS, FORGET_MS, MAX_LOCK_MS, type Subject } from "../model/log-in.ts";
import { IDLE_MS, type Session } from "../model/session.ts";
import { batch, rows, rowsOf, statement } from "./db.ts";
import { HAS_FACTOR } from "./second-factor.ts";
import { decodeUser, USER_COLUMNS, type UserRow } from "./user.ts";

type SessionRow = UserRow & {
  id: string;
  created_at: number;
  seen_at: number;
  expires_at: number;
};

/** The session whose token has this hash, if it is good at `now`, or null. */
export async function findSession(
  db: D1Database,
  hash: string,
  now: number,
): Promise<Session | null> {
  const [found] = await rows<SessionRow>(
    statement(
      db,
      `select s.id, s.created_at, s.seen_at, s.expires_at, ${USER_COLUMNS}
       from sessions s join users u on u.id = s.user_id
       where s.hash = ?1 and ${GOOD}`,
      hash,
      now,
      now - IDLE_MS,
    ),
  );
  return found ? decode(found) : null;
}

/** That a session `s` of a user `u` is good: ?2 is now, ?3 the oldest last use. */
const GOOD = "s.expires_at > ?2 and s.seen_at > ?3 and u.disabled_at is null";

/** Which of these ids are of sessions that are good at `now`. */
export async function goodSessions(
  db: D1Database,
  ids: readonly string[],
  now: number,
): Promise<ReadonlySet<string>> {
  const found = await rows<{ id: string }>(
    statement(
      db,
      `select s.id from sessions s join users u on u.id = s.user_id
       where s.id in (select value from json_each(?1)) and ${GOOD}`,
      JSON.stringify(ids),
      now,
      now - IDLE_MS,
    ),
  );
  return new Set(found.map(({ id }) => id));
}

/** A session before it is stored. */
export type NewSession = {
  readonly hash: string;
  readonly id: string;
  readonly userId: string;
  /** The hash of the password that opened it: one that was changed meanwhile opens nothing. */
  readonly password: string;
  /** Whether a second factor was shown: without, it opens nothing for who has one. */
  readonly factor: boolean;
  readonly now: number;
  readonly expiresAt: number;
  readonly ip: string;
  readonly agent: string;
};

/** Stores a session, and takes back the tries that led to it. False when the password or the user went meanwhile. */
export async function insertSession(
  db: D1Database,
  session: NewSession,
  subjects: readonly Subject[],
): Promise<boolean> {
  const [made] = await batch(db, [
    statement(
      db,
      `insert into sessions (hash, id, user_id, created_at, seen_at, expires_at, ip, agent)
       select ?1, ?2, id, ?4, ?4, ?5, ?6, ?7 from users u
       where id = ?3 and password = ?8 and disabled_at is null
         and (?9 or not ${HAS_FACTOR}) returning id`,
      session.hash,
      session.id,
      session.userId,
      session.now,
      session.expiresAt,
      session.ip,
      session.agent,
      session.password,
      session.factor ? 1 : 0,
    ),
    forgiving(db, subjects),
  ]);
  return rowsOf(made).length > 0;
}

/** Writes down that a session is used. */
export async function noteSeen(db: D1Database, id: string, now: number): Promise<void> {
  await statement(db, "update sessions set seen_at = ?2 where id = ?1", id, now).run();
}

/** The good sessions of a user, newest first; MAX_LISTED at most. */
export async function listSessions(
  db: D1Database,
  userId: string,
  now: number,
): Promise<readonly ListedSession[]> {
  const found = await rows<ListedRow>(
    statement(
      db,
      `select s.id, s.created_at, s.seen_at, s.expires_at, s.ip, s.agent
       from sessions s join users u on u.id = s.user_id
       where s.user_id = ?1 and ${GOOD} order by s.created_at desc limit ?4`,
      userId,
      now,
      now - IDLE_MS,
      MAX_LISTED,
    ),
  );
  return found.map(({ id, created_at, seen_at, expires_at, ip, agent }) => {
    return { id, createdAt: created_at, seenAt: seen_at, expiresAt: expires_at, ip, agent };
  });
}

/** Nobody looks through more. */
const MAX_LISTED = 100;

type ListedRow = Omit<SessionRow, keyof UserRow> & { ip: string; agent: string };

/** A session as its user sees it. */
export type ListedSession = Omit<Session, "user"> & { readonly ip: string; readonly agent: string };

/** Ends a session of a user; false when they have none with this id. */
export async function endOwnSession(
  db: D1Database,
  { id, userId }: { readonly id: string; readonly userId: string },
): Promise<boolean> {
  const sql = "delete from sessions where id = ?1 and user_id = ?2 returning id";
  return (await rows(statement(db, sql, id, userId))).length > 0;
}

/** Takes back what tries counted: they were no guesses. */
export async function forgiveTry(db: D1Database, subjects: readonly Subject[]): Promise<void> {
  await forgiving(db, subjects).run();
}

function forgiving(db: D1Database, subjects: readonly Subject[]): D1PreparedStatement {
  return statement(
    db,
    `update log_in_tries set tries = tries - 1
     where tries > 0 and subject in (select value ->> 'hash' from json_each(?1))`,
    JSON.stringify(subjects),
  );
}

/** Ends one session. */
export async function endSession(db: D1Database, id: string): Promise<void> {
  await statement(db, "delete from sessions where id = ?1", id).run();
}

/** Deletes sessions and tries that are over, some at a time; how many. */
export async function deleteSessions(db: D1Database, now: number, limit: number): Promise<number> {
  const results = await batch(db, [
    statement(
      db,
      "delete from sessions where hash in (select hash from sessions where expires_at <= ?1 limit ?2)",
      now,
      limit,
    ),
    statement(
      db,
      `delete from log_in_tries where subject in
         (select subject from log_in_tries where last_at < ?1 limit ?2)`,
      now - FORGET_MS,
      limit,
    ),
  ]);
  return results.reduce((sum, { meta }) => sum + meta.changes, 0);
}

/**
 * Counts a try for each subject and says how many milliseconds they have to wait: 0 when they may try. One
 * that has to wait counts for nothing.
 */
export async function countTry(
  db: D1Database,
  subjects: readonly Subject[],
  now: number,
): Promise<number> {
  const json = JSON.stringify(subjects);
  const locks = `select locked_until from log_in_tries
    where subject in (select value ->> 'hash' from json_each(?1)) and locked_until > ?2`;
  const tries = "case when last_at < ?2 - ?3 then 1 else tries + 1 end";
  const given = (name: string) =>
    `(select value ->> '${name}' from json_each(?1) where value ->> 'hash' = subject)`;
  const free = given("free");
  const [first, most] = [`coalesce(${given("firstMs")}, ?4)`, `coalesce(${given("mostMs")}, ?5)`];
  const [before] = await batch(db, [
    statement(db, locks, json, now),
    statement(
      db,
      `insert into log_in_tries (subject, tries, last_at, locked_until)
       select value ->> 'hash', 1, ?2, 0 from json_each(?1) where not exists (${locks})
       on conflict (subject) do update set tries = ${tries}, last_at = ?2,
         locked_until = case when ${tries} <= ${free} then 0
           else ?2 + min(${most}, ${first} << min(20, ${tries} - ${free} - 1)) end`,
      json,
      now,
      FORGET_MS,
      FIRST_LOCK_MS,
      MAX_LOCK_MS,
    ),
  ]);
  const until = rowsOf<{ locked_until: number }>(before).map((row) => row.locked_until);
  return Math.max(0, ...until.map((time) => time - now));
}

function decode(row: SessionRow): Session {
  return {
    id: row.id,
    user: decodeUser(row),
    createdAt: row.created_at,
    seenAt: row.seen_at,
    expiresAt: row.expires_at,
  };
}
