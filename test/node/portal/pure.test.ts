// The parts of the portal that need no browser.
import { describe, expect, it } from "vitest";
import { csvOf } from "../../../portal/lib/csv.ts";
import { hashOf, placeOf } from "../../../portal/lib/router.ts";
import { sorted } from "../../../portal/lib/sorted.ts";
import { eventsIn } from "../../../portal/lib/stream.ts";
import {
  type ActivityEvent,
  atOf,
  messageOf,
  newestFirst,
} from "../../../portal/screens/activity/event.ts";
import { timeOf } from "../../../portal/screens/activity/older.ts";
import { fieldOf, previewOf } from "../../../portal/screens/suppressions/suppression.ts";
import { changeOf, rangesOf } from "../../../portal/screens/overview/stats.ts";
import { modulesText, toggled } from "../../../portal/screens/team/user.ts";

function event(id: string, timestamp: string): ActivityEvent {
  return { id, event: "open", timestamp, email: "a@example.com", click_tracking_id: `m-${id}:0` };
}

describe("a place", () => {
  it.each([
    ["", { screen: "overview", id: "", query: {} }],
    ["#/activity?event=open&recipient=a%2Bb%40example.com", activity("a+b@example.com")],
    ["#/message/a%3Ab", { screen: "message", id: "a:b", query: {} }],
    ["#/message/100%", { screen: "message", id: "100%", query: {} }],
    ["#/activity?tag=a?b", { screen: "activity", id: "", query: { tag: "a?b" } }],
  ])("stands in the hash %j", (hash, place) => {
    expect(placeOf(hash)).toEqual(place);
    expect(placeOf(hashOf(place))).toEqual(place);
  });

  it("leaves out filters without a value", () => {
    expect(hashOf({ screen: "activity", query: { event: "", tag: "a b" } })).toBe(
      "#/activity?tag=a+b",
    );
  });
});

function activity(recipient: string) {
  return { screen: "activity", id: "", query: { event: "open", recipient } };
}

describe("the order of a table", () => {
  const text = (row: string): string => row;

  it.each([
    [{ isNumber: true, isDown: false } as const, ["2", "10", "100", "", ""]],
    [{ isNumber: true, isDown: true } as const, ["100", "10", "2", "", ""]],
    [{ isDown: false }, ["10", "100", "2", "", ""]],
  ])("%j leaves what is blank at the end", (by, order) => {
    expect(sorted(["10", "", "2", "", "100"], { text, ...by })).toEqual(order);
  });
});

it("a cursor of the log tells its time", () => {
  expect(timeOf("1795255200123004.2")).toBe("2026-11-21T10:00:00.123Z");
});

describe("an entry of the suppressions", () => {
  it.each([
    ["ann@example.com", { email: "ann@example.com" }],
    ["@example.com", { domain: "example.com" }],
    ["md5:0CC175B9C0F1B6A831C399E269772661", { md5: "0CC175B9C0F1B6A831C399E269772661" }],
    ["0cc175b9c0f1b6a831c399e269772661", { md5: "0cc175b9c0f1b6a831c399e269772661" }],
  ])("%s goes into its field", (entry, field) => {
    expect(fieldOf(entry)).toEqual(field);
  });

  it("is looked at before it is uploaded", () => {
    expect(previewOf("\uFEFFentry\r\na@b.c\nd@e.f", 2)).toEqual(["entry", "a@b.c"]);
  });
});

describe("an exported table", () => {
  it.each([
    ["a,b", '"a,b"'],
    ['say "a"', '"say ""a"""'],
    ["two\nlines", '"two\nlines"'],
    ["=1+1", "'=1+1"],
    ["@a", "'@a"],
    ['-1,"', '"\'-1,"""'],
  ])("keeps %j one cell, and no formula", (text, cell) => {
    expect(csvOf([[text, "z"]])).toBe(`${cell},z\r\n`);
  });
});

describe("server-sent events", () => {
  it("are taken when they are whole, comments and other fields left out", () => {
    const text = 'retry: 500\n\n: hello\n\nid: 1\ndata: {"a":\ndata: 1}\n\ndata: half';
    expect(eventsIn(text)).toEqual({ data: ['{"a":\n1}'], rest: "data: half" });
  });
});

describe("activity", () => {
  it("shows each event once, newest first", () => {
    const rows = newestFirst([event("1", "10"), event("2", "30"), event("1", "10")]);
    expect(rows.map(({ id }) => id)).toEqual(["2", "1"]);
  });

  it("knows when an event happened, and to which message", () => {
    expect(atOf(event("1", "1795255200"))).toBe("2026-11-21T10:00:00.000Z");
    expect(atOf(event("1", "2026-11-21T10:00:00Z"))).toBe("2026-11-21T10:00:00Z");
    expect(messageOf(event("1", "1"))).toBe("m-1");
  });
});

describe("the overview", () => {
  it.each([
    ["day", "2026-11-20T11:00:00.000Z", "2026-11-19T11:00:00.000Z", "2026-11-20T10:59:59.999Z"],
    ["week", "2026-11-15T00:00:00.000Z", "2026-11-08T00:00:00.000Z", "2026-11-14T23:59:59.999Z"],
  ] as const)(
    "compares a %s with the one before, no interval in both",
    (period, from, before, end) => {
      expect(rangesOf(period, Date.parse("2026-11-21T10:30:00Z"))).toEqual({ from, before, end });
    },
  );

  it.each([
    [110, 100, "+10 %"],
    [90, 100, "-10 %"],
    [100, 100, "0 %"],
    [5, 0, null],
  ])("says that %d after %d is %j", (now, before, change) => {
    expect(changeOf(now, before)).toBe(change);
  });
});

describe("the modules of a user", () => {
  const one = { module: "transactional", mail_class: "marketing" };
  const other = { module: "transactional", mail_class: "transactional" };

  it.each([
    ["analyst", [], ""],
    ["analyst", [one], "transactional (marketing mail)"],
    ["analyst", [one, other], "transactional"],
    ["super_admin", [one], "all"],
  ])("of a %s with %o are %j", (role, modules, text) => {
    expect(modulesText({ role, modules })).toBe(text);
  });

  it("are toggled one by one", () => {
    expect(toggled([], one)).toEqual([one]);
    expect(toggled([one], other)).toEqual([one, other]);
    expect(toggled([one, other], { ...one })).toEqual([other]);
  });
});
