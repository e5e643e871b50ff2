import { env } from "cloudflare:workers";
import { Webhook as Verifier } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { webhookEndpoints } from "../../../src/accept/kasplo/webhooks.ts";
import { runTail } from "../../../src/notify/tail.ts";
import { anEvent, logEvents } from "../../notify/world.ts";
import { webhookCalls } from "./webhook-calls.ts";

const calls = webhookCalls();
const { call, created, receiverOf } = calls;

describe("scopes of /v1/webhooks", () => {
  it("are read for reads and manage for everything else", () => {
    for (const { method, scope } of webhookEndpoints) {
      expect(scope).toBe(method === "GET" ? "read" : "manage");
    }
  });
});

describe("POST /v1/webhooks", () => {
  it("answers the endpoint with its secret, and stores the secret sealed", async () => {
    const url = "https://8.8.8.8/in";
    const { status, json } = await call("POST /webhooks", { url, events: ["click", "open"] });
    expect(status).toBe(201);
    expect(json.data).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      url,
      events: ["open", "click"],
      format: "kasplo",
      state: "enabled",
      disabled_reason: null,
      failing_since: null,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      updated_at: json.data.created_at,
      previous_secret_until: null,
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    });
    const row = await env.DB.prepare("select secret from webhooks").first<{
      secret: string;
    }>();
    expect(row?.secret).not.toContain(json.data.secret.slice(6, 20));
  });

  it("shows the secret never again", async () => {
    const { id, secret } = await created();
    const [one, all] = [await call(`GET /webhooks/${id}`), await call("GET /webhooks")];
    expect(one.json.data.id).toBe(id);
    expect(all.json).toMatchObject({ data: [{ id }], next_cursor: null });
    expect(JSON.stringify([one.json, all.json])).not.toContain(secret);
    expect(JSON.stringify([one.json, all.json])).not.toContain('"secret"');
  });

  it("warns about http and not about https", async () => {
    const plain = await call("POST /webhooks", { url: "http://8.8.8.8/in" });
    expect(plain.json.data.warning).toContain("https:// is recommended");
    const safe = await call("POST /webhooks", { url: "https://8.8.8.8/in" });
    expect(safe.json.data).not.toHaveProperty("warning");
  });

  it.each([
    [{}, "url"],
    [{ url: 7 }, "url"],
    [{ url: "http://10.0.0.1/" }, "url"],
    [{ url: "http://169.254.169.254/latest" }, "url"],
    [{ url: "http://127.0.0.1:22/" }, "url"],
    [{ url: "file:///etc/passwd" }, "url"],
    [{ url: "https://8.8.8.8/", events: ["bounce"] }, "events[0]"],
    [{ url: "https://8.8.8.8/", events: ["Unsubscribe"] }, "events[0]"],
    [{ url: "https://8.8.8.8/", events: [] }, "events"],
    [{ url: "https://8.8.8.8/", events: "open" }, "events"],
    [{ url: "https://8.8.8.8/", format: "xml" }, "format"],
  ])("refuses %j, naming %s", async (body, path) => {
    expect((await call("POST /webhooks", body)).problem).toMatchObject({
      kind: "invalid_field",
      path,
    });
    expect((await call("GET /webhooks")).json.data).toEqual([]);
  });

  it("ignores what it does not know: nobody chooses a secret, a cursor or a state", async () => {
    const body = { url: "https://8.8.8.8/", secret: "mine", cursor: 0, state: "disabled" };
    const { json } = await call("POST /webhooks", body);
    expect(json.data).toMatchObject({ state: "enabled" });
    expect(json.data.secret).toMatch(/^whsec_/);
  });

  it("answers 503, not 400, when nobody can resolve the name now", async () => {
    const resolver = await receiverOf({ status: 500 });
    calls.app = { ...calls.app, config: { ...calls.app.config, dohUrl: resolver.url } };
    const { problem } = await call("POST /webhooks", { url: "https://hooks.example.com/" });
    expect(problem).toMatchObject({ kind: "unavailable", retryAfterSeconds: 5 });
  });

  it("refuses a name that leads to a private address", async () => {
    const answer = { Status: 0, Answer: [{ type: 1, data: "10.0.0.1" }] };
    const resolver = await receiverOf({ body: JSON.stringify(answer) });
    calls.app = { ...calls.app, config: { ...calls.app.config, dohUrl: resolver.url } };
    const { problem } = await call("POST /webhooks", { url: "https://hooks.example.com/" });
    expect(problem).toMatchObject({ kind: "invalid_field", path: "url" });
    expect(JSON.stringify(problem)).not.toContain("10.0.0.1");
  });

  it("allows 50 endpoints", async () => {
    for (let made = 0; made < 50; made++) {
      expect((await call("POST /webhooks", { url: "https://8.8.8.8/" })).status).toBe(201);
    }
    const { problem } = await call("POST /webhooks", { url: "https://8.8.8.8/" });
    expect(problem).toMatchObject({ kind: "conflict" });
  });
});

describe("PATCH and DELETE /v1/webhooks/:id", () => {
  it("change URL, events and state", async () => {
    const { id } = await created();
    const body = { url: "https://8.8.8.8/new", events: ["bounce_all"], state: "disabled" };
    expect((await call(`PATCH /webhooks/${id}`, body)).json.data).toMatchObject({
      ...body,
      disabled_reason: "disabled by request",
    });
    const enabled = await call(`PATCH /webhooks/${id}`, { state: "enabled", events: null });
    expect(enabled.json.data).toMatchObject({
      state: "enabled",
      disabled_reason: null,
      events: null,
    });
    expect(calls.woken).toContain(id);
  });

  it("refuse a private URL and keep the old one", async () => {
    const { id, receiver } = await created();
    const { problem } = await call(`PATCH /webhooks/${id}`, { url: "http://192.168.0.1/" });
    expect(problem).toMatchObject({ kind: "invalid_field", path: "url" });
    expect((await call(`GET /webhooks/${id}`)).json.data.url).toBe(`${receiver.url}/in`);
  });

  it("delete an endpoint for good", async () => {
    const { id } = await created();
    expect((await call(`DELETE /webhooks/${id}`)).status).toBe(204);
    expect((await call("GET /webhooks")).json.data).toEqual([]);
    expect((await call(`GET /webhooks/${id}`)).problem.kind).toBe("not_found");
  });

  it.each([
    ["GET /webhooks/none", undefined],
    ["PATCH /webhooks/none", {}],
    ["DELETE /webhooks/none", undefined],
    ["POST /webhooks/none/rotate", undefined],
    ["POST /webhooks/none/test", undefined],
    ["POST /webhooks/none/replay", { event_id: "x" }],
    ["GET /webhooks/none/failures", undefined],
    ["GET /webhooks/none/health", undefined],
  ])("%s is not found", async (line, body) => {
    expect((await call(line, body)).problem).toEqual({ kind: "not_found", what: "this webhook" });
  });
});

describe("POST /v1/webhooks/:id/rotate", () => {
  it("shows a new secret once; posts verify with the old one and the new one", async () => {
    const { id, secret, receiver } = await created();
    const { json } = await call(`POST /webhooks/${id}/rotate`);
    expect(json.data.secret).not.toBe(secret);
    const { previous_secret_until: until } = json.data;
    expect((await call(`GET /webhooks/${id}`)).json.data.previous_secret_until).toBe(until);
    await logEvents([anEvent(Date.now())]);
    await runTail(calls.app, id);
    const [request] = await receiver.requests();
    for (const known of [secret, json.data.secret]) {
      const verifier = new Verifier(known);
      expect(verifier.verify(request?.body ?? "", request?.headers ?? {})).toBeTruthy();
    }
    const later = { ...calls.app, now: () => Date.now() + 24 * 3_600_000 };
    await logEvents([anEvent(Date.now())]);
    await runTail(later, id);
    const last = (await receiver.requests())[1];
    expect(last?.headers["webhook-signature"]?.split(" ")).toHaveLength(1);
    calls.app = later;
    expect((await call(`GET /webhooks/${id}`)).json.data.previous_secret_until).toBeNull();
  });
});
