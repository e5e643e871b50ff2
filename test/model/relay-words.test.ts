import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { printable, relayWords } from "../../src/model/relay-words.ts";

describe("relayWords", () => {
  it("joins a multi-line reply and shows the repeated status once", () => {
    const lines = ["5.1.1 The email account does", "5.1.1 not exist.", "5.1.1 gsmtp"];
    expect(relayWords({ code: 550, enhanced: "5.1.1", lines })).toBe(
      "550 5.1.1 The email account does not exist. gsmtp",
    );
  });

  it("keeps the words of contract 1.9.3's sample unchanged", () => {
    const words = "OK 1738908432 d75a77b69052e-47153b9056fsi25554051cf.364 - gsmtp";
    const whole = `250 2.0.0 ${words}`;
    expect(relayWords({ code: 250, enhanced: "2.0.0", lines: [`2.0.0 ${words}`] })).toBe(whole);
    // Whether or not the parser left the status in the first line.
    expect(relayWords({ code: 250, enhanced: "2.0.0", lines: [words] })).toBe(whole);
    expect(relayWords({ code: 250, enhanced: null, lines: [`2.0.0 ${words}`] })).toBe(whole);
  });

  it("is the code alone when the relay said nothing else", () => {
    expect(relayWords({ code: 250, enhanced: null, lines: [] })).toBe("250");
    expect(relayWords({ code: 250, enhanced: null, lines: [""] })).toBe("250");
  });

  it("keeps a status in a later line that differs from the first", () => {
    const lines = ["5.7.1 blocked", "5.7.26 see there"];
    expect(relayWords({ code: 550, enhanced: "5.7.1", lines })).toBe(
      "550 5.7.1 blocked 5.7.26 see there",
    );
  });

  it("is bounded however long the reply is", () => {
    const lines = Array.from({ length: 5_000 }, () => "x".repeat(500));
    expect(relayWords({ code: 550, enhanced: null, lines })).toHaveLength(1_000);
  });
});

describe("printable", () => {
  it.each([
    ["terminal colours", "\u001B[31mred\u001B[0m alert", "red alert"],
    ["line breaks and NUL", "a\r\nb\u0000c\u2028d\u0085e", "a b c d e"],
    ["text direction marks", "abc\u202Etxt.exe", "abctxt.exe"],
    ["invisible characters", "v\u200Bi\u00ADrus", "virus"],
    ["lone surrogates", "a\uD800b", "a\uFFFDb"],
    ["runs of blanks", "  a \t  b  ", "a b"],
  ])("takes out %s", (_what, hostile, clean) => {
    expect(printable(hostile)).toBe(clean);
  });

  it("keeps words of every language", () => {
    expect(printable("Почтовый ящик переполнен 收件人不存在 📫")).toBe(
      "Почтовый ящик переполнен 收件人不存在 📫",
    );
  });

  it("never cuts a character in two", () => {
    expect(printable("ab📫", 3)).toBe("ab");
  });

  it("is one well-formed printable line within the limit, whatever comes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 1, max: 50 }), (text, limit) => {
        const line = printable(text + String.fromCharCode(0xd8_00), limit);
        expect(line.length).toBeLessThanOrEqual(limit);
        expect(line.isWellFormed()).toBe(true);
        expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});
