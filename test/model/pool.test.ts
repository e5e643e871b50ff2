// Which pool a delivery goes to, as a table of rules, and what stands in the default pool.
import { describe, expect, it } from "vitest";
import { conflictOf, defaultPool, type Pool, poolOf, type PoolRule } from "../../src/model/pool.ts";

const ANY: PoolRule = { poolId: "any", mailClass: null, keyId: null, tag: null, domain: null };
const MAIL = {
  mailClass: "marketing",
  keyId: "k1",
  tags: "spring",
  domain: "example.com",
} as const;

function rule(poolId: string, conditions: Partial<PoolRule>): PoolRule {
  return { ...ANY, poolId, ...conditions };
}

describe("poolOf", () => {
  it.each([
    ["no rule", [], "default"],
    ["a rule without conditions", [ANY], "any"],
    ["its mail class", [rule("a", { mailClass: "marketing" })], "a"],
    ["another mail class", [rule("a", { mailClass: "transactional" })], "default"],
    ["its key", [rule("a", { keyId: "k1" })], "a"],
    ["another key", [rule("a", { keyId: "k2" })], "default"],
    ["its tag", [rule("a", { tag: "spring" })], "a"],
    ["another tag", [rule("a", { tag: "spring2" })], "default"],
    ["its domain", [rule("a", { domain: "example.com" })], "a"],
    ["a domain above it", [rule("a", { domain: "com" })], "default"],
    ["all conditions", [rule("a", { ...MAIL, tag: "spring" })], "a"],
    ["all conditions but one", [rule("a", { ...MAIL, tag: "spring", keyId: "k2" })], "default"],
    ["two rules: the first", [rule("a", { keyId: "k1" }), rule("b", { tag: "spring" })], "a"],
    ["the second of two", [rule("a", { keyId: "k2" }), rule("b", { tag: "spring" })], "b"],
  ] as const)("with %s", (_name, rules, pool) => {
    expect(poolOf(rules, MAIL)).toBe(pool);
  });
});

function pool(id: string, kind: Pool["kind"], ...relayIds: string[]): Pool {
  const relays = relayIds.map((relayId) => ({ relayId, weight: 1 }));
  return { id, number: 1, name: id, kind, relays, createdAt: 0 };
}

describe("pools", () => {
  it("leave the others to the default pool: the first carries, the next stand by", () => {
    const { relays, number } = defaultPool([pool("a", "shared", "r2")], ["r1", "r2", "r3"]);
    expect([number, relays]).toEqual([
      0,
      [
        { relayId: "r1", weight: 1 },
        { relayId: "r3", weight: 0 },
      ],
    ]);
  });

  it.each([
    ["two shared pools", "shared", "shared", "r1", false],
    ["a dedicated beside a shared one", "dedicated", "shared", "r1", true],
    ["a shared beside a dedicated one", "shared", "dedicated", "r1", true],
    ["dedicated pools of different relays", "dedicated", "dedicated", "r2", false],
  ] as const)("of one relay: %s", (_name, wanted, other, relay, refused) => {
    const found = conflictOf([pool("b", other, relay)], pool("a", wanted, "r1"));
    expect(found !== null).toBe(refused);
    expect(conflictOf([pool("a", other, "r1")], pool("a", wanted, "r1"))).toBeNull();
  });
});
