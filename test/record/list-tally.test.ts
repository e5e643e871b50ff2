// What accepted mail and each entry of the log changes in the campaigns of lists.
import { describe, expect, it } from "vitest";
import { uuidv7 } from "../../src/lib/id.ts";
import type { DeliveryEvent, LogEntry } from "../../src/model/event.ts";
import { countsByName, withoutRepeated } from "../../src/model/list-campaign.ts";
import { newListTally } from "../../src/record/list-tally.ts";

const T = Date.UTC(2026, 10, 21, 10);
const NAME = { listId: "news", sendId: "july" };

const BASE = {
  id: "event",
  at: T + 5_000,
  messageId: uuidv7(T),
  position: 0,
  email: "ann@example.com",
  tags: "",
  ...NAME,
  mailClass: "marketing",
} as const;
const ATTEMPT = {
  ...BASE,
  name: "delivery_attempt",
  from: "s@x.test",
  injectedAt: T,
  text: "",
} as const;
const BOUNCE = { ...BASE, name: "bounce_all", text: "" } as const;
const VISIT = { ...BASE, ip: "", userAgent: "", machine: false } as const;
const CLICK = { ...VISIT, name: "click", url: "https://x/" } as const;

function changesOf(entries: readonly LogEntry[]) {
  const tally = newListTally();
  for (const entry of entries) tally.entry(entry);
  return tally.changes();
}

/** What is not zero of the only campaign. */
function counted(entries: readonly LogEntry[]) {
  const [only, ...others] = changesOf(entries);
  expect(others).toEqual([]);
  const counts = only ? Object.entries(countsByName(only.added)) : [];
  return Object.fromEntries(counts.filter(([, n]) => n !== 0));
}

const EVENTS: readonly (readonly [string, DeliveryEvent, Readonly<Record<string, number>>])[] = [
  ["a success", { ...ATTEMPT, status: "success" }, { total_success: 1 }],
  ["a failure", { ...ATTEMPT, status: "failure" }, { total_failure: 1 }],
  ["the end", { ...ATTEMPT, status: "failure_toolong" }, { total_failure_toolong: 1 }],
  [
    "a bad address",
    { ...BOUNCE, name: "bounce_bad_address", bounceType: "h", bounceCode: 10 },
    { bounces_status_updated: 1 },
  ],
  [
    "a refusal",
    { ...BOUNCE, bounceType: "h", bounceCode: 10 },
    { bounces_total: 1, bounces_unique_hard: 1, bounces_unique_local: 1 },
  ],
  [
    "a bounce that came later",
    { ...BOUNCE, bounceType: "s", bounceCode: 22, reported: { before: null } },
    { bounces_total: 1, bounces_unique_soft: 1, bounces_unique_remote: 1 },
  ],
  ["a first open", { ...VISIT, name: "open", first: true }, { opens_total: 1, opens_unique: 1 }],
  ["a next open", { ...VISIT, name: "open" }, { opens_total: 1 }],
  [
    "a first click",
    { ...CLICK, first: true, firstOfLink: true },
    { clicks_total: 1, clicks_unique: 1, clicks_unique_by_link: 1 },
  ],
  ["another link", { ...CLICK, firstOfLink: true }, { clicks_total: 1, clicks_unique_by_link: 1 }],
  ["the same link", CLICK, { clicks_total: 1 }],
  ["an unsubscribe", { ...BASE, name: "unsubscribe" }, { unsubs: 1 }],
  ["a complaint", { ...BASE, name: "spam_complaint" }, { scomps: 1 }],
];

describe("an entry of a list's mail", () => {
  it.each(EVENTS)("%s counts", (_what, event, counts) => {
    expect(counted([event])).toEqual(counts);
  });

  it.each<readonly [string, LogEntry]>([
    ["a deferral", { ...ATTEMPT, status: "deferral" }],
    ["a machine's open", { ...VISIT, name: "open", machine: true }],
    ["a machine's click", { ...CLICK, machine: true }],
    ["mail without a list", { ...ATTEMPT, status: "success", listId: "marketing" }],
    ["mail of which nothing is known", { ...BASE, name: "unsubscribe", listId: "" }],
    [
      "a suppression of mail without a list",
      { name: "suppressed", at: T, mailClass: "marketing", tags: "", domain: "x.test" },
    ],
  ])("%s does not count", (_what, entry) => {
    expect(changesOf([entry])).toEqual([]);
  });

  it("a delivery counts once as bounced, under the worst it had", () => {
    const reply = {
      ...BOUNCE,
      bounceType: "o",
      bounceCode: 60,
      reported: { before: null },
    } as const;
    const before = { code: 60, local: false } as const;
    const bad = { ...BOUNCE, bounceType: "h", bounceCode: 10, reported: { before } } as const;
    expect(counted([reply, bad])).toEqual({
      bounces_total: 2,
      bounces_unique_hard: 1,
      bounces_unique_remote: 1,
    });
    const [change] = changesOf([reply, bad]);
    expect(change?.added.codes).toEqual({ 60: 0, 10: 1 });
  });

  it("a refused address that answers by itself stays refused here", () => {
    const refused = { ...BOUNCE, bounceType: "h", bounceCode: 10 } as const;
    const before = { code: 10, local: true } as const;
    const reply = { ...BOUNCE, bounceType: "o", bounceCode: 60, reported: { before } } as const;
    expect(counted([refused, reply])).toEqual({
      bounces_total: 2,
      bounces_unique_hard: 1,
      bounces_unique_local: 1,
    });
  });

  it("is a first of its recipient only if the delivery's first", () => {
    const tally = newListTally();
    const open = { ...VISIT, name: "open" } as const;
    for (const entry of [{ ...open, first: true }, open, { ...CLICK, first: true }]) {
      tally.entry(entry);
    }
    tally.entry({ ...BOUNCE, bounceType: "h", bounceCode: 10 });
    const { messageId, email, at } = BASE;
    const who = { ...NAME, messageId, email, at };
    const firsts = tally.firsts();
    expect(firsts).toMatchObject(["open", "click", "bounce"].map((kind) => ({ ...who, kind })));
    const [change] = withoutRepeated(tally.changes(), firsts);
    const left = change ? Object.entries(countsByName(change.added)) : [];
    expect(Object.fromEntries(left.filter(([, n]) => n !== 0))).toEqual({
      opens_total: 2,
      clicks_total: 1,
      bounces_total: 1,
    });
    expect(change?.added.codes).toEqual({});
  });

  it("starts its campaign at the accept of its message", () => {
    expect(changesOf([{ ...ATTEMPT, status: "success" }])).toMatchObject([
      { ...NAME, startedAt: T },
    ]);
  });
});

const ROW = { hour: T, mailClass: "marketing", tag: "", domain: "example.com" } as const;

describe("accepted mail of a list", () => {
  it("is sent in its form, and starts its campaign", () => {
    const tally = newListTally();
    const campaign = { ...NAME, form: "html", startedAt: T } as const;
    tally.accepted({ ...ROW, accepted: 5, suppressed: 1, campaign });
    tally.accepted({
      ...ROW,
      accepted: 2,
      suppressed: 0,
      campaign: { ...campaign, form: "text", startedAt: T - 9 },
    });
    tally.accepted({ ...ROW, accepted: 1, suppressed: 0, campaign: null });
    const [change, ...others] = tally.changes();
    expect(others).toEqual([]);
    expect(change).toMatchObject({ ...NAME, startedAt: T - 9 });
    expect(change && countsByName(change.added)).toMatchObject({
      sent_html: 4,
      sent_text: 2,
      sent_multipart: 0,
    });
  });

  it("was not sent where a suppression stopped it, at once or later", () => {
    const tally = newListTally();
    const campaign = { ...NAME, form: "multipart", startedAt: T } as const;
    tally.accepted({ ...ROW, accepted: 2, suppressed: 2, campaign });
    expect(tally.changes()).toEqual([]);
    tally.accepted({ ...ROW, accepted: 3, suppressed: 1, campaign });
    tally.entry({
      name: "suppressed",
      at: T,
      mailClass: "marketing",
      tags: "",
      domain: "x.test",
      campaign,
    });
    const [change] = tally.changes();
    expect(change && countsByName(change.added).sent_multipart).toBe(1);
  });
});
