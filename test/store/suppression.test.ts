// Suppressions in SQL: adding counts what is new, removal keeps the story in one transaction, and
// neither minds to be repeated.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import {
  findSuppressions,
  insertSuppression,
  insertSuppressions,
  listSuppressions,
  removeSuppressions,
  suppressionChanges,
} from "../../src/store/suppression.ts";
import { faultyD1 } from "../support/faults.ts";
import { countOf, emptyLedger } from "../support/ledger.ts";

const BY = { keyId: "key", now: 1_000 };
const GLOBAL = { scope: "global", reason: "why" } as const;

beforeEach(emptyLedger);

const d1 = faultyD1(env.DB);

function remove(entry: string, change: Partial<Parameters<typeof removeSuppressions>[1]> = {}) {
  const removal = { entry, scope: null, keyId: "remover", reason: "because", now: 2_000 };
  return removeSuppressions(d1.db, { ...removal, ...change });
}

describe("insertSuppressions", () => {
  it("counts what is new, also within one list, at one row each", async () => {
    d1.reset();
    const list = ["a@example.com", "b@example.com", "a@example.com"].map((entry) => ({
      entry,
      ...GLOBAL,
    }));
    expect(await insertSuppressions(d1.db, list, BY)).toHaveLength(2);
    expect([d1.calls().length, d1.rowsWritten()]).toEqual([1, 2]);
    expect(await insertSuppressions(d1.db, list, BY)).toEqual([]);
    expect(await insertSuppressions(d1.db, [], BY)).toEqual([]);
  });

  it("keeps quotes, emoji and backslashes as data", async () => {
    const reason = `'); drop table suppressions; -- " \\\\ 💌`;
    const entry = "o'brien@example.com";
    await insertSuppressions(d1.db, [{ entry, scope: "global", reason }], BY);
    expect(await findSuppressions(d1.db, [entry])).toMatchObject([{ entry, reason }]);
  });
});

describe("insertSuppression", () => {
  it("leaves the one that stands there as it is", async () => {
    const entry = "a@example.com";
    const first = await insertSuppression(d1.db, { entry, ...GLOBAL }, BY);
    expect(first).toEqual({
      suppression: { entry, ...GLOBAL, messageId: null, keyId: "key", createdAt: 1_000 },
      added: true,
    });
    const other = { entry, scope: "global", reason: "other" } as const;
    const again = await insertSuppression(d1.db, other, { keyId: "other", now: 5_000 });
    expect(again).toEqual({ ...first, added: false });
  });
});

describe("removeSuppressions", () => {
  it("keeps how the entry had come and how it went, oldest first", async () => {
    await insertSuppression(d1.db, { entry: "a@example.com", ...GLOBAL }, BY);
    expect(await remove("a@example.com")).toMatchObject([{ scope: "global", reason: "why" }]);
    const common = { scope: "global", messageId: null } as const;
    expect(await suppressionChanges(d1.db, "a@example.com")).toEqual([
      { ...common, action: "added", at: 1_000, keyId: "key", reason: "why" },
      { ...common, action: "removed", at: 2_000, keyId: "remover", reason: "because" },
    ]);
  });

  it("removes and writes nothing the second time, nor where nothing is", async () => {
    await insertSuppression(d1.db, { entry: "a@example.com", ...GLOBAL }, BY);
    await remove("a@example.com");
    d1.reset();
    expect(await remove("a@example.com")).toEqual([]);
    expect(await remove("b@example.com")).toEqual([]);
    expect(d1.rowsWritten()).toBe(0);
    expect(await countOf("suppression_changes")).toBe(2);
  });

  it("touches no other scope and no other entry", async () => {
    await insertSuppression(d1.db, { entry: "a@example.com", ...GLOBAL }, BY);
    await insertSuppression(d1.db, { entry: "a@example.com", scope: "bounce", reason: "" }, BY);
    await insertSuppression(d1.db, { entry: "@example.com", ...GLOBAL }, BY);
    expect(await remove("a@example.com", { scope: "bounce" })).toHaveLength(1);
    expect(await countOf("suppressions")).toBe(2);
    expect(await remove("a@example.com")).toHaveLength(1);
    expect(await findSuppressions(d1.db, ["@example.com"])).toHaveLength(1);
  });

  it("tells the story in order although the clock stands still or goes back", async () => {
    for (const reason of ["1", "2", "3"]) {
      const entry = "a@example.com";
      await insertSuppression(d1.db, { entry, scope: "global", reason: `in ${reason}` }, BY);
      await remove(entry, { reason: `out ${reason}`, now: 500 });
    }
    const story = (await suppressionChanges(d1.db, "a@example.com")).map(({ reason }) => reason);
    expect(story).toEqual(["in 1", "out 1", "in 2", "out 2", "in 3", "out 3"]);
  });
});

describe("listSuppressions", () => {
  it("stops a page that finds little after 5,000 entries and says where to go on", async () => {
    const list = Array.from({ length: 5_001 }, (_, n) => ({
      entry: `p${String(n).padStart(5, "0")}@example.com`,
      ...GLOBAL,
    }));
    await insertSuppressions(d1.db, list, BY);
    await insertSuppression(d1.db, { entry: "z@example.com", scope: "bounce", reason: "" }, BY);
    const ask = { scope: "bounce", prefix: "", limit: 10 } as const;
    const first = await listSuppressions(d1.db, { ...ask, after: null });
    expect(first).toEqual({
      suppressions: [],
      next: { entry: "p04999@example.com", scope: "global" },
    });
    const second = await listSuppressions(d1.db, { ...ask, after: first.next });
    expect([second.suppressions.length, second.next]).toEqual([1, null]);
  });
});
