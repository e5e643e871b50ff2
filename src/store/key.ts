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
  previous_until: number | null;
};

const COLUMNS = `id, name, family, scopes, domain, mail_class, hint, created_at, expires_at,
  revoked_at, per_second, burst, daily, last_used_at, previous_until`;

/**
 * The key whose SHA-256 is `hash`, revoked and expired ones included, or null. By its previous secret a key ends when
 * that one does.
 */
export async function findKey(db: D1Database, hash: string): Promise<Key | null> {
  const found = await rows<KeyRow & { readonly is_previous: number }>(
    statement(
      db,
      `select ${COLUMNS}, 0 as is_previous from keys where hash = ?1
       union all select ${COLUMNS}, 1 from keys where previous_hash = ?1`,
      hash,
    ),
  );
  const row = found[0];
  if (!row) return null;
  const key = decode(row);
  if (row.is_previous === 0) return key;
  const ends = Math.min(row.previous_until ?? 0, key.expiresAt ?? Number.MAX_SAFE_INTEGER);
  return { ...key, expiresAt: ends };
}

/** The key of this id, or null. */
export async function findKeyById(db: D1Database, id: string): Promise<Key | null> {
  const found = await rows<KeyRow>(statement(db, `select ${COLUMNS} from keys where id = ?1`, id));
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

/** A new secret of a key. */
export type NewSecret = {
  readonly id: string;
  readonly hash: string;
  readonly hint: string;
  readonly now: number;
  /** Until when the secret of before works on. */
  readonly previousUntil: number;
};

/** Gives a key that is alive another secret; the key and the hash of its secret before, or null when none is alive. */
export async function rotateKey(
  db: D1Database,
  { id, hash, hint, now, previousUntil }: NewSecret,
): Promise<{ readonly key: Key; readonly previousHash: string } | null> {
  const found = await rows<KeyRow & { readonly previous_hash: string }>(
    statement(
      db,
      `update keys set previous_hash = hash, previous_until = ?4, hash = ?2, hint = ?3
       where id = ?1 and revoked_at is null and (expires_at is null or expires_at > ?5)
       returning ${COLUMNS}, previous_hash`,
      id,
      hash,
      hint,
      previousUntil,
      now,
    ),
  );
  return found[0] ? { key: decode(found[0]), previousHash: found[0].previous_hash } : null;
}

/** Revokes a key; since when it is, and the hashes of its secrets, or null when there is none. A second time changes nothing. */
export async function revokeKey(
  db: D1Database,
  id: string,
  now: number,
): Promise<{ readonly revokedAt: number; readonly hashes: readonly string[] } | null> {
  const found = await rows<{ revoked_at: number; hash: string; previous_hash: string | null }>(
    statement(
      db,
      `update keys set revoked_at = coalesce(revoked_at, ?2) where id = ?1
       returning revoked_at, hash, previous_hash`,
      id,
      now,
    ),
  );
  const row = found[0];
  if (!row) return null;
  const hashes = [row.hash, ...(row.previous_hash === null ? [] : [row.previous_hash])];
  return { revokedAt: row.revoked_at, hashes };
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
    previousUntil: row.previous_until,
  };
}
