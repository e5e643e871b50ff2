// What each entry of the log counts as, in which hour, and under which names.
import { describe, expect, it } from "vitest";
import type { DeliveryEvent, LogEntry } from "../../src/model/event.ts";
import { SPANS } from "../../src/model/stats.ts";
import { countsOf, type Rollup, sumOf } from "../../src/model/stats-rollup.ts";
import { newTally } from "../../src/record/tally.ts";

const HOUR = SPANS.hour;
const T = Date.UTC(2026, 10, 21, 10, 59, 59, 999);
const TEN = Date.UTC(2026, 10, 21, 10);

const BASE = {
  id: "event",
  at: T,
  messageId: "message",
  position: 0,
  email: "Ann@googlemail.com",
  tags: "july",
  sendId: "send",
  listId: "list",
  mailClass: "marketing",
} as const;
const ATTEMPT = {
  ...BASE,
  name: "delivery_attempt",
  from: "s@x.test",
  injectedAt: 0,
  text: "",
} as const;
const BOUNCE = { ...BASE, name: "bounce_all", bounceCode: 10, text: "" } as const;
const VISIT = { ...BASE, ip: "", userAgent: "", machine: false } as const;

/** Counters that are not zero. */
function counted({ tags }: Rollup): Readonly<Record<string, number>> {
  const counts = countsOf(sumOf(tags.map((cell) => cell.counts)));
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

function tallied(entry: LogEntry, committedAt = T) {
  const tally = newTally();
  tally.entry(entry, committedAt);
  return tally.changes();
}

const EVENTS: readonly (readonly [string, DeliveryEvent, Readonly<Record<string, number>>])[] = [
  ["a success", { ...ATTEMPT, status: "success" }, { delivered: 1 }],
  ["a deferral", { ...ATTEMPT, status: "deferral" }, { deferrals: 1 }],
  ["the end of the queue lifetime", { ...ATTEMPT, status: "failure_toolong" }, { expired: 1 }],
  ["a hard bounce", { ...BOUNCE, bounceType: "h", deliveredAt: null }, { bounced_hard: 1 }],
  ["a soft bounce", { ...BOUNCE, bounceType: "s", deliveredAt: null }, { bounced_soft: 1 }],
  ["another bounce", { ...BOUNCE, bounceType: "o", deliveredAt: null }, { bounced_other: 1 }],
  [
    "a late bounce",
    { ...BOUNCE, bounceType: "h", deliveredAt: T },
    { bounced_hard: 1, late_bounces: 1 },
  ],
  ["a person's first open", { ...VISIT, name: "open", first: true }, { opens: 1, opens_unique: 1 }],
  ["a person's next open", { ...VISIT, name: "open" }, { opens: 1 }],
  ["a machine's open", { ...VISIT, name: "open", machine: true }, { opens_machine: 1 }],
  [
    "a first click",
    { ...VISIT, name: "click", url: "", first: true },
    { clicks: 1, clicks_unique: 1 },
  ],
  ["a next click", { ...VISIT, name: "click", url: "" }, { clicks: 1 }],
  ["a machine's click", { ...VISIT, name: "click", url: "", machine: true }, { clicks_machine: 1 }],
  ["an unsubscribe", { ...BASE, name: "unsubscribe" }, { unsubscribes: 1 }],
  ["a complaint", { ...BASE, name: "spam_complaint" }, { complaints: 1 }],
];

describe("an entry of the log", () => {
  it.each(EVENTS)("%s counts", (_what, event, counts) => {
    const change = tallied(event).get(TEN);
    expect(counted(change?.added ?? { tags: [], groups: [] })).toEqual(counts);
  });

  it.each([
    ["a failure, whose bounce counts", { ...ATTEMPT, status: "failure" }],
    ["the bounce of an expired delivery, an automatic reply", { ...BOUNCE, bounceType: "o" }],
    [
      "a bad address",
      { ...BOUNCE, name: "bounce_bad_address", bounceType: "h", deliveredAt: null },
    ],
  ] as const)("%s counts as nothing", (_what, event) => {
    expect(tallied(event).size).toBe(0);
  });

  it("counts under its class, tag and the group of its domain", () => {
    const { added } = tallied({ ...ATTEMPT, status: "success" }).get(TEN) ?? {};
    expect(added?.tags.map(({ mailClass, name }) => [mailClass, name])).toEqual([
      ["marketing", "july"],
    ]);
    expect(added?.groups.map(({ mailClass, name }) => [mailClass, name])).toEqual([
      ["marketing", "gmail"],
    ]);
  });

  it("counts without a group when its address was erased", () => {
    const { added } = tallied({ ...ATTEMPT, email: "", status: "success" }).get(TEN) ?? {};
    expect(added?.groups.map(({ name }) => name)).toEqual([null]);
  });

  it("counts an unsubscribe from purged mail as marketing's", () => {
    const { mailClass: _, ...purged } = BASE;
    const { added } = tallied({ ...purged, tags: "", name: "unsubscribe" }).get(TEN) ?? {};
    expect(added?.tags.map(({ mailClass }) => mailClass)).toEqual(["marketing"]);
  });

  it("counts a suppression at claim, which nobody is told", () => {
    const about = { at: T, mailClass: "transactional", tags: "", domain: "example.com" } as const;
    const { added } = tallied({ name: "suppressed", ...about }).get(TEN) ?? {};
    expect(added && counted(added)).toEqual({ suppressed: 1 });
    expect(added?.groups.map(({ name }) => name)).toEqual(["example.com"]);
  });
});

describe("the hour", () => {
  it("is that of what happened, not of its commit", () => {
    const event: LogEntry = { ...ATTEMPT, status: "success" };
    expect([...tallied(event, T + 5_000).keys()]).toEqual([TEN]);
    expect([...tallied({ ...event, at: T + 1 }, T + 5_000).keys()]).toEqual([TEN + HOUR]);
  });

  it("is that of the commit for what is told more than a week later", () => {
    const event: LogEntry = { ...BASE, at: 1, name: "spam_complaint" };
    expect([...tallied(event, T).keys()]).toEqual([TEN]);
  });

  it("of a late bounce is its own; the delivery is taken back where it was counted", () => {
    const event: LogEntry = { ...BOUNCE, bounceType: "s", deliveredAt: T - 3 * HOUR };
    const changes = tallied(event);
    expect([...changes.keys()]).toEqual([TEN, TEN - 3 * HOUR]);
    const before = changes.get(TEN - 3 * HOUR);
    expect(before && [counted(before.added), counted(before.withdrawn)]).toEqual([
      {},
      { delivered: 1 },
    ]);
  });
});

it("sums recipients that were accepted", () => {
  const tally = newTally();
  const named = { hour: TEN, mailClass: "marketing", tag: "july", domain: "gmail.com" } as const;
  const row = { ...named, campaign: null };
  tally.accepted({ ...row, accepted: 5, suppressed: 2 });
  tally.accepted({ ...row, domain: "example.com", accepted: 1, suppressed: 0 });
  const { added } = tally.changes().get(TEN) ?? {};
  expect(added && counted(added)).toEqual({ accepted: 6, suppressed: 2 });
  expect(added?.groups.map(({ name }) => name)).toEqual(["gmail", "example.com"]);
});
