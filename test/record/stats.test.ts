// Statistics on the real database: they reconcile with the deliveries whatever happened to those, and
// count everything once whoever runs, dies or runs beside.
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { receiveReports } from "../../src/inbound/receive.ts";
import { uuidv7 } from "../../src/lib/id.ts";
import type { Fact } from "../../src/model/fact.ts";
import { type Counter, COUNTERS, type Span } from "../../src/model/stats.ts";
import type { Outcomes } from "../../src/model/pace.ts";
import { countsOf, MAX_NAMES, sumOf } from "../../src/model/stats-rollup.ts";
import { consume } from "../../src/queue/consume.ts";
import { sweep } from "../../src/queue/sweep.ts";
import { COMMIT_LAG_MS, countStats } from "../../src/record/stats.ts";
import { insertSuppressions } from "../../src/store/suppression.ts";
import { pageRollups } from "../../src/store/stats-rollup.ts";
import { unsubscribe } from "../../src/store/suppression-unsubscribe.ts";
import { recordFacts } from "../../src/track/consume.ts";
import type { SmtpScript } from "../peers/script.ts";
import { countOf, states } from "../support/ledger.ts";
import {
  HOUR,
  MINUTE,
  people,
  queueWorld,
  type QueueWorld,
  START,
} from "../support/queue-world.ts";
import { BROWSER, PROXY } from "../support/tracking.ts";
import { DAY, givenManyPast } from "../support/past.ts";

/** Recipients play their outcome by their names. */
const SCRIPT: SmtpScript = {
  rules: [
    { at: "rcpt", match: "bad", do: { reply: "550 5.1.1 No such user" } },
    { at: "rcpt", match: "spam", do: { reply: "554 5.7.1 Message rejected as spam" } },
    { at: "rcpt", match: "once", times: 1, do: { reply: "452 4.2.2 Mailbox full" } },
    { at: "rcpt", match: "never", do: { reply: "451 4.4.1 Try again later" } },
  ],
};

let world: QueueWorld;
beforeEach(async () => {
  world = await queueWorld(SCRIPT);
});
afterEach(() => world.stop());

async function run(): Promise<void> {
  await consume(world.app);
  await world.app.idle();
}

function suppress(address: string) {
  const entry = { entry: address, scope: "global", reason: "" } as const;
  return insertSuppressions(env.DB, [entry], { keyId: "key", now: world.clock.now() });
}

type Change = Partial<Pick<Fact, "at" | "position" | "userAgent" | "prefetch">>;

function opened(messageId: string, change: Change = {}): Fact {
  const at = world.clock.now();
  const base = { id: uuidv7(at), at, position: 0, ip: "", userAgent: BROWSER, prefetch: false };
  return { ...base, messageId, kind: "open", ...change };
}

function clicked(messageId: string, change: Change = {}): Fact {
  return { ...opened(messageId, change), kind: "click", index: 0, url: "https://x/" };
}

/** What is stored: the sums of all spans, and what is not zero of them. */
async function stored(span: Span = "hour", from = 0): Promise<Partial<Record<Counter, number>>> {
  const all = { span, from, to: Number.MAX_SAFE_INTEGER, limit: 10_000 };
  const [tags, groups] = await Promise.all(
    (["tags", "groups"] as const).map(async (dimension) => {
      const pages = await pageRollups(env.DB, { ...all, dimension });
      return countsOf(sumOf(pages.flatMap(({ cells }) => cells.map(({ counts }) => counts))));
    }),
  );
  expect(tags).toEqual(groups);
  return Object.fromEntries(COUNTERS.flatMap((name) => (tags?.[name] ? [[name, tags[name]]] : [])));
}

/** Counts as the sweeper does, when everything accepted is old enough. */
async function countAll(): Promise<void> {
  world.clock.advance(COMMIT_LAG_MS + 1);
  await countStats(world.app);
}

describe("statistics of a mixed run", () => {
  /** What must have been counted of `everything`. */
  const EXPECTED: Partial<Record<Counter, number>> = {
    accepted: 10,
    delivered: 4,
    deferrals: 3,
    bounced_hard: 1,
    bounced_soft: 2,
    late_bounces: 1,
    expired: 1,
    suppressed: 2,
    complaints: 1,
    unsubscribes: 1,
    opens: 4,
    opens_unique: 3,
    opens_machine: 1,
    clicks: 2,
    clicks_unique: 1,
    clicks_machine: 1,
  };

  /** Everything that can become of mail, over some days; `between` runs after each step. */
  async function everything(between: () => Promise<unknown>): Promise<void> {
    const { send, clock, app } = world;
    await suppress("stopped@example.com");
    const to = ["ann@gmail.com", "bob@example.com", "late@hotmail.com", "bad@example.com"];
    const id = await send([
      ...to,
      "spam@gmx.de",
      "once@me.com",
      "never@web.de",
      "stopped@example.com",
    ]);
    const mail = await send(["ann@gmail.com", "queued@yahoo.com"], {
      metadata: { mailClass: "marketing", messageId: "news" },
    });
    await suppress("queued@yahoo.com");
    clock.advance(59 * MINUTE);
    await run();
    await between();
    clock.advance(5 * MINUTE);
    await recordFacts(app, [
      opened(id),
      opened(id, { userAgent: PROXY }),
      opened(mail),
      clicked(mail),
      clicked(mail, { at: clock.now() + MINUTE }),
      clicked(id, { position: 1, prefetch: true }),
    ]);
    await between();
    clock.advance(HOUR);
    await recordFacts(app, [opened(id), opened(id, { position: 1 })]);
    const wish = { id: uuidv7(clock.now()), at: clock.now(), messageId: mail, position: 0 };
    const whose = { email: "ann@gmail.com", tags: "news", sendId: "", listId: "" } as const;
    await unsubscribe(
      env.DB,
      { ...wish, ...whose, mailClass: "marketing", name: "unsubscribe" },
      "",
    );
    const bounce = { kind: "bounce", code: 22, reply: "552 5.2.2 full", host: "" } as const;
    const place = { by: "place", messageId: id, position: 2 } as const;
    await receiveReports(app, [
      { place, at: clock.now(), said: bounce },
      { place: { ...place, position: 1 }, at: clock.now(), said: { kind: "complaint", reply: "" } },
      {
        place: { ...place, position: 1 },
        at: clock.now(),
        said: { kind: "auto_reply", reply: "" },
      },
    ]);
    await between();
    await run();
    await between();
    clock.advance(80 * HOUR);
    await run();
  }

  it.each([
    ["at the end", () => Promise.resolve()],
    ["after each step", () => countStats(world.app)],
  ])("reconcile with the deliveries when they are counted %s", async (_when, between) => {
    await everything(between);
    await countAll();
    expect(await stored()).toEqual(EXPECTED);
    expect(await stored("day")).toEqual(EXPECTED);
    expect(await states()).toEqual({ delivered: 4, bounced: 3, expired: 1, suppressed: 2 });
  });

  it("stand in the hours in which things happened", async () => {
    await everything(countAll);
    await countAll();
    const page = { span: "hour", dimension: "groups", from: START, to: START + 3 * HOUR } as const;
    const hours = await pageRollups(env.DB, { ...page, limit: 9 });
    const sums = hours.map(({ at, cells }) => {
      const counts = countsOf(sumOf(cells.map((cell) => cell.counts)));
      const { accepted, delivered, suppressed, opens, complaints, late_bounces: late } = counts;
      return [(at - START) / HOUR, accepted, delivered, suppressed, opens, complaints, late];
    });
    // `late` was delivered in the first hour: it is taken back there.
    expect(sums).toEqual([
      [0, 10, 3, 2, 0, 0, 0],
      [1, 0, 0, 0, 2, 0, 0],
      [2, 0, 1, 0, 2, 1, 1],
    ]);
  });
});

describe("counting", () => {
  async function delivered(n: number): Promise<string> {
    const id = await world.send(people(n));
    await run();
    return id;
  }

  it("writes three rows for a window of deliveries, and none when nothing is new", async () => {
    await delivered(50);
    await countStats(world.app);
    expect(await stored()).toEqual({ delivered: 50 });
    world.clock.advance(COMMIT_LAG_MS + 1);
    world.d1.reset();
    await countStats(world.app);
    expect([world.d1.rowsWritten(), world.d1.calls().length]).toEqual([3, 3]);
    expect(await stored()).toEqual({ accepted: 50, delivered: 50 });
    world.d1.reset();
    await countStats(world.app);
    expect([world.d1.rowsWritten(), world.d1.calls().length]).toEqual([0, 1]);
  });

  it("tells the quota once what became of attempts, by the minute", async () => {
    const told: Outcomes[] = [];
    const observe = async (news: readonly Outcomes[]) => void told.push(...news);
    const app = { ...world.app, quota: { ...world.app.quota, observe } };
    await world.send(["a@example.com", "bad@example.com", "never@example.com"]);
    await run();
    await countStats(app);
    await countStats(app);
    await world.app.idle();
    const minute = Math.floor(world.clock.now() / MINUTE) * MINUTE;
    expect(told).toEqual([{ minute, attempts: 3, deferred: 1, bounced: 1, complained: 0 }]);
  });

  it("writes one row more for each span that a late bounce takes a delivery back from", async () => {
    const id = await delivered(2);
    await countAll();
    world.clock.advance(DAY);
    const said = { kind: "bounce", code: 22, reply: "552 5.2.2 full", host: "" } as const;
    const place = { by: "place", messageId: id, position: 0 } as const;
    await receiveReports(world.app, [{ place, at: world.clock.now(), said }]);
    world.d1.reset();
    await countStats(world.app);
    expect(world.d1.rowsWritten()).toBe(5);
    const late = { bounced_soft: 1, late_bounces: 1 };
    expect(await stored("day")).toEqual({ accepted: 2, delivered: 1, ...late });
    expect(await stored("day", START)).toEqual(late);
  });

  it("takes back the only delivery of an hour", async () => {
    const id = await delivered(1);
    await countStats(world.app);
    const said = { kind: "bounce", code: 10, reply: "550 5.1.1 no", host: "" } as const;
    const place = { by: "place", messageId: id, position: 0 } as const;
    world.clock.advance(HOUR);
    await receiveReports(world.app, [{ place, at: world.clock.now(), said }]);
    await countStats(world.app);
    expect(await stored()).toEqual({ accepted: 1, bounced_hard: 1, late_bounces: 1 });
  });

  it("does not count what may still be overtaken by a slower accept", async () => {
    await world.send(["a@example.com"]);
    world.clock.advance(COMMIT_LAG_MS - 1);
    await countStats(world.app);
    expect(await stored()).toEqual({});
    world.clock.advance(2);
    await countStats(world.app);
    expect(await stored()).toEqual({ accepted: 1 });
  });

  it.each([
    ["before the commit", { mode: "before" }],
    ["after the commit, unseen", { mode: "after" }],
    ["after the commit, unseen, once", { mode: "after", times: 1 }],
  ] as const)("counts once when it dies %s", async (_when, fault) => {
    await delivered(3);
    world.clock.advance(COMMIT_LAG_MS + 1);
    world.d1.plan({ on: ({ sql }) => sql.includes("into stats_cursor"), ...fault });
    await countStats(world.app).catch(() => undefined);
    expect(world.d1.broken()).toBeGreaterThan(0);
    world.d1.plan(null);
    await countStats(world.app);
    expect(await stored()).toEqual({ accepted: 3, delivered: 3 });
  });

  it("counts once when many run at once", async () => {
    await delivered(3);
    world.clock.advance(COMMIT_LAG_MS + 1);
    await Promise.all(Array.from({ length: 5 }, () => countStats(world.app)));
    expect(await stored()).toEqual({ accepted: 3, delivered: 3 });
  });

  it("leaves to the others what was counted between its read and its commit", async () => {
    await delivered(3);
    world.d1.plan({
      on: ({ sql }) => sql.includes("into stats_cursor"),
      mode: { delayMs: 300 },
      times: 1,
    });
    const slow = countStats(world.app);
    while (world.d1.broken() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await countStats(world.app);
    await delivered(2);
    await countStats(world.app);
    await slow;
    expect(await stored()).toEqual({ delivered: 5 });
  });

  it("works a backlog off in bounded runs", async () => {
    await givenManyPast(2_500, START - DAY);
    await countStats(world.app, 1);
    expect(await stored()).toEqual({ accepted: 1_000 });
    await countStats(world.app);
    expect(await stored()).toEqual({ accepted: 2_500 });
  });

  it("counts what was accepted for many recipients, a piece at a time", async () => {
    await world.send(people(1_000, "a"));
    for (const name of ["b", "c", "d", "e", "f"]) await world.send(people(1_000, name));
    world.clock.advance(COMMIT_LAG_MS + 1);
    await countStats(world.app, 1);
    expect(await stored()).toEqual({ accepted: 5_000 });
    await countStats(world.app, 1);
    expect(await stored()).toEqual({ accepted: 6_000 });
  });

  it("keeps the rows small when every message has a tag of its own", async () => {
    const insert = `insert into event_log (position, events) values (?1, ?2)`;
    const entries = Array.from({ length: 1_000 }, (_, n) => ({
      name: "suppressed",
      at: START,
      mailClass: "marketing",
      tags: `order-${n}-${"x".repeat(180)}`,
      domain: `d${n}.example`,
    }));
    await env.DB.prepare(insert)
      .bind(START * 1_000, JSON.stringify(entries))
      .run();
    await countStats(world.app);
    expect(await stored()).toEqual({ suppressed: 1_000 });
    const row = await env.DB.prepare(
      "select length(tags) as tags, length(domain_groups) as domains from stats_hours",
    ).first<{ tags: number; domains: number }>();
    expect(row?.tags).toBeLessThan((MAX_NAMES.tags + 1) * 250);
    expect(row?.domains).toBeLessThan((MAX_NAMES.groups + 1) * 60);
  });
});

describe("the sweeper", () => {
  it("counts each minute and deletes hours after 62 days, days after 750", async () => {
    await world.send(["a@example.com"]);
    await run();
    world.clock.advance(COMMIT_LAG_MS + 1);
    await sweep(world.app);
    expect(await stored()).toEqual({ accepted: 1, delivered: 1 });
    world.clock.advance(63 * DAY);
    await sweep(world.app);
    expect([await countOf("stats_hours"), await countOf("stats_days")]).toEqual([0, 1]);
    expect(await countOf("messages")).toBe(0);
    expect(await stored("day")).toEqual({ accepted: 1, delivered: 1 });
    world.clock.advance(690 * DAY);
    await sweep(world.app);
    expect(await countOf("stats_days")).toBe(0);
  });
});
