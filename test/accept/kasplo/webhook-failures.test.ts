import { describe, expect, it } from "vitest";
import { runTail } from "../../../src/notify/tail.ts";
import type { MailClass } from "../../../src/model/message.ts";
import { anEvent, logEvents } from "../../notify/world.ts";
import { ALL_MODULES, givenPerson } from "../../support/people.ts";
import { ask } from "../../support/world.ts";
import { webhookCalls } from "./webhook-calls.ts";

const calls = webhookCalls();
const { call, created } = calls;

const only = (mailClass: MailClass) => [{ module: "transactional", mailClass }] as const;

describe("GET /v1/webhooks/:id/failures", () => {
  it("is a list in pages", async () => {
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

  it.each(["limit=0", "limit=1001", "limit=x", "cursor=zz", "order=up"])(
    "refuses ?%s",
    async (query) => {
      const { id } = await created();
      const { problem } = await call(`GET /webhooks/${id}/failures?${query}`);
      expect(problem.kind).toBe("invalid_field");
    },
  );

  it("begins with the latest when asked", async () => {
    const { id } = await created({ status: 500 });
    const events = [anEvent(Date.now()), anEvent(Date.now())];
    await logEvents(events);
    await runTail(calls.app, id);
    const { json } = await call(`GET /webhooks/${id}/failures?order=desc&limit=1`);
    expect(json.data).toMatchObject([{ event_id: events[1]?.id }]);
    const older = await call(`GET /webhooks/${id}/failures?order=desc&cursor=${json.next_cursor}`);
    expect(older.json).toMatchObject({ data: [{ event_id: events[0]?.id }], next_cursor: null });
  });
});

describe("GET /v1/webhooks/:id/failures/:event_id", () => {
  it("shows what was posted last and what came back", async () => {
    const { id, receiver } = await created({ status: 500, body: "no\u0000 room\nat all" });
    const event = anEvent(Date.now());
    await logEvents([event]);
    await runTail(calls.app, id);
    const { json } = await call(`GET /webhooks/${id}/failures/${event.id}`);
    const [request] = await receiver.requests();
    expect(json.data).toMatchObject({
      event_id: event.id,
      tries: 1,
      last_error: "answered 500: no room at all",
      body: request?.body,
      request: { url: `${receiver.url}/in`, at: expect.stringMatching(/Z$/) },
      answer: { status: 500, ms: expect.any(Number), body: "no room\nat all" },
    });
    expect(request?.headers).toMatchObject(json.data.request.headers);
    expect(json.data.request.headers).not.toHaveProperty("webhook-signature");
  });

  it("says so when nothing was sent, or nothing came back", async () => {
    const { id } = await created({ drop: "close" });
    const event = anEvent(Date.now());
    await logEvents([event]);
    await runTail(calls.app, id);
    const dropped = await call(`GET /webhooks/${id}/failures/${event.id}`);
    expect(dropped.json.data).toMatchObject({ request: { at: expect.any(String) }, answer: null });
    calls.app = { ...calls.app, config: { ...calls.app.config, localDev: false } };
    await call(`POST /webhooks/${id}/replay`, { event_id: event.id });
    await runTail(calls.app, id);
    const refused = await call(`GET /webhooks/${id}/failures/${event.id}`);
    expect(refused.json.data).toMatchObject({ request: null, answer: null });
  });

  it("keeps 1,000 characters of a long answer", async () => {
    const { id } = await created({ status: 500, body: "🎉".repeat(5_000) });
    const event = anEvent(Date.now());
    await logEvents([event]);
    await runTail(calls.app, id);
    const { json } = await call(`GET /webhooks/${id}/failures/${event.id}`);
    expect(json.data).toMatchObject({ answer: { body: "🎉".repeat(1_000) } });
  });

  it("finds nothing that another endpoint keeps", async () => {
    const { id } = await created({ status: 500 });
    const other = await created();
    const event = anEvent(Date.now());
    await logEvents([event]);
    await runTail(calls.app, id);
    for (const path of [`${other.id}/failures/${event.id}`, `none/failures/${event.id}`]) {
      expect((await call(`GET /webhooks/${path}`)).problem.kind).toBe("not_found");
    }
  });

  it.each([
    ["developer", ALL_MODULES, 200],
    ["developer", only("transactional"), 200],
    ["developer", only("marketing"), 403],
    ["developer", [], 403],
    ["analyst", only("transactional"), 200],
    ["marketer", ALL_MODULES, 403],
  ] as const)("shows a %s with %j what events they may see: %i", async (role, grants, status) => {
    const { id } = await created({ status: 500 });
    const event = { ...anEvent(Date.now()), mailClass: "transactional" } as const;
    await logEvents([event]);
    await runTail(calls.app, id);
    const { headers } = await givenPerson({ role, grants });
    const path = `/v1/webhooks/${id}/failures/${event.id}`;
    expect((await ask(calls.app, "GET", path, { headers })).status).toBe(status);
  });
});
