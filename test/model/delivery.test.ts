import { describe, expect, it } from "vitest";
import {
  DELIVERY_STATES,
  mayFollow,
  TERMINAL_STATES,
  TRANSITIONS,
} from "../../src/model/delivery.ts";

const LEGAL = new Set([
  "queued sending",
  "queued cancelled",
  "sending sending",
  "sending queued",
  "sending delivered",
  "sending deferred",
  "sending bounced",
  "sending expired",
  "sending held",
  "deferred sending",
  "deferred cancelled",
  "deferred delivered",
  "queued delivered",
  "queued suppressed",
  "sending suppressed",
  "sending cancelled",
  "deferred suppressed",
  "queued held",
  "deferred held",
  "delivered bounced",
]);

describe("delivery states", () => {
  for (const from of DELIVERY_STATES) {
    for (const to of DELIVERY_STATES) {
      const legal = LEGAL.has(`${from} ${to}`);
      it(`${from} ${legal ? "may" : "may not"} become ${to}`, () => {
        expect(mayFollow(from, to)).toBe(legal);
      });
    }
  }

  it("leaves a terminal state only by a late bounce", () => {
    const left = TERMINAL_STATES.flatMap((state) =>
      TRANSITIONS[state].map((to) => `${state} ${to}`),
    );
    expect(left).toEqual(["delivered bounced"]);
  });
});
