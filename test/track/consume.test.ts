import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { uuidv7 } from "../../src/lib/id.ts";
import { MAX_ACTIVITY } from "../../src/model/delivery.ts";
import type { Fact } from "../../src/model/fact.ts";
import { consume } from "../../src/queue/consume.ts";
import { claimDue } from "../../src/store/delivery-claim.ts";
import { recordFacts } from "../../src/track/consume.ts";
import { countOf, events } from "../support/ledger.ts";
import { MINUTE, people, queueWorld, type QueueWorld, START } from "../support/queue-world.ts";
import { BROWSER, PROXY } from "../support/tracking.ts";
import { ask } from "../support/world.ts";

let world: QueueWorld;
beforeEach(async () => {
  world = await queueWorld();
});
afterEach(() => world.stop());

/** Sends and delivers. */
async function delivered(to: readonly string[]): Promise<string> {
  const id = await world.send(to, { metadata: { sendId: "July" } });
  await consume(world.app);
  await world.app.idle();
  return id;
}

const LATER = START + MINUTE;

function opened(
  messageId: string,
  change: { readonly at?: number; readonly position?: number; readonly userAgent?: string } = {},
): Fact {
  const at = change.at ?? LATER;
  const base = {
    id: uuidv7(at),
    at,
    position: 0,
    ip: "192.0.2.7",
    userAgent: BROWSER,
    prefetch: false,
  };
  return { kind: "open", messageId, ...base, ...change };
}

function clicked(
  messageId: string,
  index = 0,
  change: { readonly at?: number; readonly position?: number } = {},
): Fact {
  return { ...opened(messageId, change), kind: "click", index, url: `https://x/${index}` };
}

/** Opens and clicks of the log: name and whether by a machine. */
async function visits(): Promise<readonly string[]> {
  return (await events()).flatMap((event) =>
    "machine" in event ? [`${event.name} ${event.machine ? "machine" : "person"}`] : [],
  );
}

describe("a batch of facts", () => {
  it("is one log row and one update per delivery", async () => {
    const id = await delivered(people(3));
    const before = await countOf("event_log");
    world.d1.reset();
    await recordFacts(world.app, [
      opened(id, { position: 0 }),
      opened(id, { position: 0, userAgent: PROXY }),
      clicked(id, 1, { position: 0 }),
      opened(id, { position: 2 }),
    ]);
    expect([(await countOf("event_log")) - before, world.d1.rowsWritten()]).toEqual([1, 3]);
    expect(await visits()).toEqual(["open person", "open machine", "click person", "open person"]);
  });

  it("is a row of the log for each hundred", async () => {
    const id = await delivered(people(250));
    const before = await countOf("event_log");
    await recordFacts(
      world.app,
      people(250).map((_, position) => opened(id, { position })),
    );
    expect((await countOf("event_log")) - before).toBe(3);
    expect(await visits()).toHaveLength(250);
  });

  it("counts once what the queue brings twice, alone or among others", async () => {
    const id = await delivered(["a@example.com"]);
    const [one, two, three] = [opened(id), clicked(id), opened(id, { at: LATER + 9_000 })];
    await recordFacts(world.app, [one, one, two]);
    world.d1.reset();
    await recordFacts(world.app, [one, two]);
    expect(world.d1.rowsWritten()).toBe(0);
    await recordFacts(world.app, [two, three]);
    expect(await visits()).toEqual(["open person", "click person", "open person"]);
  });

  it("counts once when D1 commits and does not say so, and throws when it does nothing", async () => {
    const id = await delivered(["a@example.com"]);
    const fact = opened(id);
    world.d1.plan({ on: ({ kind }) => kind === "batch", mode: "before" });
    await expect(recordFacts(world.app, [fact])).rejects.toThrow("injected");
    world.d1.plan({ on: ({ kind }) => kind === "batch", mode: "after", times: 1 });
    await recordFacts(world.app, [fact]);
    expect(await visits()).toEqual(["open person"]);
  });

  it("counts every fact of two batches at once", async () => {
    const id = await delivered(["a@example.com"]);
    const batches = [1, 2, 3].map((n) => [opened(id, { at: LATER + n * 10_000 }), clicked(id, n)]);
    await Promise.all(batches.map((batch) => recordFacts(world.app, batch)));
    expect(await visits()).toHaveLength(6);
  });

  it("leaves out facts of messages that are gone", async () => {
    await recordFacts(world.app, [
      opened("01939d6e-0000-7000-8000-000000000001"),
      clicked("x"),
      opened("x", { position: 70_000 }),
    ]);
    expect([await visits(), world.logged]).toEqual([[], ["facts_dropped"]]);
  });

  it("stops at a bound, so that a pixel loaded for ever does not grow a row for ever", async () => {
    const id = await delivered(["a@example.com"]);
    for (let n = 0; n < 6; n++) {
      await recordFacts(
        world.app,
        Array.from({ length: 100 }, () => opened(id)),
      );
    }
    expect(await visits()).toHaveLength(MAX_ACTIVITY);
  });
});

describe("machines", () => {
  it("are told by the time since delivery and by clicking every link at once", async () => {
    const id = await delivered(people(3));
    const soon = START + 500;
    await recordFacts(world.app, [
      opened(id, { at: soon }),
      clicked(id, 0, { at: soon }),
      ...[0, 1, 2].map((index) => clicked(id, index, { position: 1, at: LATER + index })),
      clicked(id, 0, { position: 2 }),
      clicked(id, 0, { position: 2, at: LATER + 1 }),
    ]);
    expect(await visits()).toEqual([
      "open machine",
      "click machine",
      "click machine",
      "click machine",
      "click machine",
      "click person",
      "click person",
    ]);
  });

  it("are told by coming while the mail is still on its way, unless a copy may have left", async () => {
    const id = await world.send(["a@example.com"]);
    const now = START;
    const lease = { leaseUntil: now + MINUTE, limit: 100, alone: true } as const;
    await claimDue(world.app.db, { lane: "transactional", now, leaseId: "one", ...lease });
    await recordFacts(world.app, [opened(id, { at: now + 10_000 })]);
    const later = { now: now + MINUTE, leaseId: "two", leaseUntil: now + 2 * MINUTE };
    await claimDue(world.app.db, { lane: "transactional", ...lease, ...later });
    await recordFacts(world.app, [opened(id, { at: now + 70_000 })]);
    expect(await visits()).toEqual(["open machine", "open person"]);
  });

  it("leave the first open and the first click of a person marked as that, once", async () => {
    const id = await delivered(people(2));
    const firsts = async () =>
      (await events()).flatMap((event) =>
        "machine" in event && event.first ? [`${event.name} ${event.position}`] : [],
      );
    await recordFacts(world.app, [opened(id, { userAgent: PROXY }), opened(id), opened(id)]);
    await recordFacts(world.app, [
      opened(id, { at: LATER + 5_000 }),
      clicked(id),
      opened(id, { position: 1 }),
    ]);
    await recordFacts(world.app, [clicked(id, 0, { at: LATER + 9_000 })]);
    expect(await firsts()).toEqual(["open 0", "click 0", "open 1"]);
  });

  it("stay out of unique counts and are marked in /v1/events", async () => {
    const id = await delivered(people(2));
    await recordFacts(world.app, [
      opened(id),
      opened(id, { at: LATER + 5_000 }),
      opened(id, { userAgent: PROXY }),
      opened(id, { userAgent: PROXY, position: 1 }),
      clicked(id),
    ]);
    const read = await ask(world.app, "GET", `/v1/messages/${id}`, { key: world.key });
    const { data } = await read.json<{
      data: { tracking: unknown; timeline: { event: string }[] };
    }>();
    expect(data.tracking).toEqual({
      opens: { people: 2, machines: 2, unique: 1 },
      clicks: { people: 1, machines: 0, unique: 1 },
    });
    expect(data.timeline.filter(({ event }) => event === "open")).toHaveLength(4);
    const listed = await ask(world.app, "GET", `/v1/events?event=open`, { key: world.key });
    const { data: shown } = await listed.json<{
      data: { machine: boolean; user_agent: string }[];
    }>();
    expect(shown.map(({ machine, user_agent }) => [machine, user_agent === PROXY])).toEqual(
      shown.map(({ machine }) => [machine, machine]),
    );
    expect(shown.filter(({ machine }) => machine)).toHaveLength(2);
  });
});

/** Rows that a webhook's cursor costs: one per run of up to 100 events, of which an email has three. */
const WEBHOOK_ROWS = 3 / 100;

describe("the bill in rows written", () => {
  it("is at most 12 for a tracked email in windows of 50, purge included", async () => {
    world.d1.reset();
    const ids: string[] = [];
    for (const address of people(50)) ids.push(await world.send([address]));
    await consume(world.app);
    await world.app.idle();
    await recordFacts(
      world.app,
      ids.map((id) => opened(id)),
    );
    await recordFacts(
      world.app,
      ids.map((id) => clicked(id)),
    );
    expect(await visits()).toHaveLength(100);
    const tables = ["messages", "contents", "deliveries", "event_log"] as const;
    const counts = await Promise.all(tables.map(countOf));
    const purge = counts.reduce((sum, count) => sum + count, 0);
    const rows = (world.d1.rowsWritten() + purge) / 50 + WEBHOOK_ROWS;
    expect(rows).toBeLessThanOrEqual(12);
    expect(rows).toBeGreaterThan(8);
  });
});
