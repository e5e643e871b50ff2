// How every store speaks to D1: batches that are one transaction, the size of the database, writes that
// are tried twice. What a value may weigh is tested in message.test.ts.
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  batch,
  databaseSize,
  isLikeable,
  likeText,
  rows,
  rowsOf,
  statement,
  stored,
  twice,
} from "../../src/store/db.ts";

const db = env.DB;

describe("statement", () => {
  it("binds any text and any number as it is", async () => {
    const text = fc.string({ unit: "grapheme" }).filter((value) => !value.includes("\0"));
    await fc.assert(
      fc.asyncProperty(text, fc.maxSafeInteger(), async (words, number) => {
        const found = await rows<{ a: string; b: number; c: null }>(
          statement(db, "select ?1 as a, ?2 as b, ?3 as c", words, number, null),
        );
        expect(found).toEqual([{ a: words, b: number, c: null }]);
      }),
      { numRuns: 50 },
    );
  });

  it("measures bytes, not characters", () => {
    const make = (text: string) => () => statement(db, "select ?1", text);
    expect(make("ü".repeat(1_000_000))).not.toThrow();
    expect(make("ü".repeat(1_000_001))).toThrow("2 MB");
    expect(make("💌".repeat(500_001))).toThrow("2 MB");
  });
});

describe("batch", () => {
  it("gives the results in order", async () => {
    const results = await batch(db, [
      statement(db, "select 1 as n"),
      statement(db, "select 2 as n union all select 3"),
    ]);
    expect(results.map((result) => rowsOf(result))).toEqual([[{ n: 1 }], [{ n: 2 }, { n: 3 }]]);
    expect(rowsOf(results[2])).toEqual([]);
  });

  it("does all or nothing", async () => {
    const insert = (id: string | null) =>
      statement(
        db,
        "insert into relay_health (relay_id, failures, aside_until, reason) values (?1, 1, null, ?1)",
        id,
      );
    await expect(batch(db, [insert("a"), insert(null)])).rejects.toThrow();
    expect(await rows(statement(db, "select relay_id from relay_health"))).toEqual([]);
  });

  it("tells the size of the database from then on, of that database only", async () => {
    const fresh = new Proxy(db, {
      get: (target, name) =>
        name === "batch" ? (list: D1PreparedStatement[]) => target.batch(list) : undefined,
    });
    expect(databaseSize(fresh)).toBe(0);
    await batch(fresh, [statement(db, "select 1")]);
    expect(databaseSize(fresh)).toBeGreaterThan(10_000);
  });
});

describe("twice", () => {
  /** Work that fails so many times. */
  function failing(times: number) {
    let tries = 0;
    const work = () => {
      tries += 1;
      return tries > times ? Promise.resolve(tries) : Promise.reject(new Error(`try ${tries}`));
    };
    return work;
  }

  it("does not repeat what succeeds, repeats once what fails, and tells the second failure", async () => {
    expect(await twice(failing(0))).toBe(1);
    expect(await twice(failing(1))).toBe(2);
    await expect(twice(failing(2))).rejects.toThrow("try 2");
  });
});

describe("stored", () => {
  it("reads JSON back", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(stored(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe("a part of a name", () => {
  it.each(["a".repeat(48), "_".repeat(24), "%".repeat(24), "\\".repeat(24), "ä".repeat(24)])(
    "that is as long as D1 takes can be looked for: %s",
    async (part) => {
      expect([isLikeable(part), isLikeable(`${part}a`)]).toEqual([true, false]);
      const sql = "select ?1 like ?2 escape '\\' as found";
      const found = await rows<{ found: number }>(statement(db, sql, `x${part}y`, likeText(part)));
      expect(found).toEqual([{ found: 1 }]);
    },
  );
});
