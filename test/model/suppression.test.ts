// Entries, scopes and precedence of suppressions.
import { describe, expect, it } from "vitest";
import {
  bareEntry,
  byPrecedence,
  classesStoppedBy,
  entriesThatStop,
  entryType,
  parseEntry,
  scopesThatStop,
  SUPPRESSION_SCOPES,
} from "../../src/model/suppression.ts";

const MD5 = "5d41402abc4b2a76b9719d911017c592";

describe("scopesThatStop", () => {
  it("lets an unsubscribe stop marketing only, and the transactional list transactional only", () => {
    expect(scopesThatStop("marketing")).toEqual(["global", "complaint", "bounce", "unsubscribe"]);
    expect(scopesThatStop("transactional")).toEqual([
      "global",
      "complaint",
      "bounce",
      "transactional",
    ]);
  });

  it("agrees with what each scope stops", () => {
    expect(Object.fromEntries(SUPPRESSION_SCOPES.map((s) => [s, classesStoppedBy(s)]))).toEqual({
      global: ["transactional", "marketing"],
      complaint: ["transactional", "marketing"],
      bounce: ["transactional", "marketing"],
      unsubscribe: ["marketing"],
      transactional: ["transactional"],
    });
  });
});

describe("parseEntry", () => {
  it.each([
    ["Ann@Example.COM", "ann@example.com", "email", "ann@example.com"],
    ["ann@bücher.example", "ann@xn--bcher-kva.example", "email", "ann@xn--bcher-kva.example"],
    ["@Example.COM", "@example.com", "domain", "example.com"],
    [MD5.toUpperCase(), `md5:${MD5}`, "md5", MD5],
    [`MD5:${MD5}`, `md5:${MD5}`, "md5", MD5],
  ])("reads %s", (text, entry, type, bare) => {
    expect(parseEntry(text)).toEqual({ ok: true, value: entry });
    expect([entryType(entry), bareEntry(entry)]).toEqual([type, bare]);
  });

  it.each(["", "ann", "@", "@localhost", "ann@", "a b@example.com", `md5:${MD5}0`, MD5.slice(1)])(
    "refuses %j",
    (text) => expect(parseEntry(text).ok).toBe(false),
  );

  it("gives what it read when it reads it again", () => {
    for (const text of ["Ann@Example.COM", "@Example.COM", MD5]) {
      const once = parseEntry(text);
      expect(once.ok && parseEntry(once.value)).toEqual(once);
    }
  });
});

describe("entriesThatStop", () => {
  it("are the address, its domain and its MD5", async () => {
    // printf 'hello@example.com' | md5sum
    expect(entriesThatStop("hello@example.com")).toEqual([
      "hello@example.com",
      "@example.com",
      "md5:cb8419c1d471d55fbca0d63d1fb2b6ac",
    ]);
  });
});

describe("byPrecedence", () => {
  it("puts the scope first, then the address before its MD5 before its domain", () => {
    const entries = ["@example.com", `md5:${MD5}`, "ann@example.com"];
    const all = entries.flatMap((entry) => SUPPRESSION_SCOPES.map((scope) => ({ entry, scope })));
    const sorted = all.toReversed().toSorted(byPrecedence);
    expect(sorted.slice(0, 4)).toEqual([
      { entry: "ann@example.com", scope: "global" },
      { entry: `md5:${MD5}`, scope: "global" },
      { entry: "@example.com", scope: "global" },
      { entry: "ann@example.com", scope: "complaint" },
    ]);
    expect(sorted.filter(({ entry }) => entry.startsWith("@")).map(({ scope }) => scope)).toEqual([
      ...SUPPRESSION_SCOPES,
    ]);
  });
});
