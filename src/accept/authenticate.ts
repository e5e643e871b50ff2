// API key → key record. A key that is malformed or of another family costs no database read; a known
// one is remembered for a short while, so a revoked key stops within 30 s.
import type { App } from "../app.ts";
import { sha256Hex } from "../lib/digest.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import { ttlCache } from "../lib/ttl-cache.ts";
import { familyOf, type Key, type KeyFamily } from "../model/key.ts";
import type { Problem } from "../model/problem.ts";
import { findKey } from "../store/key.ts";
import type { Credentials } from "./endpoint.ts";
import { noteUse } from "./last-use.ts";

/** Less than the 30 s that a revoked key may go on, by the time of a slow read. */
const KEY_TTL_MS = 25_000;

const keys = ttlCache<Key | null>({ ttlMs: KEY_TTL_MS, maxEntries: 1_000 });

/** Forgets a key that was changed, so that this isolate reads it again; others do within 30 s. */
export function forgetKey(hash: string): void {
  keys.delete(hash);
}

/** The key of an `Authorization: Bearer` header, if it opens this family now. */
export async function authenticate(
  app: App,
  { headers }: Pick<Credentials, "headers">,
  family: KeyFamily,
): Promise<Result<Key, Problem>> {
  const token = /^Bearer +(\S+)$/i.exec(headers.get("Authorization") ?? "")?.[1];
  if (!token) {
    return fail(unauthorized("send the API key as `Authorization: Bearer <key>`"));
  }
  return keyOf(app, token, family);
}

/** The key itself, however it was sent, if it opens this family now. */
export async function keyOf(
  app: App,
  token: string,
  family: KeyFamily,
): Promise<Result<Key, Problem>> {
  if (familyOf(token) !== family) {
    return fail(unauthorized("this is not an API key for this API; check for a missing character"));
  }
  const hash = await sha256Hex(token);
  const now = app.now();
  const key = await keys.get(hash, now, () => findKey(app.db, hash));
  if (!key) return fail(unauthorized("this API key does not exist"));
  if (key.revokedAt !== null) return fail(unauthorized("this API key was revoked"));
  if (key.expiresAt !== null && key.expiresAt <= now) {
    return fail(unauthorized("this API key has expired"));
  }
  noteUse(app, "keys", key);
  return ok(key);
}

/** Nobody, and what would let them in. */
export function unauthorized(reason: string): Problem {
  return { kind: "unauthorized", reason };
}
