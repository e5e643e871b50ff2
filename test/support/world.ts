// A world for tests inside workerd: the real bindings, a clock the test may own, background work that
// can be waited for, and an account to send with.
import { meteredPace } from "../../src/meter/objects.ts";
import { env } from "cloudflare:workers";
import { handle } from "../../src/accept/http.ts";
import { type App, makeApp } from "../../src/app.ts";
import { sha256Hex } from "../../src/lib/digest.ts";
import { uuidv7 } from "../../src/lib/id.ts";
import { hintOf, type Key, type KeyFamily, makeKey } from "../../src/model/key.ts";
import { NO_LIMITS } from "../../src/model/plan.ts";
import type { RelayLogin } from "../../src/deliver/smtp/transaction.ts";
import type { Tracking } from "../../src/model/message.ts";
import { insertKey } from "../../src/store/key.ts";
import { expectDocumented } from "./documented.ts";

/** An App over the test bindings whose background work `idle()` waits for. */
export type TestApp = App & { readonly idle: () => Promise<void> };

/**
 * Builds an App; queue wake-ups are left out unless a test asks for them, so that it drives the run. Its paces are
 * objects of its own: no test waits for another's.
 */
export function testApp(overrides: Partial<App> = {}): TestApp {
  const pending: Promise<unknown>[] = [];
  const app = makeApp(env, { waitUntil: (work) => void pending.push(work) });
  const quiet = {
    lane: () => Promise.resolve(),
    events: () => Promise.resolve(),
    endpoint: () => Promise.resolve(),
    background: () => Promise.resolve(),
  };
  const own = crypto.randomUUID();
  const throttle = meteredPace(
    ({ poolId, group }) => env.PACE.getByName(`${own} ${poolId} ${group}`),
    app.meter,
  );
  return {
    ...app,
    throttle,
    wake: quiet,
    background: (_what, work) => void pending.push(work),
    ...overrides,
    async idle() {
      while (pending.length > 0) await pending.shift();
    },
  };
}

/** An App whose only relay is this one, on loopback. */
export function appWithRelay(
  relay: { host: string; port: number },
  overrides: Partial<App> = {},
): TestApp {
  const login: RelayLogin = {
    host: relay.host,
    port: relay.port,
    tls: "none",
    username: null,
    password: null,
    allowCleartextAuth: true,
  };
  const app = testApp(overrides);
  return { ...app, config: { ...app.config, defaultRelay: login, ...overrides.config } };
}

/** A clock that a test moves. */
export function ownClock(start: number): { now: () => number; advance: (ms: number) => void } {
  let time = start;
  return {
    now: () => time,
    advance(ms) {
      time += ms;
    },
  };
}

/** Creates a key and answers its secret and record. */
export async function givenKey(
  change: Partial<Key> = {},
  family: KeyFamily = "kasplo",
): Promise<{ secret: string; key: Key }> {
  const secret = makeKey(family);
  const key: Key = {
    id: uuidv7(Date.now()),
    name: "test",
    family,
    scopes: ["send", "read", "manage"],
    domain: null,
    mailClass: null,
    limits: NO_LIMITS,
    hint: hintOf(secret),
    createdAt: Date.now(),
    expiresAt: null,
    revokedAt: null,
    // Lately: no test has to reckon with the row that a first use writes.
    lastUsedAt: Date.now(),
    previousUntil: null,
    ...change,
  };
  await insertKey(env.DB, await sha256Hex(secret), key);
  return { secret, key };
}

/** Creates a verified sender domain; `amp` lists the From names that may send AMP. */
export async function givenDomain(
  domain: string,
  options: {
    verified?: boolean;
    amp?: readonly string[];
    defaultSender?: string;
    bounceDomain?: string;
    tracking?: Tracking;
  } = {},
): Promise<void> {
  const { verified = true, amp = [], defaultSender = null, bounceDomain = null } = options;
  const { opens, clicks } = options.tracking ?? { opens: true, clicks: true };
  await env.DB.prepare(
    `insert into sender_domains (domain, verified, default_sender, default_name, created_at,
       bounce_domain, track_opens, track_clicks)
     values (?1, ?2, ?3, null, 0, ?4, ?5, ?6) on conflict do update set bounce_domain = ?4`,
  )
    .bind(domain, verified ? 1 : 0, defaultSender, bounceDomain, opens ? 1 : 0, clicks ? 1 : 0)
    .run();
  for (const name of amp) {
    await env.DB.prepare(
      `insert into amp_approvals (domain, from_name, provider, created_at)
       values (?1, ?2, 'gmail', 0) on conflict do nothing`,
    )
      .bind(domain, name)
      .run();
  }
}

/**
 * Asks the front door. A body that is neither a string nor bytes is sent as JSON. An answer that the operation's
 * definition does not describe fails the test.
 */
export async function ask(
  app: App,
  method: string,
  path: string,
  options: { key?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Response> {
  const headers = new Headers(options.headers);
  if (options.key !== undefined) headers.set("Authorization", `Bearer ${options.key}`);
  const init: RequestInit = { method, headers };
  if (options.body !== undefined) {
    const { body } = options;
    const asItIs = typeof body === "string" || body instanceof Uint8Array;
    init.body = asItIs ? body : JSON.stringify(body);
    if (!headers.has("Content-Type")) headers.set("Content-Type", "application/json");
  }
  const answer = await handle(app, new Request(`https://api.edgepost.test${path}`, init));
  // A dry run is as large as its mail: it is left as the stream it is.
  const { pathname, searchParams } = new URL(path, "https://api.edgepost.test");
  if (!searchParams.has("dry_run")) await expectDocumented(method, pathname, answer);
  return answer;
}

/** A small E-01 body in the nested form. */
export function email(
  change: Record<string, unknown> = {},
  to: readonly string[] = ["a@example.com"],
) {
  return {
    email: {
      from: "sender@edgepost.test",
      subject: "Hello",
      text: "Hello there",
      recipients: { to: to.map((address) => ({ email: address })) },
      ...change,
    },
  };
}
