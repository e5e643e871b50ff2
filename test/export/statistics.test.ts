// Files of statistics: the counts of /v1/stats, interval by interval, without what bounced later.
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { receiveReports } from "../../src/inbound/receive.ts";
import { uuidv7 } from "../../src/lib/id.ts";
import { COUNTERS } from "../../src/model/stats.ts";
import { consume } from "../../src/queue/consume.ts";
import { workOnExports } from "../../src/export/work.ts";
import { csvRecords, exportWorld, type ExportWorld, START } from "../support/export-world.ts";
import { HOUR, MINUTE, people, queueWorld, type QueueWorld } from "../support/queue-world.ts";
import { ask } from "../support/world.ts";

let world: ExportWorld;
let queue: QueueWorld;

beforeEach(async () => {
  world = await exportWorld();
  let clock = () => START;
  queue = await queueWorld(
    { rules: [{ at: "rcpt", match: "refused@", do: { reply: "550 5.1.1 User unknown" } }] },
    { newId: () => uuidv7(clock()) },
  );
  clock = queue.clock.now;
});
afterEach(() => queue.stop());

/** Mail in two hours, in both classes, to two groups of domains; one bounces later. */
async function givenMail(): Promise<void> {
  const first = await queue.send(["a@gmail.com", "b@example.com", "refused@example.com"], {
    metadata: { messageId: "=tag" },
  });
  await consume(queue.app);
  queue.clock.advance(HOUR);
  await queue.send(["c@googlemail.com"], { metadata: { mailClass: "marketing" } });
  await consume(queue.app);
  queue.clock.advance(MINUTE);
  const place = { by: "place", messageId: first, position: 1 } as const;
  const said = { kind: "bounce", code: 22, reply: "552 5.2.2 Full", host: "mx.example" } as const;
  await receiveReports(queue.app, [{ place, at: START + HOUR, said }]);
  world.clock.advance(2 * HOUR + 10 * MINUTE);
}

async function recordsOf(body: Readonly<Record<string, unknown>> = {}) {
  const { id } = await world.order({ kind: "statistics", format: "csv", ...body });
  await world.drain();
  return csvRecords(await world.textOf(id));
}

const brief = (records: Awaited<ReturnType<typeof recordsOf>>) =>
  records.map((one) =>
    ["at", "mail_class", "value", "accepted", "delivered", "bounced"].map((name) => one[name]),
  );

describe("statistics", () => {
  it("are a record for each hour, class and domain group, a later bounce taken back (F-188)", async () => {
    await givenMail();
    expect(brief(await recordsOf())).toEqual([
      ["2026-11-21T10:00:00.000Z", "transactional", "example.com", "2", "0", "1"],
      ["2026-11-21T10:00:00.000Z", "transactional", "gmail", "1", "1", "0"],
      ["2026-11-21T11:00:00.000Z", "marketing", "gmail", "1", "1", "0"],
      ["2026-11-21T11:00:00.000Z", "transactional", "example.com", "0", "0", "1"],
    ]);
  });

  it("by tag are the same happenings, formulas guarded", async () => {
    await givenMail();
    const records = await recordsOf({ by: "tag" });
    expect(new Set(records.map(({ value }) => value))).toEqual(new Set(["'=tag", ""]));
    const sum = (all: typeof records) => all.reduce((n, one) => n + Number(one["accepted"]), 0);
    expect([sum(records), sum(await recordsOf())]).toEqual([4, 4]);
    expect(records.every(({ remainder }) => remainder === "false")).toBe(true);
  });

  it("add up to what /v1/stats says", async () => {
    await givenMail();
    const query = `interval=hour&from=${START}&to=${START + 2 * HOUR}`;
    const answer = await ask(world.app, "GET", `/v1/stats?${query}`, { key: world.key });
    const { data } = await answer.json<{ data: { total: { counts: Record<string, number> } } }>();
    const records = await recordsOf({ from: START });
    for (const name of [...COUNTERS, "bounced"]) {
      const sum = records.reduce((n, one) => n + Number(one[name]), 0);
      expect([name, sum]).toEqual([name, data.total.counts[name]]);
    }
  });

  it("are of whole intervals only, days too", async () => {
    await givenMail();
    expect(await recordsOf({ interval: "day" })).toEqual([]);
    world.clock.advance(14 * HOUR);
    const days = await recordsOf({ interval: "day" });
    expect(brief(days).map(([at, ...rest]) => [at?.slice(0, 13), ...rest])).toEqual([
      ["2026-11-21T00", "marketing", "gmail", "1", "1", "0"],
      ["2026-11-21T00", "transactional", "example.com", "2", "0", "2"],
      ["2026-11-21T00", "transactional", "gmail", "1", "1", "0"],
    ]);
    const inHour = { from: START + HOUR + MINUTE, to: START + HOUR + 2 * MINUTE };
    expect(await recordsOf(inHour)).toEqual([]);
    expect(await recordsOf({ from: START, to: START + HOUR - 1 })).toHaveLength(2);
  });

  it("are there over many pages, in order, though a row is written anew in between", async () => {
    const names = people(50).map((_, n) => [`d${n}.example`, [n + 1]]);
    for (let hour = 0; hour < 120; hour++) {
      await env.DB.prepare(
        "insert into stats_hours (at, tags, domain_groups) values (?1, '{}', ?2)",
      )
        .bind(START - (hour + 1) * HOUR, JSON.stringify({ transactional: names, marketing: [] }))
        .run();
    }
    world.clock.advance(10 * MINUTE);
    const { id } = await world.order({ kind: "statistics", format: "ndjson" });
    let reads = 0;
    world.d1.plan({
      on: ({ sql }) => {
        if (sql.includes("from stats_hours") && (reads += 1) === 2) world.clock.advance(30_000);
        return false;
      },
      mode: "before",
    });
    await workOnExports(world.app);
    const { progress, reached, state } = await world.get(id);
    expect([state, reached, progress]).toEqual(["running", expect.any(String), expect.any(Number)]);
    await env.DB.prepare("update stats_hours set domain_groups = ?1")
      .bind(JSON.stringify({ transactional: names.toReversed(), marketing: [] }))
      .run();
    await world.drain();
    const lines = (await world.textOf(id)).trimEnd().split("\n");
    const keys = lines.map((line) => {
      const { at, value }: { at: string; value: string } = JSON.parse(line);
      return `${at} ${value}`;
    });
    expect([keys.length, new Set(keys).size]).toEqual([6_000, 6_000]);
    expect(keys).toEqual(keys.toSorted());
  });

  it("wait until all is counted that belongs into them", async () => {
    await givenMail();
    // More messages of an hour that is over than one run counts.
    await env.DB.prepare(
      `insert into messages (id, created_at, key_id, mail_class, from_address, from_name, subject,
         tags, send_id, list_id, metadata, recipients, on_ambiguous, size)
       with recursive n (n) as (select 1 union all select n + 1 from n where n < 21500)
       select ?1 || printf('%012x', n), ?2, 'key', 'transactional', 's@edgepost.test', '', 's', '', 's',
         'l', '{}', '[{"address":"x@example.net","name":"","role":"to"}]', 'retry', 2 from n`,
    )
      .bind(uuidv7(START + MINUTE).slice(0, 24), START + MINUTE)
      .run();
    const { id } = await world.order({ kind: "statistics", format: "csv" });
    await workOnExports(world.app);
    expect([(await world.get(id)).state, world.logged.at(-1)]).toEqual(["running", "export_waits"]);
    world.clock.advance(MINUTE);
    await world.drain();
    const records = csvRecords(await world.textOf(id));
    expect(records.reduce((n, one) => n + Number(one["accepted"]), 0)).toBe(21_504);
  });
});
