// GET /v1/stats: intervals without holes, splits and filters, rates, bounds, and nothing counted twice.
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LogEntry } from "../../../src/model/event.ts";
import { COMMIT_LAG_MS, countStats } from "../../../src/record/stats.ts";
import { consume } from "../../../src/queue/consume.ts";
import {
  HOUR,
  MINUTE,
  people,
  queueWorld,
  type QueueWorld,
  START,
} from "../../support/queue-world.ts";
import { ask, givenKey } from "../../support/world.ts";
import { expectError, native } from "./native.ts";

let world: QueueWorld;
beforeEach(async () => {
  world = await queueWorld();
});
afterEach(() => world.stop());

type Figures = {
  readonly counts: Readonly<Record<string, number>>;
  readonly rates: Readonly<Record<string, number | null>>;
};
type Stats = {
  readonly from: string;
  readonly to: string;
  readonly counted_until: string;
  readonly filters: unknown;
  readonly total: Figures;
  readonly series: readonly {
    readonly value: string | null;
    readonly remainder: boolean;
    readonly total: Figures;
    readonly intervals: readonly (Figures & { readonly at: string })[];
  }[];
};

async function stats(query: Readonly<Record<string, string | number>> = {}): Promise<Stats> {
  const parameters = Object.entries(query).map(([name, value]) => [name, String(value)]);
  const path = `/v1/stats?${new URLSearchParams(parameters).toString()}`;
  const answer = await ask(world.app, "GET", path, { key: world.key });
  expect(answer.status).toBe(200);
  return (await answer.json<{ data: Stats }>()).data;
}

/** Name, how much was delivered in all. */
function deliveredBy({ series }: Stats): readonly (readonly [string | null, number | undefined])[] {
  return series.map(({ value, total }) => [value, total.counts["delivered"]]);
}

/** Puts deliveries into the log, as if they had been made at START. */
async function givenDelivered(
  list: readonly {
    readonly tags: string;
    readonly email: string;
    readonly mailClass?: "marketing";
  }[],
): Promise<void> {
  const entries = list.map((some, n): LogEntry => {
    const base = { id: `e${n}`, at: START, messageId: "m", position: n, sendId: "", listId: "" };
    const attempt = { name: "delivery_attempt", from: "", injectedAt: 0, text: "" } as const;
    return { ...base, ...attempt, status: "success", mailClass: "transactional", ...some };
  });
  await env.DB.prepare("insert into event_log (position, events) values (?1, ?2)")
    .bind(START * 1000, JSON.stringify(entries))
    .run();
}

describe("GET /v1/stats", () => {
  it("has zeros and nulls for every interval in which nothing happened", async () => {
    const range = { interval: "hour", from: START - 2 * HOUR, to: START };
    const { total, series, from, to } = await stats(range);
    expect([from, to]).toEqual(["2026-11-21T08:00:00.000Z", "2026-11-21T10:00:00.000Z"]);
    expect(series).toHaveLength(1);
    expect(series[0]?.intervals.map(({ at }) => at)).toEqual([
      "2026-11-21T08:00:00.000Z",
      "2026-11-21T09:00:00.000Z",
    ]);
    for (const figures of [total, ...(series[0]?.intervals ?? [])]) {
      expect(Object.values(figures.counts)).toEqual(Array.from({ length: 18 }, () => 0));
      expect(Object.values(figures.rates)).toEqual([null, null, null, null, null, null]);
    }
  });

  it("tells at once what was just sent, before and after the sweeper counts it", async () => {
    await world.send(people(3));
    await consume(world.app);
    await world.app.idle();
    const before = await stats();
    expect(before.total.counts).toMatchObject({ accepted: 3, delivered: 3 });
    expect(before.total.rates).toMatchObject({ delivery: 1, bounce: 0, open: 0 });
    expect(before.counted_until).toBe(new Date(START).toISOString());
    world.clock.advance(COMMIT_LAG_MS + 1);
    await countStats(world.app);
    expect((await stats()).total).toEqual(before.total);
    await Promise.all([stats(), stats(), countStats(world.app)]);
    expect((await stats()).total).toEqual(before.total);
  });

  it("shows days unless asked for hours, the last 30", async () => {
    await givenDelivered([{ tags: "a", email: "a@example.com" }]);
    const { series, from, to } = await stats();
    expect([from, to]).toEqual(["2026-10-22T00:00:00.000Z", "2026-11-22T00:00:00.000Z"]);
    const days = series[0]?.intervals.map(({ counts }) => counts["delivered"]);
    expect(days).toEqual([...Array.from({ length: 30 }, () => 0), 1]);
    const hours = await stats({ interval: "hour" });
    expect(hours.series[0]?.intervals).toHaveLength(24);
  });

  it("widens the range to whole intervals", async () => {
    const range = { from: START + MINUTE, to: START + HOUR + MINUTE };
    const { from, to } = await stats({ interval: "hour", ...range });
    expect([from, to]).toEqual(["2026-11-21T10:00:00.000Z", "2026-11-21T12:00:00.000Z"]);
  });

  const SOME = [
    { tags: "july", email: "a@gmail.com", mailClass: "marketing" },
    { tags: "july", email: "b@googlemail.com", mailClass: "marketing" },
    { tags: "july", email: "c@example.com" },
    { tags: "", email: "d@web.de" },
    { tags: "june", email: "e@gmx.net" },
    { tags: "other", email: "f@gmail.com" },
  ] as const;
  const range = { interval: "hour", from: START, to: START + HOUR };

  it.each([
    [{ by: "none" }, [[null, 6]]],
    [
      { by: "mail_class" },
      [
        ["transactional", 4],
        ["marketing", 2],
      ],
    ],
    [
      { by: "tag" },
      [
        ["july", 3],
        ["", 1],
        ["june", 1],
        ["other", 1],
      ],
    ],
    [
      { by: "tag", limit: 1 },
      [
        ["july", 3],
        ["other", 3],
      ],
    ],
    [
      { by: "domain_group" },
      [
        ["gmail", 3],
        ["gmx", 2],
        ["example.com", 1],
      ],
    ],
    [{ by: "domain_group", mail_class: "marketing" }, [["gmail", 2]]],
    [
      { by: "mail_class", tag: "july" },
      [
        ["transactional", 1],
        ["marketing", 2],
      ],
    ],
    [
      { by: "mail_class", domain_group: "gmail" },
      [
        ["transactional", 1],
        ["marketing", 2],
      ],
    ],
    [{ by: "tag", tag: "july" }, [["july", 3]]],
    [{ tag: "" }, [[null, 1]]],
    [{ tag: "nobody's" }, [[null, 0]]],
    [{ domain_group: "GoogleMail.com" }, [[null, 3]]],
    [{ domain_group: "example.com", mail_class: "transactional" }, [[null, 1]]],
    [{ tag: "july", mail_class: "marketing" }, [[null, 2]]],
  ])("%j", async (query, wanted) => {
    await givenDelivered(SOME);
    const answer = await stats({ ...range, ...query });
    expect(deliveredBy(answer)).toEqual(wanted);
    const sum = wanted.reduce((all, [, count]) => all + Number(count), 0);
    expect(answer.total.counts["delivered"]).toBe(sum);
  });

  it("tells the remainder from a name that is called like it", async () => {
    await givenDelivered(SOME);
    const { series } = await stats({ ...range, by: "tag", limit: 3 });
    expect(series.map(({ value, remainder }) => [value, remainder])).toEqual([
      ["july", false],
      ["", false],
      ["june", false],
      ["other", true],
    ]);
  });

  it("counts what has no room of its own in the remainder", async () => {
    const many = Array.from({ length: 150 }, (_, n) => ({ tags: `t${n}`, email: "a@example.com" }));
    await givenDelivered(many);
    const { series, total } = await stats({ ...range, by: "tag", limit: 100 });
    expect([series.length, total.counts["delivered"]]).toEqual([101, 150]);
    expect(series.at(-1)).toMatchObject({
      value: "other",
      remainder: true,
      total: { counts: { delivered: 50 } },
    });
  });

  it("writes nothing when nothing is new, and needs five round trips at most", async () => {
    await stats();
    world.d1.reset();
    await stats({ by: "tag" });
    expect(world.d1.rowsWritten()).toBe(0);
    expect(world.d1.calls().length).toBeLessThanOrEqual(5);
  });

  it.each([
    [{ interval: "week" }, "interval"],
    [{ by: "recipient" }, "by"],
    [{ mail_class: "bulk" }, "mail_class"],
    [{ from: "yesterday" }, "from"],
    [{ from: START, to: START - HOUR }, "from"],
    [{ from: START, to: START }, "from"],
    [{ to: Number.MAX_SAFE_INTEGER }, "to"],
    [{ interval: "hour", from: START - 32 * 24 * HOUR }, "from"],
    [{ from: START - 751 * 24 * HOUR, to: START }, "from"],
    [{ interval: "hour", from: START - 31 * 24 * HOUR, to: START, by: "tag", limit: 13 }, "limit"],
    [{ limit: 0 }, "limit"],
    [{ limit: 101 }, "limit"],
    [{ domain_group: "" }, "domain_group"],
    [{ domain_group: "a..b" }, "domain_group"],
    [{ domain_group: "gmail", tag: "july" }, "domain_group"],
    [{ domain_group: "gmail", by: "tag" }, "domain_group"],
    [{ tag: "july", by: "domain_group" }, "tag"],
  ])("refuses %j", async (query, field) => {
    const parameters = Object.entries(query).map(([name, value]) => [name, String(value)]);
    const path = `/v1/stats?${new URLSearchParams(parameters).toString()}`;
    const answer = await ask(world.app, "GET", path, { key: world.key });
    await expectError(answer, { status: 400, code: "invalid_request", field });
  });

  it("allows the longest ranges", async () => {
    const hours = {
      interval: "hour",
      from: START - 31 * 24 * HOUR,
      to: START,
      by: "tag",
      limit: 12,
    };
    expect((await stats(hours)).series).toEqual([]);
    const days = await stats({ from: START - 749 * 24 * HOUR, to: START });
    expect(days.series[0]?.intervals).toHaveLength(750);
  });

  it("is read with scope read", async () => {
    const { secret: sender } = await givenKey({ scopes: ["send"] });
    const refused = await ask(world.app, "GET", "/v1/stats", { key: sender });
    await expectError(refused, { status: 403, code: "insufficient_scope" });
    const { secret: reader } = await givenKey({ scopes: ["read"] });
    await native(world.app, reader, { path: "/v1/stats" });
  });
});
