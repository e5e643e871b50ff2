import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { App } from "../../src/app.ts";
import { deleteWebhook, updateWebhook } from "../../src/store/webhook.ts";
import { startHttpReceiver, type HttpReceiver } from "../peers/client.ts";
import type { HttpReply } from "../peers/script.ts";
import { anEvent, emptyTables, jobsOf, logEvents, putWebhook, stored, testApp } from "./world.ts";

const SECOND = 1_000;

const alarmOf = (tail: DurableObjectStub) =>
  runInDurableObject(tail, (_instance, state) => state.storage.getAlarm());

/** Waits until the object sleeps, at most 5 s. */
async function quiet(id: string, done: () => Promise<boolean>): Promise<void> {
  for (let wait = 0; wait < 250 && !(await done()); wait++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  if (!(await done())) throw new Error(`the tail of ${id} did not come to rest`);
}

describe("WebhookTail", () => {
  let app: App;
  let receivers: HttpReceiver[];

  beforeEach(async () => {
    await emptyTables();
    app = testApp();
    receivers = [];
  });
  afterEach(async () => {
    await Promise.all(receivers.map((receiver) => receiver.stop()));
  });

  async function endpointThat(...replies: readonly HttpReply[]) {
    const receiver = await startHttpReceiver({ replies });
    receivers.push(receiver);
    const webhook = await putWebhook(app, receiver.url);
    return { receiver, webhook, tail: env.WEBHOOK_TAIL.getByName(webhook.id) };
  }

  it("posts soon after it is woken, and then sleeps", async () => {
    const { receiver, webhook, tail } = await endpointThat({});
    const position = await logEvents([anEvent(Date.now())]);
    await tail.wake(webhook.id);
    expect(await receiver.until(1)).toHaveLength(1);
    await quiet(webhook.id, async () => (await stored(app, webhook.id)).cursor === position);
    await quiet(webhook.id, async () => (await alarmOf(tail)) === null);
  });

  it("never posts twice, however many wake it at once and meanwhile", async () => {
    const { receiver, webhook, tail } = await endpointThat({ delay: 300 });
    await logEvents([anEvent(Date.now()), anEvent(Date.now())]);
    await Promise.all(Array.from({ length: 10 }, () => tail.wake(webhook.id)));
    await receiver.until(1);
    await Promise.all(Array.from({ length: 10 }, () => tail.wake(webhook.id)));
    const position = await logEvents([anEvent(Date.now())]);
    await tail.wake(webhook.id);
    await quiet(webhook.id, async () => (await stored(app, webhook.id)).cursor === position);
    await runDurableObjectAlarm(tail);
    const ids = (await receiver.requests()).map((request) => request.headers["webhook-id"]);
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(3);
  });

  it("sets its alarm to the next retry, and wakes for it", async () => {
    const { receiver, webhook, tail } = await endpointThat({ status: 500 }, {});
    await logEvents([anEvent(Date.now())]);
    const start = Date.now();
    await tail.wake(webhook.id);
    await quiet(webhook.id, async () => (await alarmOf(tail)) !== null);
    await quiet(webhook.id, async () => (await jobsOf(webhook.id)).length === 1);
    await quiet(webhook.id, async () => ((await alarmOf(tail)) ?? 0) > start + 4 * SECOND);
    expect((await alarmOf(tail)) ?? 0).toBeLessThan(Date.now() + 6 * SECOND);
    expect(await receiver.until(2, 9 * SECOND)).toHaveLength(2);
    await quiet(webhook.id, async () => (await jobsOf(webhook.id)).length === 0);
  });

  it("does not hold another endpoint while its own receiver hangs", async () => {
    const dead = await endpointThat({ drop: "hang" });
    const healthy = await endpointThat({});
    await logEvents(Array.from({ length: 20 }, () => anEvent(Date.now())));
    await Promise.all([dead, healthy].map(({ tail, webhook }) => tail.wake(webhook.id)));
    const start = Date.now();
    expect(await healthy.receiver.until(20)).toHaveLength(20);
    expect(Date.now() - start).toBeLessThan(4 * SECOND);
    await updateWebhook(app.db, { id: dead.webhook.id, state: "disabled", now: Date.now() });
    await dead.receiver.stop();
    receivers = receivers.filter((receiver) => receiver !== dead.receiver);
    await quiet(dead.webhook.id, async () => (await alarmOf(dead.tail)) === null);
  });

  it("forgets an endpoint that was deleted", async () => {
    const { webhook, tail } = await endpointThat({});
    await tail.wake(webhook.id);
    await quiet(webhook.id, async () => (await alarmOf(tail)) === null);
    await deleteWebhook(app.db, webhook.id);
    await tail.wake(webhook.id);
    const left = () => runInDurableObject(tail, (_i, state) => state.storage.list());
    await quiet(webhook.id, async () => (await left()).size === 0);
  });

  it("does nothing when an alarm rings that nobody asked for", async () => {
    const tail = env.WEBHOOK_TAIL.getByName("nobody");
    await runInDurableObject(tail, (_i, state) => state.storage.setAlarm(Date.now() + 60_000));
    expect(await runDurableObjectAlarm(tail)).toBe(true);
    expect(await alarmOf(tail)).toBeNull();
  });
});
