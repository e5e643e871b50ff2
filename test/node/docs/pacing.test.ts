// The simulation of pacing: what it says of throttle and warm-up, and that docs/pacing.svg shows it as it is.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { plot, PLOT_FILE, simulate } from "../../../scripts/pacing-plot.ts";

const hours = simulate();
const day = (n: number) => hours.slice(n * 24, n * 24 + 24);
const sum = (list: readonly number[]) => list.reduce((all, one) => all + one, 0);

describe("two weeks of a new pool", () => {
  it("never send more in a day than the warm-up lets through, nor an eighth of it in an hour", () => {
    for (let n = 0; n < 14; n++) {
      const allowance = day(n)[0]?.allowance ?? Infinity;
      expect(sum(day(n).map(({ sent }) => sent))).toBeLessThanOrEqual(allowance);
      for (const { sent } of day(n)) expect(sent).toBeLessThanOrEqual(Math.ceil(allowance / 8));
    }
  });

  it("double from day to day, stay after a day of bounces, and step back after a day of deferrals", () => {
    const allowances = Array.from({ length: 14 }, (_, n) => day(n)[23]?.allowance);
    expect(allowances.slice(0, 6)).toEqual([50, 100, 200, 400, 800, 800]);
    expect(allowances[10]).toBe(Number(allowances[9]) / 2);
    expect(allowances[13]).toBe(2 ** 3 * Number(allowances[10]));
  });

  it("slow down while the provider defers, and are at full pace an hour after", () => {
    const factors = hours.map(({ factor }) => factor);
    expect(Math.min(...factors.slice(9 * 24, 9 * 24 + 9))).toBeLessThan(0.15);
    expect(factors.slice(9 * 24 + 10).every((factor) => factor === 1)).toBe(true);
  });
});

it("docs/pacing.svg is what scripts/pacing-plot.ts draws", () => {
  expect(readFileSync(PLOT_FILE, "utf8")).toBe(plot(hours));
});
