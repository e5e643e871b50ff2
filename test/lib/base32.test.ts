import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/lib/bytes.ts";
import { fromBase32, toBase32 } from "../../src/lib/base32.ts";

describe("base32", () => {
  it.each([
    ["", ""],
    ["f", "my"],
    ["fo", "mzxq"],
    ["foo", "mzxw6"],
    ["foob", "mzxw6yq"],
    ["fooba", "mzxw6ytb"],
    ["foobar", "mzxw6ytboi"],
  ])("writes %j as %j, as RFC 4648 §10 does in upper case", (text, encoded) => {
    expect(toBase32(utf8(text))).toBe(encoded);
    expect(fromBase32(encoded)).toEqual(utf8(text));
    expect(fromBase32(encoded.toUpperCase())).toEqual(utf8(text));
  });

  it("gives back any bytes, in any case", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), (bytes, upper) => {
        const text = toBase32(bytes);
        expect(text).toMatch(/^[a-z2-7]*$/);
        const sent = upper ? text.toUpperCase() : text;
        expect(fromBase32(sent)).toEqual(new Uint8Array(bytes));
      }),
    );
  });

  it("refuses every other spelling", () => {
    for (const text of [
      "m",
      "mz1w6",
      "mzxw6=",
      " mzxw6",
      "mzxr",
      "mzxw6y",
      "mzxw6ytbo",
      "ä",
      "0",
      "8",
    ]) {
      expect(fromBase32(text), text).toBeNull();
    }
  });
});
