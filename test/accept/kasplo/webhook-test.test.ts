import { Webhook as Verifier } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { FORMAT_EVENTS, WEBHOOK_FORMATS } from "../../../src/model/webhook.ts";
import { webhookCalls } from "./webhook-calls.ts";

const samples = z.array(z.object({ event: z.string(), format: z.string(), body: z.string() }));

const calls = webhookCalls();
const { call, created, receiverOf } = calls;

describe("GET /v1/webhooks/samples", () => {
  it.each(WEBHOOK_FORMATS)("shows a body of each event of format %s", async (format) => {
    const { json } = await call(`GET /webhooks/samples?format=${format}`);
    const told = samples.parse(json.data);
    expect(told.map(({ event }) => event)).toEqual(FORMAT_EVENTS[format]);
    for (const { event, body } of told) {
      expect(JSON.parse(body)).toMatchObject({ event });
      expect(body).toContain("recipient@example.com");
    }
  });
});

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
      answer: { status: 500, body: "no such table" },
    });
  });

  it("tells what was sent, byte for byte", async () => {
    const { id, receiver } = await created({ status: 200, body: "thanks" });
    const { json } = await call(`POST /webhooks/${id}/test?event=click`);
    const [request] = await receiver.requests();
    expect(json.data).toMatchObject({
      event: "click",
      request: { url: `${receiver.url}/in`, body: request?.body },
      answer: { status: 200, body: "thanks" },
    });
    expect(request?.headers).toMatchObject(json.data.request.headers);
    expect(Object.keys(json.data.request.headers)).toContain("webhook-signature");
  });

  it("refuses an event that the format does not have", async () => {
    const { id } = await created();
    const { problem } = await call(`POST /webhooks/${id}/test?event=delivered`);
    expect(problem).toMatchObject({ kind: "invalid_field", path: "event" });
  });

  it("does not post to where the URL may not lead any more", async () => {
    const { id, receiver } = await created();
    calls.app = { ...calls.app, config: { ...calls.app.config, localDev: false } };
    const { json } = await call(`POST /webhooks/${id}/test`);
    expect(json.data).toMatchObject({ ok: false, status: null, request: null, answer: null });
    expect(await receiver.requests()).toEqual([]);
  });
});
