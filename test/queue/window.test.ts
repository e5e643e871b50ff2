// How many deliveries a claim of a shared lane asks for.
import { describe, expect, it } from "vitest";
import { sharedWindow, WHOLE_WINDOW } from "../../src/queue/window.ts";

describe("sharedWindow", () => {
  it("begins with 100, which hires all workers", () => {
    expect(sharedWindow().next(0)).toBe(100);
  });

  it.each([
    ["100 in 50 ms", 100, 50, 100],
    ["100 in 25 ms, and never more than 100", 100, 25, 100],
    ["100 in 100 ms", 100, 100, 50],
    ["100 in 5 s, and never fewer than 16", 100, 5_000, 16],
    ["100 at once", 100, 0, 100],
  ])("follows what was carried: %s", (_what, brought, took, next) => {
    const window = sharedWindow();
    window.begun(brought, 1_000);
    expect(window.next(1_000 + took)).toBe(next);
  });

  it("learns nothing from a claim that brought nothing", () => {
    const window = sharedWindow();
    window.begun(100, 0);
    expect(window.next(100)).toBe(50);
    window.begun(0, 100);
    expect(window.next(60_000)).toBe(50);
  });
});

it("is 100 for a lane in which the oldest goes first", () => {
  WHOLE_WINDOW.begun(100, 0);
  expect(WHOLE_WINDOW.next(9_000)).toBe(100);
});
