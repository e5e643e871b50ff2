// The arithmetic of the bill, against figures worked out by hand.
import { describe, expect, it } from "vitest";
import { billOf, NO_USAGE, PRICED, PRICES } from "../../src/model/usage.ts";

describe("billOf", () => {
  it("adds days up and prices them by the list", () => {
    const first = { ...NO_USAGE, d1_rows_written: 11_000, queue_operations: 6_000 };
    const second = { ...NO_USAGE, worker_requests: 2_000, d1_rows_read: 50_000, r2_class_a: 100 };
    const bill = billOf(
      [
        { at: 0, usage: first, ownRows: 3 },
        { at: 1, usage: second, ownRows: 2 },
      ],
      1_000,
    );
    // 11,000 × $1 + 6,000 × $0.40 + 2,000 × $0.30 + 50,000 × $0.001 + 100 × $4.50 + 10,000 ms × $0.02, a million each.
    expect(bill.usd).toBeCloseTo(0.0147, 9);
    expect(bill.usdPerThousand).toBeCloseTo(0.0147, 9);
    expect(bill.operations.queue_operations).toEqual({ count: 6_000, usd: 0.0024 });
    expect(bill.operations.cpu_ms).toEqual({ count: 10_000, usd: 0.0002 });
    expect(bill.own).toEqual({ rows: 5, usd: 0.000005 });
    const parts = PRICED.reduce((sum, name) => sum + bill.operations[name].usd, 0);
    expect(parts).toBeCloseTo(bill.usd, 8);
  });

  it("has no price per email without emails", () => {
    expect(billOf([], 0)).toMatchObject({ emails: 0, usd: 0, usdPerThousand: null });
  });

  it("has a price for everything that is counted", () => {
    expect(Object.keys(PRICES.perMillion).toSorted()).toEqual(PRICED.toSorted());
    expect(Math.min(...Object.values(PRICES.perMillion))).toBeGreaterThan(0);
  });
});
