// What files of each kind hold: as many records as the API lists, filtered as asked, and delivered only what
// did not bounce later (F-103, F-184, F-188).
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventSource } from "../../src/export/events.ts";
import { uuidv7 } from "../../src/lib/id.ts";
import { receiveReports } from "../../src/inbound/receive.ts";
import { EVENT_NAMES } from "../../src/model/event.ts";
import { kasploBody } from "../../src/notify/payload/kasplo.ts";
import { consume } from "../../src/queue/consume.ts";
import { insertSuppressions } from "../../src/store/suppression.ts";
import { recordFacts } from "../../src/track/consume.ts";
import { pages } from "../accept/kasplo/native.ts";
import type { SmtpScript } from "../peers/script.ts";
import { csvRecords, exportWorld, type ExportWorld, START } from "../support/export-world.ts";
import { events } from "../support/ledger.ts";
import { givenManyPast } from "../support/past.ts";
import { HOUR, MINUTE, people, queueWorld, type QueueWorld } from "../support/queue-world.ts";
import { BROWSER, PROXY } from "../support/tracking.ts";

let world: ExportWorld;
let queue: QueueWorld;

const RELAY: SmtpScript = {
  rules: [
    { at: "rcpt", match: "refused@", do: { reply: "550 5.1.1 User unknown" } },
    { at: "rcpt", match: "deferred@", do: { reply: "451 4.2.0 Later" } },
  ],
};

beforeEach(async () => {
  world = await exportWorld();
  queue = await queueWorld(RELAY, { newId: () => uuidv7(START) });
  world.clock.advance(HOUR);
});
afterEach(() => queue.stop());

async function recordsOf(body: Readonly<Record<string, unknown>>) {
  const { id } = await world.order({ ...body, format: "csv" });
  await world.drain();
  return csvRecords(await world.textOf(id));
}

async function jsonOf(body: Readonly<Record<string, unknown>>) {
  const { id } = await world.order({ ...body, format: "json" });
  await world.drain();
  const parsed: readonly Readonly<Record<string, unknown>>[] = JSON.parse(await world.textOf(id));
  return parsed;
}

/** Mail of all fates: delivered and read, delivered and bounced later, refused, deferred. */
async function givenMail(): Promise<string> {
  const to = [
    "Read@example.com",
    "late@example.com",
    "refused@example.com",
    "deferred@example.com",
  ];
  const id = await queue.send(to, { subject: "=SUM(A1)", metadata: { customer: "=4711" } });
  await consume(queue.app);
  queue.clock.advance(MINUTE);
  const visit = {
    at: START + MINUTE,
    messageId: id,
    position: 0,
    ip: "192.0.2.1",
    prefetch: false,
  };
  await recordFacts(queue.app, [
    { ...visit, id: queue.app.newId(), kind: "open", userAgent: BROWSER },
    { ...visit, id: queue.app.newId(), kind: "open", userAgent: PROXY },
    {
      ...visit,
      id: queue.app.newId(),
      kind: "click",
      userAgent: BROWSER,
      index: 0,
      url: "https://x/",
    },
  ]);
  const place = { by: "place", messageId: id } as const;
  const bounce = { kind: "bounce", code: 22, reply: "552 5.2.2 Full", host: "mx.example" } as const;
  await receiveReports(queue.app, [
    { place: { ...place, position: 1 }, at: START + MINUTE, said: bounce },
    {
      place: { ...place, position: 0 },
      at: START + MINUTE,
      said: { kind: "complaint", reply: "abuse" },
    },
  ]);
  return id;
}

describe("events", () => {
  it("are as many as /v1/events lists, of each name", async () => {
    await givenMail();
    const all = await pages(world.app, world.key, "/v1/events?order=asc");
    expect((await recordsOf({ kind: "events" })).length).toBe(all.flat().length);
    for (const event of EVENT_NAMES) {
      const listed = (await pages(world.app, world.key, `/v1/events?event=${event}`)).flat();
      const records = await recordsOf({ kind: "events", events: [event] });
      expect([event, records.length]).toEqual([event, listed.length]);
      expect(records.every((record) => record["event"] === event)).toBe(true);
    }
  });

  it("are those of /v1/events in JSON, with the state of their delivery", async () => {
    await givenMail();
    const listed = (await pages<object>(world.app, world.key, "/v1/events?order=asc")).flat();
    const records = await jsonOf({ kind: "events" });
    expect(records.map(({ state: _state, ...rest }) => rest)).toEqual(listed);
    expect(new Set(records.map(({ state }) => state))).toEqual(
      new Set(["delivered", "bounced", "deferred"]),
    );
  });

  it("of what is delivered leave out what bounced later (F-188)", async () => {
    await givenMail();
    const asked = { kind: "events", events: ["delivery_attempt"], state: "delivered" };
    expect((await recordsOf(asked)).map(({ email }) => email)).toEqual(["Read@example.com"]);
    const successes = (await recordsOf({ kind: "events" })).filter(
      ({ status }) => status === "success",
    );
    expect(successes.map(({ email, state }) => [email, state])).toEqual([
      ["Read@example.com", "delivered"],
      ["late@example.com", "bounced"],
    ]);
  });

  it("have no state once their message was purged", async () => {
    await givenMail();
    await env.DB.batch([
      env.DB.prepare("delete from deliveries"),
      env.DB.prepare("delete from messages"),
    ]);
    expect((await recordsOf({ kind: "events" })).every(({ state }) => state === "")).toBe(true);
  });

  it("have a column for every key of every event", async () => {
    await givenMail();
    const bodies = (await events()).map(kasploBody);
    expect(new Set(bodies.map(({ event }) => event)).size).toBeGreaterThan(5);
    const { columns } = eventSource.shape;
    for (const key of bodies.flatMap(Object.keys)) expect(columns).toContain(key);
  });

  it("are those of the range, both ends included", async () => {
    await givenMail();
    const at = START + MINUTE;
    const inRange = await jsonOf({ kind: "events", from: at, to: at });
    const listed = await pages(world.app, world.key, `/v1/events?from=${at}&to=${at}`);
    expect([inRange.length > 0, inRange.length]).toEqual([true, listed.flat().length]);
    expect(await jsonOf({ kind: "events", from: at + 1 })).toEqual([]);
  });
});

describe("messages", () => {
  it("are one record for each recipient, with what became of the delivery", async () => {
    const id = await givenMail();
    const records = await recordsOf({ kind: "messages" });
    const seen = records.map((one) => [one["email"], one["state"], one["code"], one["reply"]]);
    expect(seen).toEqual([
      ["Read@example.com", "delivered", "", expect.stringContaining("250")],
      ["late@example.com", "bounced", "22", "552 5.2.2 Full"],
      ["refused@example.com", "bounced", "10", "550 5.1.1 User unknown"],
      ["deferred@example.com", "deferred", "20", "451 4.2.0 Later"],
    ]);
    expect(records[0]).toMatchObject({
      message_id: id,
      click_tracking_id: `${id}:0`,
      created_at: "2026-11-21T10:00:00.000Z",
      delivered_at: "2026-11-21T10:00:00.000Z",
      complained_at: "2026-11-21T10:01:00.000Z",
      unsubscribed_at: "",
      attempts: "1",
      opens: "1",
      clicks: "1",
      subject: "'=SUM(A1)",
      metadata: '{"customer":"=4711"}',
    });
    // A later bounce takes the delivery back (F-188).
    expect(records.slice(1).map((one) => one["delivered_at"])).toEqual(["", "", ""]);
  });

  it("in JSON keep numbers and metadata as they are", async () => {
    await givenMail();
    const [first] = await jsonOf({ kind: "messages", state: "delivered" });
    expect(first).toMatchObject({ opens: 1, code: null, metadata: { customer: "=4711" } });
  });

  it("of one state are as many as there are", async () => {
    await givenMail();
    for (const [state, count] of [
      ["delivered", 1],
      ["bounced", 2],
      ["deferred", 1],
      ["held", 0],
    ]) {
      expect([state, (await recordsOf({ kind: "messages", state })).length]).toEqual([
        state,
        count,
      ]);
    }
  });

  it("are all there over many pages, also those with hundreds of recipients", async () => {
    await givenManyPast(1_234, START - HOUR);
    const big = [await queue.send(people(700)), await queue.send(people(650, "q"))];
    await queue.send(["last@example.com"]);
    const records = await recordsOf({ kind: "messages" });
    expect(records).toHaveLength(1_234 + 700 + 650 + 1);
    expect(new Set(records.map((one) => one["click_tracking_id"])).size).toBe(records.length);
    for (const [n, of] of [700, 650].entries()) {
      expect(records.filter((one) => one["message_id"] === big[n])).toHaveLength(of);
    }
    const ids = records.map((one) => one["message_id"] ?? "");
    expect(ids).toEqual(ids.toSorted());
  });

  it("are those of the range", async () => {
    await givenManyPast(100, START - HOUR);
    const [from, to] = [START - HOUR + 10, START - HOUR + 19];
    expect(await recordsOf({ kind: "messages", from, to })).toHaveLength(10);
    expect(await recordsOf({ kind: "messages", to: START - HOUR - 1 })).toEqual([]);
  });
});

describe("suppressions", () => {
  const entries = (count: number, scope: "global" | "bounce", now: number) =>
    insertSuppressions(
      env.DB,
      people(count, scope).map((entry) => ({ entry, scope, reason: "-1+1" })),
      { keyId: "key", now },
    );

  it("are as many as the list has, in CSV as the direct export writes them (F-103)", async () => {
    await entries(2_500, "global", START);
    await entries(7, "bounce", START);
    const records = await recordsOf({ kind: "suppressions" });
    const listed = await pages(world.app, world.key, "/v1/suppressions?limit=100");
    expect(records).toHaveLength(listed.flat().length);
    expect(records[0]).toEqual({
      entry: "bounce0@example.com",
      scope: "bounce",
      reason: "'-1+1",
      message_id: "",
      added_by: "key",
      created_at: "2026-11-21T10:00:00.000Z",
    });
    expect(await jsonOf({ kind: "suppressions" })).toEqual(listed.flat());
    expect(await recordsOf({ kind: "suppressions", scope: "bounce" })).toHaveLength(7);
  });

  it("are those that were added in the range, and none that came after the export began", async () => {
    await entries(3, "global", START - 2 * HOUR);
    await entries(5, "bounce", START);
    expect(await jsonOf({ kind: "suppressions", to: START - HOUR })).toHaveLength(3);
    expect(await jsonOf({ kind: "suppressions", from: START })).toHaveLength(5);
    const { id } = await world.order({ kind: "suppressions", format: "json" });
    world.clock.advance(1);
    await insertSuppressions(env.DB, [{ entry: "new@example.com", scope: "global", reason: "" }], {
      keyId: "key",
      now: world.clock.now(),
    });
    await world.drain();
    expect(JSON.parse(await world.textOf(id))).toHaveLength(8);
  });
});
