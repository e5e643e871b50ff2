import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { runTail } from "../../../src/notify/tail.ts";
import { anEvent, logEvents } from "../../notify/world.ts";
import { webhookCalls } from "./webhook-calls.ts";

const calls = webhookCalls();
const { call, created, receiverOf } = calls;

describe("failures and replays", () => {
  it("list what waits, and replay it with the same id", async () => {
    const { id, receiver } = await created({ status: 500 }, {});
    const event = anEvent(Date.now());
    await logEvents([event]);
    await runTail(calls.app, id);
    const { json } = await call(`GET /webhooks/${id}/failures`);
    expect(json).toEqual({
      data: [
        {
          event_id: event.id,
          event: "delivery_attempt",
          at: new Date(event.at).toISOString(),
          tries: 1,
          next_try_at: expect.stringMatching(/Z$/),
          last_error: "answered 500",
          exhausted: false,
        },
      ],
      next_cursor: null,
    });
    const replayed = await call(`POST /webhooks/${id}/replay`, { event_id: event.id });
    expect(replayed).toMatchObject({ status: 202, json: { data: { event_id: event.id } } });
    expect(calls.woken).toEqual([id]);
    await runTail(calls.app, id);
    const requests = await receiver.requests();
    expect(requests.map((request) => request.headers["webhook-id"])).toEqual([event.id, event.id]);
    expect((await call(`GET /webhooks/${id}/failures`)).json.data).toEqual([]);
  });

  it("replay a posted event from the log, byte for byte", async () => {
    const { id, receiver } = await created();
    const event = anEvent(Date.now(), "bounce_all");
    await logEvents([anEvent(Date.now()), event]);
    await runTail(calls.app, id);
    await call(`POST /webhooks/${id}/replay`, { event_id: event.id });
    await runTail(calls.app, id);
    const all = await receiver.requests();
    const same = all.filter((request) => request.headers["webhook-id"] === event.id);
    expect(same).toHaveLength(2);
    expect(same[0]?.body).toBe(same[1]?.body);
  });

  it("replay a period, in pieces, and nothing outside it", async () => {
    const { id, receiver } = await created();
    const start = Date.now() - 10_000;
    for (let second = 0; second < 5; second++) {
      await logEvents(Array.from({ length: 60 }, () => anEvent(start + second * 1_000)));
    }
    await runTail(calls.app, id);
    const before = (await receiver.requests()).length;
    const from = new Date(start + 1_000).toISOString();
    const queued = await call(`POST /webhooks/${id}/replay`, { from, to: start + 3_500 });
    expect(queued).toMatchObject({ status: 202, json: { data: { result: "queued", from } } });
    await runTail(calls.app, id);
    const again = (await receiver.requests()).slice(before);
    const ids = new Set(again.map((request) => request.headers["webhook-id"]));
    expect([again.length, ids.size]).toEqual([180, 180]);
  });

  it.each([
    [{}, "invalid_field"],
    [{ event_id: "x" }, "not_found"],
    [{ event_id: "0194dfd7-1111-7000-8000-000000000001" }, "not_found"],
    [{ event_id: "x", from: 1, to: 2 }, "invalid_field"],
    [{ from: 1 }, "invalid_field"],
    [{ from: 2, to: 1 }, "invalid_field"],
    [{ from: "yesterday", to: 1 }, "invalid_field"],
    [{ from: -1, to: 1 }, "invalid_field"],
    [{ failed: false }, "invalid_field"],
    [{ failed: true, event_id: "x" }, "invalid_field"],
    [{ failed: true, from: 1, to: 2 }, "invalid_field"],
  ])("refuse %j as %s", async (body, kind) => {
    const { id } = await created();
    expect((await call(`POST /webhooks/${id}/replay`, body)).problem.kind).toBe(kind);
  });

  it("refuse to replay to a disabled endpoint, and what it does not subscribe to", async () => {
    const { id } = await created();
    const event = anEvent(Date.now());
    await logEvents([event]);
    await call(`PATCH /webhooks/${id}`, { events: ["bounce_all"] });
    const ask = { event_id: event.id };
    expect((await call(`POST /webhooks/${id}/replay`, ask)).problem.kind).toBe("conflict");
    await call(`PATCH /webhooks/${id}`, { events: null, state: "disabled" });
    expect((await call(`POST /webhooks/${id}/replay`, ask)).problem.kind).toBe("conflict");
  });

  it("replay all that waits or is exhausted, and nothing else", async () => {
    const { id, receiver } = await created({ status: 500 }, { status: 500 }, {});
    const events = [anEvent(Date.now()), anEvent(Date.now())];
    await logEvents(events);
    await runTail(calls.app, id);
    await env.DB.prepare("update webhook_jobs set due_at = null, tries = 10").run();
    const { status, json } = await call(`POST /webhooks/${id}/replay`, { failed: true });
    expect([status, json.data]).toEqual([202, { result: "queued" }]);
    await runTail(calls.app, id);
    const ids = (await receiver.requests()).map((request) => request.headers["webhook-id"]);
    expect(ids).toHaveLength(4);
    expect(new Set(ids)).toEqual(new Set(events.map((event) => event.id)));
    expect((await call(`GET /webhooks/${id}/failures`)).json.data).toEqual([]);
  });

  it("replay what has an id that the log does not know", async () => {
    const receiver = await receiverOf({ status: 500 }, {});
    const body = { url: receiver.url, format: "kasapost", events: ["accepted"] };
    const { id } = (await call("POST /webhooks", body)).json.data;
    const event = anEvent(Date.now());
    await logEvents(event.name === "delivery_attempt" ? [{ ...event, first: true }] : []);
    await runTail(calls.app, id);
    const [first] = await receiver.requests();
    const ask = { event_id: first?.headers["webhook-id"] };
    expect(ask.event_id).not.toBe(event.id);
    expect((await call(`POST /webhooks/${id}/replay`, ask)).status).toBe(202);
    await runTail(calls.app, id);
    expect(await receiver.requests()).toHaveLength(2);
  });
});

describe("GET /v1/webhooks/:id/health", () => {
  it("tells how far it has come, what waits and what is exhausted", async () => {
    const { id } = await created({ status: 500 }, { status: 500 });
    const at = Date.now();
    await logEvents([anEvent(at), anEvent(at)]);
    const before = await call(`GET /webhooks/${id}/health`);
    expect(before.json.data).toMatchObject({ told_up_to: null, waiting: 0, exhausted: 0 });
    await runTail(calls.app, id);
    const { json } = await call(`GET /webhooks/${id}/health`);
    expect(json.data).toEqual({
      state: "enabled",
      failing_since: expect.any(String),
      told_up_to: new Date(at).toISOString(),
      behind_seconds: 0,
      waiting: 2,
      exhausted: 0,
      counted_all: true,
      next_try_at: expect.any(String),
      replays: [],
    });
    await call(`PATCH /webhooks/${id}`, { state: "disabled" });
    const after = await call(`GET /webhooks/${id}/health`);
    expect(after.json.data).toMatchObject({ waiting: 0, exhausted: 2, next_try_at: null });
  });

  it("tells of periods that are being replayed", async () => {
    const { id } = await created();
    const at = Date.now();
    await logEvents([anEvent(at)]);
    await runTail(calls.app, id);
    await call(`POST /webhooks/${id}/replay`, { from: at - 5_000, to: at });
    const { json } = await call(`GET /webhooks/${id}/health`);
    const [from, to] = [new Date(at - 5_000).toISOString(), new Date(at).toISOString()];
    expect(json.data).toMatchObject({ replays: [{ from, to, asked_at: expect.any(String) }] });
    await runTail(calls.app, id);
    expect((await call(`GET /webhooks/${id}/health`)).json.data).toMatchObject({ replays: [] });
  });
});
