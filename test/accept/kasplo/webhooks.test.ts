import { Webhook as Verifier } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { webhookEndpoints } from "../../../src/accept/kasplo/webhooks.ts";
import type { App } from "../../../src/app.ts";
import type { Key } from "../../../src/model/key.ts";
import { runTail } from "../../../src/notify/tail.ts";
import { startHttpReceiver, type HttpReceiver } from "../../peers/client.ts";
import type { HttpReply } from "../../peers/script.ts";
import { anEvent, emptyTables, logEvents, testApp } from "../../notify/world.ts";

const KEY: Key = {
  id: "key",
  name: "test",
  family: "kasplo",
  scopes: ["send", "read", "manage"],
  domain: null,
  mailClass: null,
  hint: "",
  createdAt: 0,
  expiresAt: null,
  revokedAt: null,
};

/** The fields of answers that tests look into by name; the rest is compared as a whole. */
type Data = {
  readonly id: string;
  readonly url: string;
  readonly secret: string;
  readonly created_at: string;
  readonly warning?: string;
  readonly ms: number;
  readonly event_id: string;
};
type Json = { readonly data: Data; readonly next_cursor: string | null };

/** What an operation answered: status 0 and a problem, or a status and JSON. */
type Told = {
  readonly status: number;
  readonly json: Json;
  readonly problem: { readonly kind: string };
};

let app: App;
let woken: string[];
let background: Promise<unknown>[];
let receivers: HttpReceiver[];

beforeEach(async () => {
  await emptyTables();
  woken = [];
  background = [];
  receivers = [];
  app = testApp({
    wakeTail: async (id) => void woken.push(id),
    background: (_what, work) => void background.push(work),
  });
});
afterEach(async () => {
  await Promise.all([...background, ...receivers.map((receiver) => receiver.stop())]);
});

async function receiverOf(...replies: readonly HttpReply[]): Promise<HttpReceiver> {
  const receiver = await startHttpReceiver({ replies });
  receivers.push(receiver);
  return receiver;
}

/** Calls an operation as http.ts does, such as `POST /webhooks/x/replay`. */
async function call(line: string, body?: unknown): Promise<Told> {
  const [method = "", target = ""] = line.split(" ");
  const url = new URL(target, "http://x");
  for (const endpoint of webhookEndpoints) {
    const pattern = new RegExp(`^${endpoint.path.replace(/:(\w+)/g, "(?<$1>[^/]+)")}$`);
    const params = pattern.exec(url.pathname);
    if (!params || endpoint.method !== method) continue;
    expect(endpoint.takesBody).toBe(body !== undefined);
    const result = await endpoint.run(app, {
      params: { ...params.groups },
      query: Object.fromEntries(url.searchParams),
      body: body === undefined ? null : { json: body, hash: async () => "" },
      key: KEY,
      requestId: "request",
      idempotencyKey: null,
    });
    const answer = result.ok ? result.value : null;
    const wire = {
      status: answer?.status ?? 0,
      json: answer && "json" in answer ? answer.json : null,
      problem: result.ok ? null : result.error,
    };
    const told: Told = JSON.parse(JSON.stringify(wire));
    return told;
  }
  throw new Error(`nothing answers ${line}`);
}

/** A new endpoint on a receiver that answers like this. */
async function created(...replies: readonly HttpReply[]) {
  const receiver = await receiverOf(...replies);
  const { json } = await call("POST /webhooks", { url: `${receiver.url}/in` });
  return { receiver, id: json.data.id, secret: json.data.secret };
}

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
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    });
    const row = await app.db.prepare("select secret from webhooks").first<{ secret: string }>();
    expect(row?.secret).not.toContain(json.data.secret.slice(6, 20));
  });

  it("shows the secret never again", async () => {
    const { id, secret } = await created();
    const [one, all] = [await call(`GET /webhooks/${id}`), await call("GET /webhooks")];
    expect(one.json.data.id).toBe(id);
    expect(all.json).toMatchObject({ data: [{ id }], next_cursor: null });
    expect(JSON.stringify([one.json, all.json])).not.toContain(secret);
    expect(JSON.stringify([one.json, all.json])).not.toContain("secret");
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
    [{ url: "https://8.8.8.8/", format: "kasapost" }, "format"],
  ])("refuses %j, naming %s", async (body, path) => {
    expect((await call("POST /webhooks", body)).problem).toMatchObject({
      kind: "invalid_field",
      path,
    });
    expect((await call("GET /webhooks")).json.data).toEqual([]);
  });

  it("refuses a field that does not exist, by name", async () => {
    const { problem } = await call("POST /webhooks", { url: "https://8.8.8.8/", secret: "mine" });
    expect(JSON.stringify(problem)).toContain("secret");
    expect((await call("GET /webhooks")).json.data).toEqual([]);
  });

  it("answers 503, not 400, when nobody can resolve the name now", async () => {
    const resolver = await receiverOf({ status: 500 });
    app = { ...app, config: { ...app.config, dohUrl: resolver.url } };
    const { problem } = await call("POST /webhooks", { url: "https://hooks.example.com/" });
    expect(problem).toMatchObject({ kind: "unavailable", retryAfterSeconds: 5 });
  });

  it("refuses a name that leads to a private address", async () => {
    const answer = { Status: 0, Answer: [{ type: 1, data: "10.0.0.1" }] };
    const resolver = await receiverOf({ body: JSON.stringify(answer) });
    app = { ...app, config: { ...app.config, dohUrl: resolver.url } };
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
    expect(woken).toContain(id);
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
  ])("%s is not found", async (line, body) => {
    expect((await call(line, body)).problem).toEqual({ kind: "not_found", what: "this webhook" });
  });
});

describe("POST /v1/webhooks/:id/rotate", () => {
  it("shows a new secret once; posts verify with the old one and the new one", async () => {
    const { id, secret, receiver } = await created();
    const { json } = await call(`POST /webhooks/${id}/rotate`);
    expect(json.data.secret).not.toBe(secret);
    await logEvents([anEvent(Date.now())]);
    await runTail(app, id);
    const [request] = await receiver.requests();
    for (const known of [secret, json.data.secret]) {
      const verifier = new Verifier(known);
      expect(verifier.verify(request?.body ?? "", request?.headers ?? {})).toBeTruthy();
    }
    const later = { ...app, now: () => Date.now() + 24 * 3_600_000 };
    await logEvents([anEvent(Date.now())]);
    await runTail(later, id);
    const last = (await receiver.requests())[1];
    expect(last?.headers["webhook-signature"]?.split(" ")).toHaveLength(1);
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
    });
  });

  it("does not post to where the URL may not lead any more", async () => {
    const { id, receiver } = await created();
    app = { ...app, config: { ...app.config, localDev: false } };
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
    await runTail(app, id);
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
    expect(woken).toEqual([id]);
    await runTail(app, id);
    const requests = await receiver.requests();
    expect(requests.map((request) => request.headers["webhook-id"])).toEqual([event.id, event.id]);
    expect((await call(`GET /webhooks/${id}/failures`)).json.data).toEqual([]);
  });

  it("page through failures", async () => {
    const { id } = await created({ status: 500 });
    await logEvents(Array.from({ length: 5 }, () => anEvent(Date.now())));
    await runTail(app, id);
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
    await runTail(app, id);
    await call(`POST /webhooks/${id}/replay`, { event_id: event.id });
    await runTail(app, id);
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
    await runTail(app, id);
    const before = (await receiver.requests()).length;
    const from = new Date(start + 1_000).toISOString();
    const queued = await call(`POST /webhooks/${id}/replay`, { from, to: start + 3_500 });
    expect(queued).toMatchObject({ status: 202, json: { data: { result: "queued", from } } });
    await runTail(app, id);
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
