import { describe, expect, it } from "vitest";

import { BAD_ADDRESS, BOUNCES, bounceType, isBounceCode } from "../../src/model/bounce.ts";
import type { BounceCode } from "../../src/model/bounce.ts";

describe("bounce codes", () => {
  it("are those of contract 3.7", () => {
    expect(Object.keys(BOUNCES).map(Number)).toEqual([
      0, 10, 20, 21, 22, 23, 29, 30, 40, 50, 51, 52, 53, 54, 55, 59, 60, 70, 90, 100, 110, 120, 121,
      122, 123, 124,
    ]);
  });

  it("are hard for a bad address alone", () => {
    const codes = Object.keys(BOUNCES).map(Number).filter(isBounceCode);
    expect(codes.filter((code: BounceCode) => bounceType(code) === "h")).toEqual([BAD_ADDRESS]);
  });

  it("are told from numbers that are none", () => {
    expect([10, 124, 0].every(isBounceCode)).toBe(true);
    expect([1, -1, 10.5, Number.NaN, 125].some(isBounceCode)).toBe(false);
  });
});
