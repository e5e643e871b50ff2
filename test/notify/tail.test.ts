import { Webhook as Verifier } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { App } from "../../src/app.ts";
import { kasploBody } from "../../src/notify/payload/kasplo.ts";
import { runTail } from "../../src/notify/tail.ts";
import { listFailures } from "../../src/store/webhook-failure.ts";
import { retryKept } from "../../src/store/webhook-replay.ts";
import { updateWebhook } from "../../src/store/webhook.ts";
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
  watchedBatches,
} from "./world.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

async function broken(): Promise<never> {
  throw new Error("D1_ERROR: internal error");
}

describe("runTail", () => {
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

  it("posts an event, signed, with the documented body, and writes nothing but the cursor", async () => {
    const { receiver, webhook, event, position, next } = await oneRun();
    const [request, ...more] = await receiver.requests();
    expect(more).toEqual([]);
    expect(request).toMatchObject({ method: "POST", path: "/hook" });
    expect(request?.headers).toMatchObject({
      "content-type": "application/json",
      "webhook-id": event.id,
      "accept-encoding": "identity",
    });
    const body = new Verifier(webhook.secret).verify(request?.body ?? "", request?.headers ?? {});
    expect(body).toEqual(kasploBody(event));
    expect(next).toBeNull();
    expect(await jobsOf(webhook.id)).toEqual([]);
    expect((await stored(app, webhook.id)).cursor).toBe(position);
  });

  it("posts nothing a second time", async () => {
    const { receiver, webhook } = await oneRun();
    await runTail(app, webhook.id);
    expect(await receiver.requests()).toHaveLength(1);
  });

  it("posts every event of a long log once, at most 5 at a time", async () => {
    const receiver = await receiverOf({ delay: 5 });
    const webhook = await putWebhook(app, receiver.url);
    const events = Array.from({ length: 160 }, () => anEvent(clock.now));
    await logEvents(events.slice(0, 120));
    for (const event of events.slice(120)) await logEvents([event]);
    expect(await runTail(app, webhook.id)).toBeNull();
    const { requests, maxConcurrent } = await receiver.log();
    const ids = requests.map((request) => request.headers["webhook-id"]);
    expect(ids).toHaveLength(events.length);
    expect(new Set(ids)).toEqual(new Set(events.map((event) => event.id)));
    expect(maxConcurrent).toBeLessThanOrEqual(5);
    expect(maxConcurrent).toBeGreaterThan(1);
  });

  it("posts only what the endpoint subscribes to, and moves past the rest", async () => {
    const receiver = await receiverOf();
    const webhook = await putWebhook(app, receiver.url, ["bounce_all", "click"]);
    const position = await logEvents([
      anEvent(clock.now),
      anEvent(clock.now, "bounce_all"),
      anEvent(clock.now, "bounce_bad_address"),
    ]);
    const clicks = await putWebhook(app, `${receiver.url}/clicks`, ["click"]);
    await logEvents([anEvent(clock.now, "bounce_all")]);
    await runTail(app, webhook.id);
    await runTail(app, clicks.id);
    const posted = (await receiver.requests()).map((request) => JSON.parse(request.body).event);
    expect(posted).toEqual(["bounce_all", "bounce_all"]);
    expect((await stored(app, webhook.id)).cursor).toBeGreaterThan(position);
    expect((await stored(app, clicks.id)).cursor).toBeGreaterThan(position);
  });

  it("tries again 5 s and 5 min later, with the same id and bytes and a fresh signature", async () => {
    const { receiver, webhook, next } = await oneRun({ status: 500 }, { status: 500 }, {});
    const start = clock.now;
    expect(next).toBe(start + 5 * SECOND);
    clock.now = start + 5 * SECOND - 1;
    expect(await runTail(app, webhook.id)).toBe(start + 5 * SECOND);
    expect(await receiver.requests()).toHaveLength(1);
    clock.now += 1;
    expect(await runTail(app, webhook.id)).toBe(clock.now + 5 * MINUTE);
    clock.now += 5 * MINUTE;
    expect(await runTail(app, webhook.id)).toBeNull();
    const requests = await receiver.requests();
    expect(requests).toHaveLength(3);
    expect(new Set(requests.map((request) => request.body)).size).toBe(1);
    expect(new Set(requests.map((request) => request.headers["webhook-id"])).size).toBe(1);
    const stamps = requests.map((request) => Number(request.headers["webhook-timestamp"]));
    const second = Math.floor((start + 5 * SECOND) / SECOND);
    const third = Math.floor((start + 5 * SECOND + 5 * MINUTE) / SECOND);
    expect(stamps).toEqual([Math.floor(start / SECOND), second, third]);
    expect(new Set(requests.map((r) => r.headers["webhook-signature"])).size).toBe(3);
    expect(await jobsOf(webhook.id)).toEqual([]);
    expect((await stored(app, webhook.id)).failingSince).toBeNull();
  });

  it("gives up after ten tries, lists the event, and a replay sends it once more", async () => {
    const failures = Array.from({ length: 10 }, () => ({ status: 503, body: "come <b>later" }));
    const { receiver, webhook, event, next } = await oneRun(...failures, {});
    const waits: number[] = [];
    let due = next;
    while (typeof due === "number" && waits.length < 20) {
      waits.push(due - clock.now);
      clock.now = due;
      due = await runTail(app, webhook.id);
    }
    expect(due).toBeNull();
    expect(waits).toEqual([
      5 * SECOND,
      ...[5, 30, 120, 300, 600, 840, 1200, 1440].map((minutes) => minutes * MINUTE),
    ]);
    expect(await receiver.requests()).toHaveLength(10);
    const page = { webhookId: webhook.id, order: "asc", after: null, limit: 10 } as const;
    expect((await listFailures(app.db, page)).failures).toEqual([
      {
        entry: {
          id: event.id,
          at: event.at,
          event: "delivery_attempt",
          body: JSON.stringify(kasploBody(event)),
          error: "answered 503: come <b>later",
          last: {
            at: expect.any(Number),
            url: webhook.url,
            status: 503,
            ms: expect.any(Number),
            answer: expect.stringContaining("<b>later"),
          },
        },
        tries: 10,
        dueAt: null,
      },
    ]);
    const ask = { webhookId: webhook.id, eventId: event.id, jobId: app.newId(), now: clock.now };
    expect(await retryKept(app.db, ask)).toBe(true);
    expect(await runTail(app, webhook.id)).toBeNull();
    const requests = await receiver.requests();
    expect(requests).toHaveLength(11);
    expect(requests[10]?.headers["webhook-id"]).toBe(event.id);
    expect(requests[10]?.body).toBe(requests[0]?.body);
    expect((await listFailures(app.db, page)).failures).toEqual([]);
  });

  it("disables an endpoint that answers 410, keeps its event, and posts nothing more", async () => {
    const { receiver, webhook, event, next } = await oneRun({ status: 410 });
    expect(next).toBeNull();
    expect(await stored(app, webhook.id)).toMatchObject({
      state: "disabled",
      disabledReason: "the receiver answered 410 Gone",
    });
    await logEvents([anEvent(clock.now)]);
    clock.now += HOUR;
    expect(await runTail(app, webhook.id)).toBeNull();
    expect(await receiver.requests()).toHaveLength(1);
    const [kept] = await jobsOf(webhook.id);
    expect(kept?.due_at).toBeNull();
    expect(kept?.entries).toContain(event.id);
  });

  it("disables an endpoint that only failed for 5 days, and starts it again at the head", async () => {
    const { receiver, webhook } = await oneRun({ status: 500 }, { status: 500 }, {});
    clock.now += 5 * 24 * HOUR;
    expect(await runTail(app, webhook.id)).toBeNull();
    const since = (await stored(app, webhook.id)).disabledReason;
    expect(since).toMatch(/^every try has failed since \d{4}-/);
    await logEvents([anEvent(clock.now)]);
    const change = { id: webhook.id, state: "enabled" as const, now: clock.now };
    expect(await updateWebhook(app.db, change)).toMatchObject({
      state: "enabled",
      disabledReason: null,
      failingSince: null,
    });
    expect(await runTail(app, webhook.id)).toBeNull();
    const later = anEvent(clock.now);
    await logEvents([later]);
    await runTail(app, webhook.id);
    const requests = await receiver.requests();
    expect(requests).toHaveLength(3);
    expect(requests[2]?.headers["webhook-id"]).toBe(later.id);
  });

  it("forgets that an endpoint failed once it succeeds", async () => {
    const { webhook } = await oneRun({ status: 500 }, {});
    const failing = (await stored(app, webhook.id)).failingSince;
    expect(failing).toBe(clock.now);
    clock.now += 5 * SECOND;
    await runTail(app, webhook.id);
    expect((await stored(app, webhook.id)).failingSince).toBeNull();
  });

  it("tries fresh events and due ones in the same pass", async () => {
    const { receiver, webhook } = await oneRun({ status: 500 }, {});
    clock.now += 5 * SECOND;
    await logEvents([anEvent(clock.now)]);
    expect(await runTail(app, webhook.id)).toBeNull();
    expect(await receiver.requests()).toHaveLength(3);
    expect(await jobsOf(webhook.id)).toEqual([]);
  });

  it("writes one row for a run without failures", async () => {
    const receiver = await receiverOf();
    const webhook = await putWebhook(app, receiver.url);
    await logEvents(Array.from({ length: 50 }, () => anEvent(clock.now)));
    let written = 0;
    const db = watchedBatches(app.db, async (_nth, run) => {
      const results = await run();
      for (const result of results) written += result.meta.rows_written;
      return results;
    });
    await runTail({ ...app, db }, webhook.id);
    expect(await receiver.requests()).toHaveLength(50);
    expect(written).toBe(1);
  });

  it("commits although the database fails once, so that nothing is posted twice", async () => {
    const receiver = await receiverOf();
    const webhook = await putWebhook(app, receiver.url);
    await logEvents([anEvent(clock.now)]);
    const db = watchedBatches(app.db, (nth, run) => (nth === 2 ? broken() : run()));
    await runTail({ ...app, db }, webhook.id);
    await runTail(app, webhook.id);
    expect(await receiver.requests()).toHaveLength(1);
  });

  it("posts an event again, with the same id, when the commit was lost", async () => {
    const receiver = await receiverOf();
    const webhook = await putWebhook(app, receiver.url);
    const event = anEvent(clock.now);
    await logEvents([event]);
    const db = watchedBatches(app.db, (nth, run) => (nth > 1 ? broken() : run()));
    await expect(runTail({ ...app, db }, webhook.id)).rejects.toThrow("D1_ERROR");
    expect(await runTail(app, webhook.id)).toBeNull();
    const ids = (await receiver.requests()).map((request) => request.headers["webhook-id"]);
    expect(ids).toEqual([event.id, event.id]);
  });

  it("says that an endpoint which was deleted is gone", async () => {
    expect(await runTail(app, app.newId())).toBe("gone");
  });

  it("posts nothing for a disabled endpoint", async () => {
    const receiver = await receiverOf();
    const webhook = await putWebhook(app, receiver.url);
    await updateWebhook(app.db, { id: webhook.id, state: "disabled", now: clock.now });
    await logEvents([anEvent(clock.now)]);
    expect(await runTail(app, webhook.id)).toBeNull();
    expect(await receiver.requests()).toEqual([]);
  });
});
