// Failures that are counted: some are free, then the wait doubles to its limit; they are forgotten in time
// and never more than the limit of them is kept.
import { expect, it } from "vitest";
import { attempts } from "../../src/lib/attempts.ts";

const LIMITS = { free: 2, firstWaitMs: 10, maxWaitMs: 35, forgetMs: 1_000, maxSubjects: 3 };

it("the first failures cost nothing, each further one twice the wait, up to the limit", () => {
  const tries = attempts(LIMITS);
  const waits = Array.from({ length: 6 }, () => {
    tries.failed("a", 0);
    return tries.wait("a", 0);
  });
  expect(waits).toEqual([0, 0, 10, 20, 35, 35]);
  expect([tries.wait("a", 20), tries.wait("a", 35), tries.wait("b", 0)]).toEqual([15, 0, 0]);
});

it("failures are forgiven, or forgotten after a while without one", () => {
  const tries = attempts(LIMITS);
  for (let n = 0; n < 4; n++) tries.failed("a", 0);
  tries.forgive("a");
  expect(tries.wait("a", 0)).toBe(0);
  for (let n = 0; n < 4; n++) tries.failed("b", 0);
  tries.failed("b", 999);
  expect(tries.wait("b", 999)).toBe(35);
  tries.failed("b", 1_999);
  expect(tries.wait("b", 1_999)).toBe(0);
});

it("only so many subjects are remembered: who failed longest ago leaves", () => {
  const tries = attempts({ ...LIMITS, free: 0 });
  for (const subject of ["a", "b", "c", "a", "d"]) tries.failed(subject, 0);
  const waiting = ["a", "b", "c", "d"].filter((subject) => tries.wait(subject, 0) > 0);
  expect(waiting).toEqual(["a", "c", "d"]);
});
