// The depth of JSON, from its bytes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/lib/bytes.ts";
import { isDeeperThan } from "../../src/lib/json-depth.ts";

/** The same by recursion, for values that are not deep. */
function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe("JSON", () => {
  it("is as deep as its arrays and objects stand in one another", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(6), fc.nat(2), (value, limit, spaces) => {
        const bytes = utf8(JSON.stringify(value, null, spaces));
        expect(isDeeperThan(bytes, limit)).toBe(depthOf(value) > limit);
      }),
    );
  });

  it.each([
    ['"[[["', 0],
    ['["[[[", "\\"[[", "\\\\", "\\\\\\"[["]', 1],
    ['{"[{": "]}", "\\\\\\\\": {}}', 2],
    ["[[],[],[[]]]", 3],
    ["1", 0],
  ])("of %s is %d deep: brackets in texts do not count", (text, depth) => {
    expect(depthOf(JSON.parse(text))).toBe(depth);
    expect([isDeeperThan(utf8(text), depth), isDeeperThan(utf8(text), depth - 1)]).toEqual([
      false,
      true,
    ]);
  });

  it("is judged however deep it is", () => {
    const deep = utf8(`${"[".repeat(100_000)}${"]".repeat(100_000)}`);
    expect([isDeeperThan(deep, 100), isDeeperThan(deep, 100_000)]).toEqual([true, false]);
  });
});
