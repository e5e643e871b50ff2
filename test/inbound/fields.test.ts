import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fieldGroups } from "../../src/inbound/fields.ts";

const groups = (text: string) => fieldGroups(text).map((group) => Object.fromEntries(group));

describe("fieldGroups", () => {
  it("reads groups that empty lines end, names in any case, folded values as one line", () => {
    const text = "A: 1\r\nB : two\r\n  three\r\n\tfour\r\n\r\n \r\nC:\r\n five\r\n";
    expect(groups(text)).toEqual([{ a: "1", b: "two three four" }, { c: "five" }]);
  });

  it("takes the first of a name, and passes over what is no field", () => {
    const text = " folded nothing\nA: 1\nA: 2\n 2b\nno colon\n: none\nÄ: x\nb: 3\n";
    expect(groups(text)).toEqual([{ a: "1", b: "3" }]);
  });

  it("does not know the names that objects have", () => {
    expect(fieldGroups("__proto__: a\nconstructor: b\n")[0]?.get("__proto__")).toBe("a");
  });

  it("stops at bounds", () => {
    expect(fieldGroups("A: 1\n\n".repeat(10_000))).toHaveLength(100);
    const wide = Array.from({ length: 10_000 }, (_, n) => `f${n}: x`).join("\n");
    expect(fieldGroups(wide)[0]?.size).toBe(500);
    const long = fieldGroups(`A: ${"x".repeat(10_000)}\n${" yy\n".repeat(10_000)}`);
    expect(long[0]?.get("a")?.length).toBe(2_000);
  });

  it("takes any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        for (const group of fieldGroups(text)) {
          for (const [name, value] of group) expect(`${name}${value}`).not.toMatch(/[\r\n]/);
        }
      }),
    );
  });
});
