import { Webhook as Verifier } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { runTail } from "../../../src/notify/tail.ts";
import { anEvent, logEvents } from "../../notify/world.ts";
import { webhookCalls } from "./webhook-calls.ts";

const calls = webhookCalls();
const { call, created, receiverOf } = calls;

describe("POST /v1/webhooks/:id/test", () => {
  it("posts a signed sample at once and tells what was answered", async () => {
    const { id, secret, receiver } = await created({ status: 204 });
    const { json } = await call(`POST /webhooks/${id}/test`);
    expect(json.data).toMatchObject({
      ok: true,
      status: 204,
      error: null,
      event: "delivery_attempt",
    });
    expect(json.data.ms).toBeGreaterThanOrEqual(0);
    const [request] = await receiver.requests();
    const body = new Verifier(secret).verify(request?.body ?? "", request?.headers ?? {});
    expect(body).toMatchObject({ event: "delivery_attempt", tags: "webhook-test" });
    expect(request?.headers["webhook-id"]).toBe(json.data.event_id);
  });

  it("samples what the endpoint subscribes to", async () => {
    const receiver = await receiverOf();
    const body = { url: receiver.url, events: ["bounce_bad_address"] };
    const { json } = await call("POST /webhooks", body);
    await call(`POST /webhooks/${json.data.id}/test`);
    const [request] = await receiver.requests();
    expect(JSON.parse(request?.body ?? "")).toMatchObject({ event: "bounce_bad_address" });
  });

  it("tells a failure in words", async () => {
    const { id } = await created({ status: 500, body: "no such table" });
    const { status, json } = await call(`POST /webhooks/${id}/test`);
    expect(status).toBe(200);
    expect(json.data).toMatchObject({
      ok: false,
      status: 500,
      error: "answered 500: no such table",
    });
  });

  it("does not post to where the URL may not lead any more", async () => {
    const { id, receiver } = await created();
    calls.app = { ...calls.app, config: { ...calls.app.config, localDev: false } };
    const { json } = await call(`POST /webhooks/${id}/test`);
    expect(json.data).toMatchObject({ ok: false, status: null });
    expect(await receiver.requests()).toEqual([]);
  });
});

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

  it("page through failures", async () => {
    const { id } = await created({ status: 500 });
    await logEvents(Array.from({ length: 5 }, () => anEvent(Date.now())));
    await runTail(calls.app, id);
    const first = await call(`GET /webhooks/${id}/failures?limit=3`);
    expect(first.json.data).toHaveLength(3);
    const cursor = String(first.json.next_cursor);
    const second = await call(`GET /webhooks/${id}/failures?limit=3&cursor=${cursor}`);
    expect(second.json.data).toHaveLength(2);
    expect(second.json.next_cursor).toBeNull();
  });

  it.each(["limit=0", "limit=1001", "limit=x", "cursor=zz"])("refuse ?%s", async (query) => {
    const { id } = await created();
    const { problem } = await call(`GET /webhooks/${id}/failures?${query}`);
    expect(problem.kind).toBe("invalid_field");
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
});
