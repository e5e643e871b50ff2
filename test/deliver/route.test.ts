// Which relays of a pool may carry mail, as a table, and whose turn it is, as properties.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Member, nextTurn, route, startCredits } from "../../src/deliver/route.ts";
import type { UsableRelay } from "../../src/model/relay.ts";

const NOW = 10_000;

/** A relay: null is well, a number is put aside until then, "failed" failed lately but is in use. */
function relay(id: string, health: number | "failed" | null): UsableRelay {
  return {
    id,
    verp: true,
    login: {
      host: id,
      port: 587,
      tls: "starttls",
      username: null,
      password: null,
      allowCleartextAuth: false,
    },
    health:
      health === null
        ? null
        : { failures: 3, asideUntil: health === "failed" ? null : health, reason: "x" },
    vendor: null,
  };
}

/** A pool of relays r0, r1 … with these weights. */
function pool(
  healths: readonly (number | "failed" | null)[],
  weights: readonly number[] = [1, 0, 0],
): readonly Member[] {
  return healths.map((health, n) => ({ relay: relay(`r${n}`, health), weight: weights[n] ?? 0 }));
}

describe("route", () => {
  it("says that there is none", () => {
    expect(route([], NOW)).toEqual({ kind: "none" });
  });

  it.each([
    ["the first of stand-bys", [null, null], [1, 0], ["r0"], null],
    ["all with a weight", [null, null, null], [3, 1, 0], ["r0", "r1"], null],
    ["one that failed but was not put aside", ["failed", null], [1, 0], ["r0"], null],
    ["the stand-by while the first is put aside", [NOW + 1, null], [1, 0], ["r1"], null],
    ["the others of its weight", [NOW + 1, null], [1, 1], ["r1"], null],
    ["the stand-by, and a probe when the time is over", [NOW, null], [1, 0], ["r1"], "r0"],
    ["the other, and a probe", [NOW, null], [1, 1], ["r1"], "r0"],
    ["the first, without probing its stand-by", [null, NOW], [1, 0], ["r0"], null],
  ] as const)("opens %s", (_name, healths, weights, members, probe) => {
    const chosen = route(pool(healths, weights), NOW);
    if (chosen.kind !== "open") throw new Error(chosen.kind);
    expect(chosen.members.map((one) => one.relay.id)).toEqual(members);
    expect(chosen.probe?.id ?? null).toBe(probe);
  });

  it("probes when only relays in doubt are there, each by one message", () => {
    const members = pool([NOW, NOW - 5]);
    expect(route(members, NOW)).toMatchObject({ kind: "probe", probe: { id: "r0" } });
    const second = route(members, NOW, new Set(["r0"]));
    expect(second).toMatchObject({ kind: "probe", probe: { id: "r1" } });
    expect(route(members, NOW, new Set(["r0", "r1"]))).toEqual({
      kind: "wait",
      until: NOW + 10_000,
    });
  });

  it("waits for the first that comes back when all are put aside", () => {
    const members = pool([NOW + 9, NOW + 3, NOW + 6], [1, 1, 0]);
    expect(route(members, NOW)).toEqual({ kind: "wait", until: NOW + 3 });
  });
});

const weightings = fc
  .array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 6 })
  .map((weights) => weights.map((weight, n) => ({ id: `r${n}`, weight })));

describe("turns", () => {
  it("give each relay its share, never more than one turn a member beside it", () => {
    fc.assert(
      fc.property(weightings, fc.double({ min: 0, max: 0.999 }), (members, random) => {
        const total = members.reduce((sum, { weight }) => sum + weight, 0);
        const counts = new Map<string, number>();
        let credits = startCredits(members, random);
        for (let n = 1; n <= 300; n++) {
          const turn = nextTurn(members, credits, null);
          credits = turn.credits;
          counts.set(turn.id, (counts.get(turn.id) ?? 0) + 1);
          for (const { id, weight } of members) {
            const off = (counts.get(id) ?? 0) - (n * weight) / total;
            expect(Math.abs(off)).toBeLessThanOrEqual(members.length);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it("stay with an open connection, at most some messages ahead of the share", () => {
    fc.assert(
      fc.property(weightings, (members) => {
        const total = members.reduce((sum, { weight }) => sum + weight, 0);
        const counts = new Map<string, number>();
        let credits = startCredits(members, 0);
        let held: string | null = null;
        let connections = 0;
        for (let n = 1; n <= 500; n++) {
          const turn: { id: string; credits: typeof credits } = nextTurn(members, credits, held);
          if (turn.id !== held) connections += 1;
          ({ id: held, credits } = turn);
          counts.set(held, (counts.get(held) ?? 0) + 1);
          for (const { id, weight } of members) {
            const ahead = (counts.get(id) ?? 0) - (n * weight) / total;
            expect(ahead).toBeLessThanOrEqual(27);
          }
        }
        expect(connections).toBeLessThanOrEqual(500 / 25 + members.length);
      }),
      { numRuns: 30 },
    );
  });

  it("begin with each relay as often as its weight says", () => {
    const members = [
      { id: "a", weight: 3 },
      { id: "b", weight: 1 },
    ];
    const first = Array.from(
      { length: 8 },
      (_, n) => nextTurn(members, startCredits(members, n / 8), null).id,
    );
    expect(first.join("")).toBe("aaaaaabb");
  });
});
