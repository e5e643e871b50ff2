import { describe, expect, it } from "vitest";
import { PLAN_NAMES, planOf } from "../../src/model/plan.ts";

const MB = 1_048_576;

describe("planOf", () => {
  it.each([
    // Decision 11, column by column.
    ["starter", 5 * MB, 50, 10, 50, 10_000],
    ["growth", 10 * MB, 100, 100, 500, 1_000_000],
    ["enterprise", 25 * MB, 1_000, 1_000, 5_000, null],
    ["local", 25 * MB, 1_000, 100_000, 1_000_000, null],
  ] as const)(
    "gives %s what the table says",
    (name, attachmentBytes, recipients, perSecond, burst, daily) => {
      const plan = { name, attachmentBytes, recipients, perSecond, burst, daily };
      expect(planOf(name, false)).toEqual(plan);
      expect(planOf(name, true)).toEqual(plan);
    },
  );

  it("takes what nobody chose for local on the own machine, else for enterprise", () => {
    expect([planOf(null, true).name, planOf(null, false).name]).toEqual(["local", "enterprise"]);
  });

  it("lets no plan refuse its own largest message for its burst", () => {
    for (const name of PLAN_NAMES) {
      const { burst, recipients } = planOf(name, false);
      expect(burst).toBeGreaterThanOrEqual(recipients);
    }
  });
});
