// Keys in SQL: what goes in comes out, and a revocation is for ever.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { Key } from "../../src/model/key.ts";
import { NO_LIMITS } from "../../src/model/plan.ts";
import { findKey, insertKey, listKeys, revokeKey } from "../../src/store/key.ts";
import { noteLastUse } from "../../src/store/last-use.ts";

const db = env.DB;
beforeEach(async () => {
  await db.prepare("delete from keys").run();
});

const FULL: Key = {
  id: "id-1",
  name: 'O\'Brien "x" 💌',
  family: "kasapost",
  scopes: ["send", "manage"],
  domain: "a.test",
  mailClass: "marketing",
  limits: { perSecond: 5, burst: 6, daily: 7 },
  hint: "kp_live_…abcd",
  createdAt: 1,
  expiresAt: 5,
  revokedAt: null,
  lastUsedAt: null,
  previousUntil: null,
};
const BARE: Key = {
  ...FULL,
  id: "id-2",
  family: "kasplo",
  scopes: [],
  domain: null,
  mailClass: null,
  limits: NO_LIMITS,
  expiresAt: null,
  createdAt: 2,
};

describe("keys", () => {
  it("come back as they were stored, by their hash only", async () => {
    await insertKey(db, "hash-1", FULL);
    await insertKey(db, "hash-2", BARE);
    expect([await findKey(db, "hash-1"), await findKey(db, "hash-2")]).toEqual([FULL, BARE]);
    for (const hash of ["HASH-1", "hash-", "id-1", "%", ""]) {
      expect(await findKey(db, hash)).toBeNull();
    }
  });

  it("are listed newest first", async () => {
    await insertKey(db, "hash-1", FULL);
    await insertKey(db, "hash-2", BARE);
    await insertKey(db, "hash-3", { ...BARE, id: "id-3" });
    expect((await listKeys(db)).map(({ id }) => id)).toEqual(["id-3", "id-2", "id-1"]);
  });

  it("never share a hash or an id", async () => {
    await insertKey(db, "hash-1", FULL);
    await expect(insertKey(db, "hash-1", BARE)).rejects.toThrow();
    await expect(insertKey(db, "hash-2", FULL)).rejects.toThrow();
  });

  it("stay revoked since the first time", async () => {
    await insertKey(db, "hash-1", FULL);
    const revoked = { revokedAt: 7, hashes: ["hash-1"] };
    expect(await revokeKey(db, "id-1", 7)).toEqual(revoked);
    expect(await revokeKey(db, "id-1", 9)).toEqual(revoked);
    expect((await findKey(db, "hash-1"))?.revokedAt).toBe(7);
    expect(await revokeKey(db, "hash-1", 9)).toBeNull();
  });

  it("keep their last use, unless it was written down lately", async () => {
    await insertKey(db, "hash-1", FULL);
    for (const [now, seen] of [
      [100, 100],
      [150, 100],
      [200, 200],
    ] as const) {
      await noteLastUse(db, { table: "keys", id: "id-1" }, { now, unlessAfter: now - 100 });
      expect((await findKey(db, "hash-1"))?.lastUsedAt).toBe(seen);
    }
  });
});
