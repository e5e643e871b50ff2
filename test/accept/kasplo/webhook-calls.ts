// Calls the operations of /v1/webhooks as http.ts does, for their tests.
import { afterEach, beforeEach, expect } from "vitest";
import { webhookEndpoints } from "../../../src/accept/kasplo/webhooks.ts";
import type { App } from "../../../src/app.ts";
import type { Key } from "../../../src/model/key.ts";
import { emptyTables, testApp } from "../../notify/world.ts";
import { startHttpReceiver, type HttpReceiver } from "../../peers/client.ts";
import type { HttpReply } from "../../peers/script.ts";

const KEY: Key = {
  id: "key",
  name: "test",
  family: "kasplo",
  scopes: ["send", "read", "manage"],
  domain: null,
  mailClass: null,
  limits: { perSecond: null, burst: null, daily: null },
  hint: "",
  createdAt: 0,
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
  previousUntil: null,
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
  readonly previous_secret_until: string | null;
  readonly request: { readonly headers: Readonly<Record<string, string>> };
};
type Json = { readonly data: Data; readonly next_cursor: string | null };

/** What an operation answered: status 0 and a problem, or a status and JSON. */
export type Told = {
  readonly status: number;
  readonly json: Json;
  readonly problem: { readonly kind: string };
};

/** An endpoint that was made through the API, and the receiver behind it. */
export type Made = {
  readonly receiver: HttpReceiver;
  readonly id: string;
  readonly secret: string;
};

/** The world of one test: it may be replaced, and remembers which tails were woken. */
export type Calls = {
  app: App;
  woken: string[];
  /** Starts a receiver that answers like this; it is stopped after the test. */
  readonly receiverOf: (...replies: readonly HttpReply[]) => Promise<HttpReceiver>;
  /** Calls an operation, such as `POST /webhooks/x/replay`. */
  readonly call: (line: string, body?: unknown) => Promise<Told>;
  /** A new endpoint on a receiver that answers like this. */
  readonly created: (...replies: readonly HttpReply[]) => Promise<Made>;
};

/** Gives each test of a file fresh tables, an App and receivers. */
export function webhookCalls(): Calls {
  let background: Promise<unknown>[] = [];
  let receivers: HttpReceiver[] = [];
  const calls: Calls = {
    app: testApp(),
    woken: [],
    async receiverOf(...replies) {
      const receiver = await startHttpReceiver({ replies });
      receivers.push(receiver);
      return receiver;
    },
    call: (line, body) => run(calls.app, line, body),
    async created(...replies) {
      const receiver = await calls.receiverOf(...replies);
      const { json } = await calls.call("POST /webhooks", { url: `${receiver.url}/in` });
      return { receiver, id: json.data.id, secret: json.data.secret };
    },
  };
  beforeEach(async () => {
    await emptyTables();
    calls.woken = [];
    calls.app = testApp({
      wakeTail: async (id) => void calls.woken.push(id),
      background: (_what, work) => void background.push(work),
    });
  });
  afterEach(async () => {
    await Promise.all([...background, ...receivers.map((receiver) => receiver.stop())]);
    [background, receivers] = [[], []];
  });
  return calls;
}

async function run(app: App, line: string, body: unknown): Promise<Told> {
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
      body: body === undefined ? null : { json: body, hash: "" },
      key: KEY,
      requestId: "request",
      origin: url.origin,
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
