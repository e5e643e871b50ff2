// Which relay is next, as a table: the first that is not put aside; when all are, until when to wait.
import { describe, expect, it } from "vitest";
import { route } from "../../src/deliver/route.ts";
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

describe("route", () => {
  it("says that there is none", () => {
    expect(route([], NOW)).toEqual({ kind: "none" });
  });

  it.each([
    ["the first when all are well", [null, null], "r0", false],
    ["one that failed but was not put aside", ["failed", null], "r0", false],
    ["the second while the first is put aside", [NOW + 1, null], "r1", false],
    ["the first as a probe when its time is over", [NOW, null], "r0", true],
    ["the second as a probe", [NOW + 5, NOW - 5], "r1", true],
  ] as const)("chooses %s", (_name, healths, id, probing) => {
    const relays = healths.map((health, index) => relay(`r${index}`, health));
    expect(route(relays, NOW)).toEqual({
      kind: "relay",
      relay: relays.find((one) => one.id === id),
      probing,
    });
  });

  it("waits for the first that comes back when all are put aside", () => {
    const relays = [relay("a", NOW + 9), relay("b", NOW + 3), relay("c", NOW + 6)];
    expect(route(relays, NOW)).toEqual({ kind: "wait", until: NOW + 3 });
  });
});
