// SQL of API keys.
import type { Key } from "../model/key.ts";
import { rows, statement, stored } from "./db.ts";

type KeyRow = {
  id: string;
  name: string;
  family: Key["family"];
  scopes: string;
  domain: string | null;
  mail_class: Key["mailClass"];
  hint: string;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
  per_second: number | null;
  burst: number | null;
  daily: number | null;
  last_used_at: number | null;
};

const COLUMNS = `id, name, family, scopes, domain, mail_class, hint, created_at, expires_at,
  revoked_at, per_second, burst, daily, last_used_at`;

/** The key whose SHA-256 is `hash`, revoked and expired ones included, or null. */
export async function findKey(db: D1Database, hash: string): Promise<Key | null> {
  const found = await rows<KeyRow>(
    statement(db, `select ${COLUMNS} from keys where hash = ?1`, hash),
  );
  return found[0] ? decode(found[0]) : null;
}

/** Which of these ids are of keys that open something at `now`. */
export async function goodKeys(
  db: D1Database,
  ids: readonly string[],
  now: number,
): Promise<ReadonlySet<string>> {
  const found = await rows<{ id: string }>(
    statement(
      db,
      `select k.id from json_each(?1) j cross join keys k on k.id = j.value
       where k.revoked_at is null and (k.expires_at is null or k.expires_at > ?2)`,
      JSON.stringify(ids),
      now,
    ),
  );
  return new Set(found.map(({ id }) => id));
}

/** Every key, newest first. */
export async function listKeys(db: D1Database): Promise<readonly Key[]> {
  const sql = `select ${COLUMNS} from keys order by created_at desc, id desc`;
  return (await rows<KeyRow>(statement(db, sql))).map(decode);
}

/** Stores a new key under its hash. */
export async function insertKey(db: D1Database, hash: string, key: Key): Promise<void> {
  await statement(
    db,
    `insert into keys (hash, id, name, family, scopes, domain, mail_class, hint, created_at,
       expires_at, revoked_at, per_second, burst, daily, last_used_at)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, null, ?11, ?12, ?13, ?14)`,
    hash,
    key.id,
    key.name,
    key.family,
    JSON.stringify(key.scopes),
    key.domain,
    key.mailClass,
    key.hint,
    key.createdAt,
    key.expiresAt,
    key.limits.perSecond,
    key.limits.burst,
    key.limits.daily,
    key.lastUsedAt,
  ).run();
}

/** Revokes a key; since when it is, and its hash, or null when there is none. A second time changes nothing. */
export async function revokeKey(
  db: D1Database,
  id: string,
  now: number,
): Promise<{ readonly revokedAt: number; readonly hash: string } | null> {
  const found = await rows<{ revoked_at: number; hash: string }>(
    statement(
      db,
      `update keys set revoked_at = coalesce(revoked_at, ?2) where id = ?1
       returning revoked_at, hash`,
      id,
      now,
    ),
  );
  return found[0] ? { revokedAt: found[0].revoked_at, hash: found[0].hash } : null;
}

function decode(row: KeyRow): Key {
  return {
    id: row.id,
    name: row.name,
    family: row.family,
    scopes: stored<Key["scopes"]>(row.scopes),
    domain: row.domain,
    mailClass: row.mail_class,
    limits: { perSecond: row.per_second, burst: row.burst, daily: row.daily },
    hint: row.hint,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    lastUsedAt: row.last_used_at,
  };
}
