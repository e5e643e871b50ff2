// Bytes, hex and base64, against Node's Buffer as the oracle.
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, fromBase64, fromUtf8, hex, toBase64, utf8, spliced } from "../../src/lib/bytes.ts";

const bytesArbitrary = fc.uint8Array({ maxLength: 300 });

/** Texts of any code points but halves of surrogate pairs. */
const wellFormed = fc
  .array(fc.integer({ min: 0, max: 0x10ffff }))
  .map((points) => String.fromCodePoint(...points).toWellFormed());

/** Bytes that repeat a pattern: large ones without a large generator. */
function large(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 0xff);
}

describe("toBase64 and hex", () => {
  it("give what Buffer gives, for any bytes", () => {
    fc.assert(
      fc.property(bytesArbitrary, (bytes) => {
        expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
        expect(hex(bytes)).toBe(Buffer.from(bytes).toString("hex"));
      }),
    );
  });

  it.each([32_767, 32_768, 32_769, 65_536, 262_147])("do so for %i bytes", (length) => {
    const bytes = large(length);
    expect(toBase64(bytes) === Buffer.from(bytes).toString("base64")).toBe(true);
  });

  it("respect the bounds of a view into a larger buffer", () => {
    const view = large(100).subarray(10, 20);
    expect(toBase64(view)).toBe(Buffer.from(view).toString("base64"));
    expect(hex(view)).toBe(Buffer.from(view).toString("hex"));
  });
});

describe("fromBase64", () => {
  it("gives back any bytes, with line breaks anywhere", () => {
    fc.assert(
      fc.property(
        bytesArbitrary,
        fc.array(fc.tuple(fc.nat(400), fc.constantFrom("\r\n", "\n", "\r"))),
        (bytes, breaks) => {
          const broken = breaks.reduce(
            (text, [at, mark]) => text.slice(0, at) + mark + text.slice(at),
            toBase64(bytes),
          );
          expect(fromBase64(broken)).toEqual(new Uint8Array(bytes));
        },
      ),
    );
  });

  it.each([49_151, 49_152, 49_153, 49_154, 98_303, 98_304, 98_305, 262_147])(
    "gives back %i bytes, whatever the pieces they are decoded in",
    (length) => {
      const bytes = large(length);
      const text = toBase64(bytes);
      const lines = text.replace(/.{76}/g, "$&\r\n");
      expect(hex(fromBase64(text) ?? new Uint8Array()) === hex(bytes)).toBe(true);
      expect(hex(fromBase64(lines) ?? new Uint8Array()) === hex(bytes)).toBe(true);
    },
  );

  it.each([
    ["no padding", "QQ"],
    ["half the padding", "QQ="],
    ["too much padding", "QUI=="],
    ["padding alone", "===="],
    ["three pads", "Q==="],
    ["one digit", "Q"],
    ["padding inside", "QQ==QUJD"],
    ["padding before a digit", "QQ=A"],
    ["a space", "QU JD"],
    ["spaces around", " QUJD   "],
    ["a tab", "QUJ\tDQUJ"],
    ["the URL alphabet", "-_-_"],
    ["a letter that is none", "QUJä"],
    ["an emoji", "QU💌"],
    ["NUL", "QUJ\0"],
    ["a data URL", "data:;base64,QUJD"],
    ["percent", "%%%%"],
  ])("refuses %s", (_name, text) => {
    expect(fromBase64(text)).toBeNull();
  });

  it("refuses what is wrong in any of many pieces", () => {
    const text = toBase64(large(200_000));
    for (const at of [0, 65_535, 65_536, 131_071, 200_000, text.length - 5]) {
      expect(fromBase64(`${text.slice(0, at)}=${text.slice(at + 1)}`)).toBeNull();
      expect(fromBase64(`${text.slice(0, at)}!${text.slice(at + 1)}`)).toBeNull();
    }
  });

  it("never throws, and takes only what Buffer reads the same", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from("AQz+/=-_ \n")) }), (text) => {
        const bytes = fromBase64(text);
        if (bytes) expect(hex(bytes)).toBe(Buffer.from(text, "base64").toString("hex"));
      }),
      { numRuns: 1_000 },
    );
  });

  it("takes nothing for no bytes", () => {
    expect([fromBase64(""), fromBase64("\r\n")]).toEqual([new Uint8Array(), new Uint8Array()]);
  });
});

describe("utf8 and fromUtf8", () => {
  it("give back any text that is well formed", () => {
    fc.assert(
      fc.property(wellFormed, (text) => {
        expect(fromUtf8(utf8(text)).replace(/^\ufeff/, "")).toBe(text.replace(/^\ufeff/, ""));
        expect(hex(utf8(text))).toBe(Buffer.from(text).toString("hex"));
      }),
    );
  });

  it("put U+FFFD where there is no character", () => {
    expect(fromUtf8(Uint8Array.of(0x61, 0xff, 0x62))).toBe("a\ufffdb");
  });
});

describe("concat", () => {
  it("joins any pieces, and shares no memory with them", () => {
    fc.assert(
      fc.property(fc.array(bytesArbitrary), (parts) => {
        expect(hex(concat(parts))).toBe(Buffer.concat(parts).toString("hex"));
      }),
    );
    const part = Uint8Array.of(1, 2);
    const whole = concat([part]);
    part[0] = 9;
    expect([...whole]).toEqual([1, 2]);
  });
});

describe("spliced", () => {
  const text = (edits: Parameters<typeof spliced>[1]) =>
    fromUtf8(concat(spliced(utf8("abcdef"), edits)));
  const edit = (start: number, end: number, put: string) => ({ start, end, chunks: [utf8(put)] });

  it("puts chunks in the place of bytes, between bytes, and at both ends", () => {
    expect(text([])).toBe("abcdef");
    expect(text([edit(1, 3, "X")])).toBe("aXdef");
    expect(text([edit(0, 0, "X"), edit(2, 2, "Y"), edit(2, 2, "Z"), edit(6, 6, "!")])).toBe(
      "XabYZcdef!",
    );
    expect(text([edit(0, 6, "")])).toBe("");
  });

  it("copies nothing", () => {
    const bytes = utf8("abcdef");
    const chunks = spliced(bytes, [edit(1, 2, "X")]);
    expect(chunks.map(({ buffer }) => buffer === bytes.buffer)).toEqual([true, false, true]);
  });
});
