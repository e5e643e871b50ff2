import { describe, expect, it } from "vitest";
import { PART_BYTES, partBuffer } from "../../src/lib/part.ts";

const decoder = new TextDecoder();

describe("partBuffer", () => {
  it("cuts text into parts of one size, inside a character too, and loses nothing", () => {
    const buffer = partBuffer();
    const text = "äbc€".repeat(100_000);
    const parts: Uint8Array[] = [];
    for (let n = 0; n < 12; n++) {
      if (!buffer.add(text)) continue;
      parts.push(buffer.bytes().slice());
      buffer.next();
    }
    expect(parts.map(({ length }) => length)).toEqual([PART_BYTES]);
    const rest = buffer.bytes();
    const whole = new Uint8Array(PART_BYTES + rest.length);
    whole.set(parts[0] ?? rest);
    whole.set(rest, PART_BYTES);
    expect(decoder.decode(whole) === text.repeat(12)).toBe(true);
  });

  it("is full when the text fits exactly, with nothing over", () => {
    const buffer = partBuffer();
    expect(buffer.add("x".repeat(PART_BYTES - 1))).toBe(false);
    expect(buffer.add("x")).toBe(true);
    expect([buffer.bytes().length, buffer.over().length]).toEqual([PART_BYTES, 0]);
    buffer.next();
    expect(buffer.bytes().length).toBe(0);
  });

  it("goes on from bytes that were put aside", () => {
    const first = partBuffer();
    first.add("one,");
    const second = partBuffer();
    second.load(first.bytes());
    second.add("two");
    expect(decoder.decode(second.bytes())).toBe("one,two");
  });

  it("does not take a record that is longer than a part", () => {
    const buffer = partBuffer();
    buffer.add("x");
    expect(() => buffer.add("x".repeat(2 * PART_BYTES))).toThrow("longer than a part");
  });
});
