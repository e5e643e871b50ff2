// What an operator is told to look at.
import { describe, expect, it } from "vitest";
import { concernsOf, type Health } from "../../src/model/health.ts";

const NOW = Date.UTC(2026, 10, 21);
const WELL: Health = {
  databaseBytes: 0,
  lanes: [
    { lane: "transactional", oldestDueAt: NOW - 1_000 },
    { lane: "marketing", oldestDueAt: null },
  ],
  relays: [{ relayId: "r", failures: 1, asideUntil: null, reason: "refused" }],
  endpoints: [{ webhookId: "w", state: "enabled", failingSince: null, unreadSince: NOW - 1_000 }],
};

describe("concernsOf", () => {
  it("is silent while everything moves", () => {
    expect(concernsOf(WELL, NOW)).toEqual([]);
  });

  it.each<readonly [string, Partial<Health>]>([
    [
      "deliveries of the marketing lane are late",
      { lanes: [{ lane: "marketing", oldestDueAt: NOW - 151_000 }] },
    ],
    [
      "relay r is put aside: refused",
      { relays: [{ relayId: "r", failures: 3, asideUntil: NOW + 1, reason: "refused" }] },
    ],
    [
      "webhook w fails",
      { endpoints: [{ webhookId: "w", state: "enabled", failingSince: NOW, unreadSince: null }] },
    ],
    [
      "webhook w is behind",
      {
        endpoints: [
          { webhookId: "w", state: "enabled", failingSince: null, unreadSince: NOW - 61_000 },
        ],
      },
    ],
  ])("says: %s", (concern, change) => {
    expect(concernsOf({ ...WELL, ...change }, NOW)).toEqual([concern]);
  });

  it("does not mind a disabled endpoint that is behind", () => {
    const endpoints = [
      { webhookId: "w", state: "disabled", failingSince: null, unreadSince: 0 },
    ] as const;
    expect(concernsOf({ ...WELL, endpoints }, NOW)).toEqual([]);
  });
});
