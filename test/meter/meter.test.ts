// The sums of an isolate: when they are taken, and that none is lost or counted twice.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newMeter } from "../../src/meter/meter.ts";
import { NO_USAGE, OPERATIONS, sumOf, type Usage } from "../../src/model/usage.ts";

const SECOND = 1_000;

describe("a meter", () => {
  it("gives its sums at once, and then each 30 s at most", () => {
    const meter = newMeter();
    meter.count("d1_rows_written", 4);
    expect(meter.takeDue(1_000)).toEqual({ ...NO_USAGE, d1_rows_written: 4 });
    meter.count("queue_operations");
    expect(meter.takeDue(1_000 + 30 * SECOND - 1)).toBeNull();
    expect(meter.takeDue(1_000 + 30 * SECOND)).toEqual({ ...NO_USAGE, queue_operations: 1 });
  });

  it("does not wait for a clock that was set back", () => {
    const meter = newMeter();
    meter.takeDue(1e12);
    expect(meter.takeDue(1e12 - 1)).toEqual(NO_USAGE);
  });

  const step = fc.oneof(
    fc.record({ count: fc.constantFrom(...OPERATIONS), times: fc.nat(1_000) }),
    fc.record({ after: fc.integer({ min: 0, max: 60 * SECOND }), kept: fc.boolean() }),
  );

  it("loses nothing and counts nothing twice, whatever could not be kept", () => {
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const meter = newMeter();
        const all = { ...NO_USAGE };
        let kept: Usage = NO_USAGE;
        let now = 0;
        for (const one of steps) {
          if ("count" in one) {
            meter.count(one.count, one.times);
            all[one.count] += one.times;
            continue;
          }
          now += one.after;
          const taken = meter.takeDue(now);
          if (taken && one.kept) kept = sumOf(kept, taken);
          else if (taken) meter.putBack(taken);
        }
        expect(sumOf(kept, meter.read())).toEqual(all);
      }),
    );
  });
});
