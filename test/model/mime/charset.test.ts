// Texts in their charsets: what is not changed is written with the very same octets, or the text is left
// alone.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hex, utf8 } from "../../../src/lib/bytes.ts";
import { decodeText } from "../../../src/model/mime/charset.ts";

const SINGLE = [
  "iso-8859-1",
  "iso-8859-2",
  "iso-8859-5",
  "iso-8859-7",
  "iso-8859-9",
  "iso-8859-15",
  "windows-1250",
  "windows-1251",
  "windows-1252",
  "windows-1254",
  "koi8-r",
  "ibm866",
  "macintosh",
];

describe("a charset with one octet a character", () => {
  it.each(SINGLE)("%s gives back every octet that it has", (charset) => {
    for (let octet = 1; octet < 256; octet++) {
      const bytes = Uint8Array.of(0x61, octet);
      const decoded = decodeText(bytes, charset);
      if (!decoded) continue;
      expect([charset, octet, hex(decoded.encode(decoded.text))]).toEqual([
        charset,
        octet,
        hex(bytes),
      ]);
      expect(decoded.charset).toBeNull();
    }
    const umlaut = decodeText(Uint8Array.of(0xe4), charset);
    expect(umlaut?.text.length).toBe(1);
  });

  it("takes characters that it lacks as references", () => {
    const decoded = decodeText(utf8("a"), "iso-8859-2");
    expect(new TextDecoder().decode(decoded?.encode("a€😀<"))).toBe("a&#8364;&#128512;<");
  });
});

describe("UTF-8 and ASCII", () => {
  it("give back every octet, a byte order mark too", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const bytes = utf8(`\ufeff${text}`);
        for (const charset of ["utf-8", "UTF8", null, "us-ascii"]) {
          const decoded = decodeText(bytes, charset);
          expect(decoded && hex(decoded.encode(decoded.text))).toBe(hex(bytes));
        }
      }),
    );
  });

  it("that are not what they claim are Windows-1252 where nothing was claimed, else nobody's", () => {
    const bytes = Uint8Array.of(0x67, 0x72, 0xf6, 0xdf);
    for (const charset of [null, "us-ascii", " US-ASCII "]) {
      const decoded = decodeText(bytes, charset);
      expect(decoded?.text).toBe("größ");
      expect(decoded && hex(decoded.encode("größ<"))).toBe(`${hex(bytes)}3c`);
    }
    expect(decodeText(bytes, "utf-8")).toBeNull();
  });
});

it.each([
  ["gb2312", "c4e3bac3", "你好"],
  ["big5", "a741a66e", "你好"],
  ["shift_jis", "83658358", "テス"],
  ["iso-2022-jp", "1b2442256b1b2842", "ル"],
  ["euc-kr", "b0a1", "가"],
  ["utf-16le", "e400", "ä"],
])("%s is read and written as UTF-8", (charset, digits, text) => {
  const bytes = Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  const decoded = decodeText(bytes, charset);
  expect(decoded).toMatchObject({ text, charset: "utf-8" });
  expect(decoded && hex(decoded.encode(text))).toBe(hex(utf8(text)));
});

it.each(["utf-7", "x-unknown", "x-user-defined", "replacement", "iso-2022-kr"])(
  "%s is nobody's to change",
  (charset) => {
    expect(decodeText(utf8("a"), charset)).toBeNull();
  },
);
