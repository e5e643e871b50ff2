// The isolate's small memory: for how long it remembers, what, and how much of it.
import { describe, expect, it } from "vitest";
import { ttlCache } from "../../src/lib/ttl-cache.ts";

/** A cache and a loader that counts. */
function given(maxEntries = 3) {
  const cache = ttlCache<string | null>({ ttlMs: 1_000, maxEntries });
  const loaded: string[] = [];
  const get = (key: string, now: number, value: string | null = key) =>
    cache.get(key, now, () => {
      loaded.push(key);
      return Promise.resolve(value);
    });
  return { cache, loaded, get };
}

describe("ttlCache", () => {
  it("loads once in the time to live, and again after it", async () => {
    const { get, loaded } = given();
    expect([await get("a", 5_000), await get("a", 5_999), await get("a", 6_000)]).toEqual([
      "a",
      "a",
      "a",
    ]);
    expect(loaded).toEqual(["a", "a"]);
  });

  it("counts the time from the load, not from the last use", async () => {
    const { get, loaded } = given();
    for (const now of [0, 400, 800, 1_200]) await get("a", now);
    expect(loaded.length).toBe(2);
  });

  it("remembers that there is none", async () => {
    const { get, loaded } = given();
    expect([await get("a", 0, null), await get("a", 1, "now there is")]).toEqual([null, null]);
    expect(loaded.length).toBe(1);
  });

  it("does not remember a failure", async () => {
    const { cache, get } = given();
    const failing = cache.get("a", 0, () => Promise.reject(new Error("down")));
    await expect(failing).rejects.toThrow("down");
    expect(await get("a", 0)).toBe("a");
  });

  it("does not trust a time that lies behind", async () => {
    const { get, loaded } = given();
    await get("a", 10_000);
    await get("a", 9_999);
    expect(loaded.length).toBe(2);
  });

  it("drops the oldest entry when it is full", async () => {
    const { get, loaded } = given(3);
    for (const key of ["a", "b", "c", "d"]) await get(key, 0);
    for (const key of ["b", "c", "d"]) await get(key, 1);
    expect(loaded).toEqual(["a", "b", "c", "d"]);
    await get("a", 1);
    await get("b", 1);
    expect(loaded.slice(4)).toEqual(["a", "b"]);
  });

  it("counts a value that was loaded again as new", async () => {
    const { get, loaded } = given(2);
    await get("a", 0);
    await get("b", 0);
    await get("a", 2_000);
    await get("c", 2_000);
    await get("a", 2_001);
    expect(loaded).toEqual(["a", "b", "a", "c"]);
  });

  it("forgets what it is told to", async () => {
    const { cache, get, loaded } = given();
    await get("a", 0);
    cache.delete("a");
    cache.delete("never there");
    await get("a", 0);
    expect(loaded).toEqual(["a", "a"]);
  });
});
