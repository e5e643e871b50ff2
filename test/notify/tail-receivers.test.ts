// What receivers may do to the tail, and what it makes of them (reliability F19).
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { App } from "../../src/app.ts";
import { runTail } from "../../src/notify/tail.ts";
import { startHttpReceiver, type HttpReceiver } from "../peers/client.ts";
import type { HttpReply } from "../peers/script.ts";
import {
  anEvent,
  type Clock,
  emptyTables,
  jobsOf,
  logEvents,
  putWebhook,
  stored,
  testApp,
} from "./world.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

describe("runTail with a receiver at fault", () => {
  let clock: Clock;
  let app: App;
  let receivers: HttpReceiver[];

  beforeEach(async () => {
    await emptyTables();
    clock = { now: Date.now() };
    app = testApp({ now: () => clock.now });
    receivers = [];
  });
  afterEach(async () => {
    await Promise.all(receivers.map((receiver) => receiver.stop()));
  });

  async function receiverOf(...replies: readonly HttpReply[]): Promise<HttpReceiver> {
    const receiver = await startHttpReceiver({ replies });
    receivers.push(receiver);
    return receiver;
  }

  /** One event, one endpoint that answers like this, one run; what is kept and when to look again. */
  async function oneRun(...replies: readonly HttpReply[]) {
    const receiver = await receiverOf(...replies);
    const webhook = await putWebhook(app, `${receiver.url}/hook`);
    const event = anEvent(clock.now);
    const position = await logEvents([event]);
    const next = await runTail(app, webhook.id);
    return { receiver, webhook, event, position, next };
  }

  it("counts an answer after 6 s as a failure and one after 4 s as none", async () => {
    const late = await receiverOf({ delay: 6_000 });
    const slow = await receiverOf({ delay: 4_000, status: 204 });
    const [first, second] = [await putWebhook(app, late.url), await putWebhook(app, slow.url)];
    await logEvents([anEvent(clock.now)]);
    const nexts = await Promise.all([runTail(app, first.id), runTail(app, second.id)]);
    expect(nexts).toEqual([clock.now + 5 * SECOND, null]);
    expect((await jobsOf(first.id))[0]?.entries).toContain("no answer within 5 s");
    expect(await jobsOf(second.id)).toEqual([]);
  });

  it.each([301, 302, 303, 307, 308])("does not follow a %i", async (status) => {
    const canary = await receiverOf();
    const { next } = await oneRun({ status, headers: { location: `${canary.url}/secret` } });
    expect(next).toBe(clock.now + 5 * SECOND);
    expect(await canary.requests()).toEqual([]);
  });

  it("waits as long as Retry-After says", async () => {
    const limited = await oneRun({ status: 429, headers: { "retry-after": "60" } });
    expect(limited.next).toBe(clock.now + MINUTE);
    const date = new Date(clock.now + 2 * HOUR).toUTCString();
    const busy = await oneRun({ status: 503, headers: { "retry-after": date } });
    expect(busy.next).toBeGreaterThan(clock.now + 2 * HOUR - 2 * SECOND);
    expect(busy.next).toBeLessThanOrEqual(clock.now + 2 * HOUR);
    const greedy = await oneRun({ status: 503, headers: { "retry-after": "999999" } });
    expect(greedy.next).toBe(clock.now + 24 * HOUR);
    const hasty = await oneRun({ status: 503, headers: { "retry-after": "0" } });
    expect(hasty.next).toBe(clock.now + SECOND);
  });

  it("takes the status of a 1 GB answer and leaves the rest", async () => {
    const good = await oneRun({ bodyBytes: 1e9 });
    expect(good.next).toBeNull();
    const bad = await oneRun({ status: 500, bodyBytes: 1e9 });
    expect(bad.next).toBe(clock.now + 5 * SECOND);
    expect((await jobsOf(bad.webhook.id))[0]?.entries.length).toBeLessThan(2_000);
  });

  it("takes the status of an answer of one byte a second", async () => {
    const { next, webhook } = await oneRun({ body: "x".repeat(60), trickle: 1_000 });
    expect(next).toBeNull();
    expect(await jobsOf(webhook.id)).toEqual([]);
  });

  it("does not believe a compressed answer", async () => {
    const bomb = { status: 500, headers: { "content-encoding": "gzip" }, body: "no gzip" };
    const { next } = await oneRun(bomb);
    expect(next).toBe(clock.now + 5 * SECOND);
  });

  it.each(["rst", "close"] as const)("keeps an event whose connection ends by %s", async (drop) => {
    const { next, webhook } = await oneRun({ drop });
    expect(next).toBe(clock.now + 5 * SECOND);
    expect((await jobsOf(webhook.id))[0]?.entries).toContain("connection failed");
  });

  it("keeps an event when nobody listens", async () => {
    const receiver = await startHttpReceiver();
    await receiver.stop();
    const webhook = await putWebhook(app, receiver.url);
    await logEvents([anEvent(clock.now)]);
    expect(await runTail(app, webhook.id)).toBe(clock.now + 5 * SECOND);
  });

  it("posts nowhere that leads to a private address by now, and keeps the events", async () => {
    const receiver = await receiverOf();
    const webhook = await putWebhook(app, receiver.url);
    await logEvents([anEvent(clock.now)]);
    const production = { ...app, config: { ...app.config, localDev: false } };
    expect(await runTail(production, webhook.id)).toBe(clock.now + 5 * SECOND);
    expect(await receiver.requests()).toEqual([]);
    expect((await jobsOf(webhook.id))[0]?.entries).toContain("not on the public Internet");
  });

  it("keeps events visibly when its secret cannot be opened", async () => {
    const receiver = await receiverOf();
    const webhook = await putWebhook(app, receiver.url);
    await logEvents([anEvent(clock.now)]);
    const encryptionKey = btoa("another key, also 32 bytes long.");
    const other = { ...app, config: { ...app.config, encryptionKey } };
    expect(await runTail(other, webhook.id)).toBe(clock.now + 5 * SECOND);
    expect(await receiver.requests()).toEqual([]);
    expect((await jobsOf(webhook.id))[0]?.entries).toContain("rotate it");
  });

  it("keeps what a slow pass had no time for, and goes on with it", async () => {
    const receiver = await receiverOf();
    const webhook = await putWebhook(app, receiver.url);
    const events = Array.from({ length: 12 }, () => anEvent(clock.now));
    const position = await logEvents(events);
    // Each post takes 3 s of this clock, so a pass of 4 s starts two rounds of five at most.
    const slow = testApp({
      now: () => clock.now,
      fetch: async (request) => {
        clock.now += 3 * SECOND;
        return fetch(request);
      },
    });
    for (let run = 0; run < 12; run++) {
      if ((await runTail(slow, webhook.id)) === null) break;
    }
    const ids = (await receiver.requests()).map((request) => request.headers["webhook-id"]);
    expect(ids).toHaveLength(events.length);
    expect(new Set(ids)).toEqual(new Set(events.map((event) => event.id)));
    expect(await jobsOf(webhook.id)).toEqual([]);
    expect((await stored(app, webhook.id)).cursor).toBe(position);
  });
});
