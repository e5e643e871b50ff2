// Right passwords are remembered for a minute, by digest, in a bounded number.
import { describe, expect, it } from "vitest";
import { VERDICT_MS, verdictCache, verdictKey } from "../../../gateway/verdict-cache.ts";

const verdict = { credentialId: "c", maxSize: 1, requireTls: false };

describe("the verdict cache", () => {
  it("remembers for at most 60 s, also when the clock jumps back", () => {
    const cache = verdictCache();
    cache.put("k", verdict, 1_000_000);
    expect(VERDICT_MS).toBe(60_000);
    expect(cache.get("k", 1_059_999)).toEqual(verdict);
    expect(cache.get("k", 1_060_000)).toBeNull();
    expect(cache.get("k", 999_999)).toBeNull();
    expect(cache.get("other", 1_000_000)).toBeNull();
  });

  it("forgets one, or all", () => {
    const cache = verdictCache();
    for (const key of ["a", "b", "c"]) cache.put(key, verdict, 0);
    cache.forget("a");
    expect([cache.get("a", 0), cache.get("b", 0)]).toEqual([null, verdict]);
    cache.clear();
    expect(cache.get("b", 0)).toBeNull();
  });

  it("keeps 10,000, the newest", () => {
    const cache = verdictCache();
    for (let n = 0; n <= 10_000; n++) cache.put(String(n), verdict, 0);
    expect([cache.get("0", 0), cache.get("1", 0)]).toEqual([null, verdict]);
  });

  it("has a key that holds neither name nor password, and tells pairs apart", () => {
    expect(verdictKey("ada@example.com", "secret")).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect(verdictKey("a", "bc")).not.toBe(verdictKey("ab", "c"));
  });
});
