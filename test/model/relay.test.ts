// How a relay stands, by its health and the time: the states of its circuit breaker, as a table.
import { expect, it } from "vitest";
import { type RelayHealth, relayState } from "../../src/model/relay.ts";

const NOW = 10_000;

function failed(asideUntil: number | null): RelayHealth {
  return { failures: 3, asideUntil, reason: "refused" };
}

it.each([
  ["usable without a failure", null, "usable"],
  ["usable after failures that did not put it aside", failed(null), "usable"],
  ["aside before its time", failed(NOW + 1), "aside"],
  ["probing when its time is over", failed(NOW), "probing"],
  ["probing long after", failed(0), "probing"],
] as const)("a relay is %s", (_name, health, state) => {
  expect(relayState(health, NOW)).toBe(state);
});
