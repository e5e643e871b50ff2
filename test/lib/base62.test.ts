// Base62 texts: random ones that favour no character, and checksums that are CRC-32.
import { describe, expect, it } from "vitest";
import { crc32Base62, randomBase62 } from "../../src/lib/base62.ts";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

describe("randomBase62", () => {
  it.each([0, 1, 2, 43, 1_000])("gives %i characters of the alphabet", (length) => {
    const text = randomBase62(length);
    expect(text.length).toBe(length);
    expect(Array.from(text).every((character) => ALPHABET.includes(character))).toBe(true);
  });

  it("uses every character about equally often, and never repeats itself", () => {
    const text = randomBase62(62_000);
    const counts = Array.from(ALPHABET).map((character) => text.split(character).length - 1);
    // 1,000 expected each; a biased modulo gives the first eight about 1,210. Six sigma are 190.
    expect(Math.min(...counts)).toBeGreaterThan(810);
    expect(Math.max(...counts)).toBeLessThan(1_190);
    expect(new Set(Array.from({ length: 1_000 }, () => randomBase62(43))).size).toBe(1_000);
  });
});

describe("crc32Base62", () => {
  /** Digits of a CRC-32 in base62. */
  function digits(crc: number): string {
    const high = ALPHABET.charAt(Math.floor(crc / 62 ** 5));
    const rest = [4, 3, 2, 1, 0].map((place) =>
      ALPHABET.charAt(Math.floor(crc / 62 ** place) % 62),
    );
    return high + rest.join("");
  }

  // Published check values of CRC-32/ISO-HDLC.
  it.each([
    ["", 0],
    ["123456789", 0xcbf43926],
    ["The quick brown fox jumps over the lazy dog", 0x414fa339],
    ["a", 0xe8b7be43],
  ])("of %j is the CRC-32 %i", (text, crc) => {
    expect(crc32Base62(text, 6)).toBe(digits(crc));
  });
});
