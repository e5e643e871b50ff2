// The parts of the portal that need no browser.
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { csvOf } from "../../../portal/lib/csv.ts";
import { type Choice, FEW, offered } from "../../../portal/lib/choices.ts";
import { pauseAfter } from "../../../portal/lib/every.ts";
import { given, refused } from "../../../portal/lib/load.ts";
import { placeFor } from "../../../portal/lib/find.ts";
import { hashOf, placeOf } from "../../../portal/lib/router.ts";
import { sorted } from "../../../portal/lib/sorted.ts";
import { MOST_ROWS, type Read, readOn, readRows, wantedAgain } from "../../../portal/lib/rows.ts";
import { eventsIn, linesIn } from "../../../portal/lib/stream.ts";
import { counted, NOT_ASKED, takeTurns } from "../../../portal/lib/turns.ts";
import {
  type ActivityEvent,
  atOf,
  messageOf,
  newestFirst,
} from "../../../portal/screens/activity/event.ts";
import { timeOf } from "../../../portal/screens/activity/older.ts";
import { fieldOf, previewOf } from "../../../portal/screens/suppressions/suppression.ts";
import {
  tallied,
  fileRows,
  type Line,
  NOTHING,
} from "../../../portal/screens/suppressions/uploaded.ts";
import { changeOf, rangesOf } from "../../../portal/screens/overview/stats.ts";
import { modulesText, toggled } from "../../../portal/screens/team/user.ts";

const found = { screen: "message", id: "01a21c91-2d12-7561-805a-026029e3bc0b" };

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

it.each([
  [" ann@example.com ", { screen: "activity", query: { recipient: "ann@example.com" } }],
  ["@example.com", { screen: "activity", query: { domain: "example.com" } }],
  ["spring sale", { screen: "activity", query: { tag: "spring sale" } }],
  ["01A21C91-2D12-7561-805A-026029E3BC0B", found],
  ["<01a21c91-2d12-7561-805a-026029e3bc0b@example.com>", found],
  ["01a21c91-2d12-7561-805a-026029e3bc0b:3", found],
  ["  ", null],
])("finds %j", (text, place) => expect(placeFor(text)).toEqual(place));

describe("what became of an upload", () => {
  const LINES: readonly Line[] = [
    { line: 2, result: "added", entry: "a@b.c", scope: "global" },
    { line: 3, result: "already_there", entry: "@b.c", scope: "bounce" },
    { line: 4, result: "refused", reason: "entry: must be an address" },
    { rows: 3 },
  ];

  it("is counted line by line, with what ended it", () => {
    const errors = ["Line 4: entry: must be an address"];
    const all = { added: 1, there: 1, refused: 1, errors, failure: null };
    expect(LINES.reduce(tallied, NOTHING)).toEqual(all);
    expect(tallied(all, { error: { message: "gone" } })).toEqual({ ...all, failure: "gone" });
  });

  it("names the first hundred refused rows, and counts the rest", () => {
    const refused = Array.from(
      { length: 150 },
      (_, line) => ({ line, result: "refused", reason: "x" }) as const,
    );
    const came = refused.reduce(tallied, NOTHING);
    expect([came.errors.length, came.refused]).toEqual([100, 150]);
  });

  it("is a row of a file each", () => {
    expect(fileRows(LINES)).toEqual([
      ["line", "result", "entry", "scope", "reason"],
      ["2", "added", "a@b.c", "global", ""],
      ["3", "already_there", "@b.c", "bounce", ""],
      ["4", "refused", "", "", "entry: must be an address"],
    ]);
  });

  it("is read by whole lines, however it comes", () => {
    expect(linesIn('{}\n{"a":1}\n{"b')).toEqual({ data: ["{}", '{"a":1}'], rest: '{"b' });
  });
});

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

describe("questions that take turns", () => {
  it("are asked one at a time, and once more when asked for meanwhile", async () => {
    const turn = takeTurns();
    const asked: string[] = [];
    const ends: (() => void)[] = [];
    const ask = (kind: string): void =>
      turn(kind, async () => {
        asked.push(kind);
        await new Promise<void>((resolve) => ends.push(resolve));
      });
    for (const kind of ["again", "again", "more", "again", "more"]) ask(kind);
    expect(asked).toEqual(["again"]);
    while (ends.length > 0) {
      ends.shift()?.();
      await sleep(0);
    }
    expect(asked).toEqual(["again", "again", "more"]);
    ask("more");
    expect(asked).toEqual(["again", "again", "more", "more"]);
  });

  it("come seldom while they are refused, and as often as before after an answer", () => {
    let asked = NOT_ASKED;
    const pauses = Array.from({ length: 7 }, () => {
      asked = counted(asked, "refused");
      return pauseAfter(1_000, asked.failures);
    });
    expect(pauses).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    asked = counted(asked, "given");
    expect(asked.answers).toBe(8);
    expect(pauseAfter(1_000, asked.failures)).toBe(1_000);
  });
});

describe("what is shown while the API refuses", () => {
  const nothing = { ...NOT_ASKED, key: null, data: null, error: null };

  it("is the answer of before, with what was refused", () => {
    const held = given(nothing, "a", "shown");
    const after = refused(held, "a", "down");
    expect(after).toEqual({ key: "a", data: "shown", error: "down", answers: 2, failures: 1 });
    expect(given(after, "a", "new")).toMatchObject({ data: "new", error: null, failures: 0 });
  });

  it("is not the answer to another question", () => {
    expect(refused(given(nothing, "a", "shown"), "b", "down").data).toBe(null);
  });
});

describe("rows that are read anew", () => {
  /** A list as the API pages it: numbers in their order; a cursor is the last one that was shown. */
  const readOf =
    (all: readonly number[], asked: number[] = []): Read<number> =>
    async (limit, cursor) => {
      asked.push(limit);
      const rest = all.filter((row) => cursor === null || row > Number(cursor));
      const data = rest.slice(0, limit);
      return { data, next_cursor: rest.length > limit ? String(data.at(-1)) : null };
    };
  const PAGE = 20;
  const list = fc.uniqueArray(fc.integer({ min: 0, max: 400 }), { maxLength: 150 });
  const inOrder = (rows: readonly number[]): readonly number[] => rows.toSorted((a, b) => a - b);

  it("are as many as were shown, as they are now, with the cursor behind them", async () => {
    const property = fc.asyncProperty(list, list, fc.nat(6), async (one, other, olders) => {
      const [before, after] = [inOrder(one), inOrder(other)];
      const read = readOf(before);
      let shown = await readRows(read, wantedAgain(null, PAGE));
      for (let older = 0; older < olders; older += 1) shown = await readOn(read, shown, PAGE);
      const wanted = wantedAgain(shown, PAGE);
      const fresh = await readRows(readOf(after), wanted);
      expect(fresh.data).toEqual(after.slice(0, wanted));
      expect(wanted).toBeGreaterThanOrEqual(shown.data.length);
      const rest = await readOn(readOf(after), fresh, 1_000);
      expect(rest.data).toEqual(after);
    });
    await fc.assert(property);
  });

  it.each([
    [{ data: [], next_cursor: null }, 20, "what is made first"],
    [{ data: rows(40), next_cursor: null }, 60, "what came behind the last row"],
    [{ data: rows(40), next_cursor: "39" }, 40, "no more than was shown"],
    [{ data: rows(5), next_cursor: "9" }, 20, "a page at least"],
    [{ data: rows(3_000), next_cursor: "2999" }, MOST_ROWS, "a bounded number"],
  ])("%#: are %i, to see %s", (shown, wanted, _why) => {
    expect(wantedAgain(shown, PAGE)).toBe(wanted);
  });

  it("cost as few questions as the API allows", async () => {
    const asked: number[] = [];
    await readRows(readOf(rows(500), asked), 250);
    expect(asked).toEqual([100, 100, 50]);
  });

  it("end, though pages hold nothing", async () => {
    let pages = 0;
    const read: Read<number> = async () => {
      pages += 1;
      return { data: [], next_cursor: String(pages) };
    };
    await readRows(read, 10);
    expect(pages).toBe(20);
  });
});

function rows(count: number): number[] {
  return Array.from({ length: count }, (_, row) => row);
}

describe("choices among many", () => {
  const many: readonly Choice[] = rows(340).map((row) => [String(row), `Number ${row}`]);
  const values = (found: readonly Choice[]): readonly string[] => found.map(([value]) => value);

  it("are offered as far as they are drawn, those that are chosen in their places among them", () => {
    const found = offered(many, { chosen: ["200", "3"], text: "" });
    const drawn = rows(FEW + 1).map(String);
    expect(values(found.shown)).toEqual([...drawn, "200"]);
    expect(found).toMatchObject({ count: 340, fitting: 340, hidden: 318, others: [] });
  });

  it.each([
    [
      "NUMBER 33",
      ["5", "33", "330", "331", "332", "333", "334", "335", "336", "337", "338", "339"],
    ],
    [" number 339 ", ["5", "339"]],
    ["none of them", ["5"]],
  ])("are found by %j, and what is chosen stays", (text, expected) => {
    const found = offered(many, { chosen: ["5"], text });
    expect(values(found.shown)).toEqual(expected);
    expect(found.hidden).toBe(0);
  });

  it("keep what is chosen and not among them", () => {
    const few = many.slice(0, FEW);
    expect(offered(few, { chosen: ["2", "away", ""], text: "x" })).toMatchObject({
      shown: [["2", "Number 2"]],
      others: ["away"],
    });
  });
});
