import { describe, expect, it } from "vitest";
import { erasureBound, erasureHasher } from "../../src/model/erasure.ts";
import { uuidv7 } from "../../src/lib/id.ts";

describe("an erasure's hash", () => {
  it("is the same each time, another for another address or key, and no plain digest", async () => {
    const one = await erasureHasher("dGVzdC1vbmx5LWtleS0zMi1ieXRlcy1sb25nLTAwMDA=");
    const other = await erasureHasher("b3RoZXItdGVzdC1rZXktMzItYnl0ZXMtbG9uZy0wMDA=");
    const hash = await one("ann@example.com");
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(await one("ann@example.com")).toBe(hash);
    expect(new Set([hash, await one("bob@example.com"), await other("ann@example.com")]).size).toBe(
      3,
    );
  });
});

it("an erasure covers what was accepted up to the millisecond that it was asked for", () => {
  const bound = erasureBound({ requestedAt: 1_000 });
  expect([uuidv7(999) < bound, uuidv7(1_000) < bound, uuidv7(1_001) < bound]).toEqual([
    true,
    true,
    false,
  ]);
});
