// Which uses are written down.
import { expect, it } from "vitest";
import { isWorthNoting, NOTED_EVERY_MS } from "../../src/model/last-use.ts";

const NOW = Date.UTC(2026, 10, 21, 10);

it.each([
  ["the first", null, true],
  ["one an hour later", NOW - NOTED_EVERY_MS, true],
  ["one within the hour", NOW - NOTED_EVERY_MS + 1, false],
  ["one by a clock that is behind", NOW + 5_000, false],
])("%s: %s, %s", (_what, lastUsedAt, isNoted) => {
  expect(isWorthNoting(lastUsedAt, NOW)).toBe(isNoted);
});
