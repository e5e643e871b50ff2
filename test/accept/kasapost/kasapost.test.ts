// The KasaPost API as its document has it (contract 1.3, A-074, A-080…A-088): senders, headers, the 202, what
// is suppressed, limits, and webhooks in its own words.
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Key } from "../../../src/model/key.ts";
import { NO_LIMITS } from "../../../src/model/plan.ts";
import { runTail } from "../../../src/notify/tail.ts";
import { consume } from "../../../src/queue/consume.ts";
import { bytesOf, startHttpReceiver } from "../../peers/client.ts";
import { countOf, deliveries } from "../../support/ledger.ts";
import { queueWorld, type QueueWorld } from "../../support/queue-world.ts";
import { ask, givenDomain, givenKey } from "../../support/world.ts";

type Receipt = {
  readonly message_id: string;
  readonly status: string;
  readonly log: { readonly id: string; readonly suppressed: readonly string[] };
};

/** The body of the document's curl sample, whose address was lost (C-47). */
const CURL = `{
"from": "KasaPost ",
"to": ["customer@example.com"],
"subject": "Welcome to KasaPost",
"text": "Your mailbox and sending lane are ready.",
"html": "<p>Your mailbox and sending lane are ready.</p>"
}`;

/** The body of its fetch sample. */
const FETCH = {
  from: "KasaPost <hello@kasapost.com>",
  to: ["customer@example.com"],
  subject: "Welcome to KasaPost",
  text: "Your mailbox and sending lane are ready.",
};

let world: QueueWorld;
let key: string;

beforeEach(async () => {
  world = await queueWorld();
  await givenDomain("kasapost.com", { defaultSender: "hello@kasapost.com" });
  await givenDomain("other.example");
  key = await kasapostKey();
});
afterEach(() => world.stop());

async function kasapostKey(change: Partial<Key> = {}): Promise<string> {
  const bound = { scopes: ["send"], domain: "kasapost.com", ...change } as const;
  return (await givenKey(bound, "kasapost")).secret;
}

function post(body: unknown, headers: Record<string, string> = {}, secret = key) {
  return ask(world.app, "POST", "/api/v2/kasapost/send/", { key: secret, body, headers });
}

async function accepted(body: unknown, headers?: Record<string, string>): Promise<Receipt> {
  const answer = await post(body, headers);
  if (answer.status !== 202) throw new Error(`${answer.status} ${await answer.text()}`);
  return answer.json();
}

async function refused(body: unknown, headers?: Record<string, string>, secret?: string) {
  const answer = await post(body, headers, secret);
  const { error } = await answer.json<{ error: { code: string; field?: string } }>();
  return [answer.status, error.code, error.field ?? null];
}

const withFields = (change: object) => ({ ...FETCH, ...change });

describe("a send", () => {
  it("of the document's curl sample answers all that it names (A-080, A-082)", async () => {
    const receipt = await accepted(CURL);
    const id = receipt.message_id.split("@")[0] ?? "";
    expect(receipt).toEqual({
      message_id: `${id}@kasapost.com`,
      sender: "KasaPost <hello@kasapost.com>",
      recipient: ["customer@example.com"],
      subject: "Welcome to KasaPost",
      status: "accepted",
      event: "accepted",
      log: {
        id: `log_${id}`,
        created_at: "2026-11-21T10:00:00Z",
        domain: "kasapost.com",
        suppressed: [],
      },
    });
    for (const name of [id, receipt.log.id, receipt.message_id]) {
      const found = await ask(world.app, "GET", `/v1/messages/${name}`, { key: world.key });
      expect(await found.json()).toMatchObject({ data: { id, subject: "Welcome to KasaPost" } });
    }
  });

  it("of its fetch sample is taken and delivered, with or without the slash (A-081)", async () => {
    await accepted(FETCH);
    const bare = await ask(world.app, "POST", "/api/v2/kasapost/send", { key, body: FETCH });
    expect(bare.status).toBe(202);
    await consume(world.app);
    expect((await deliveries()).map(({ state }) => state)).toEqual(["delivered", "delivered"]);
  });

  it.each([
    [{ from: undefined }, "hello@kasapost.com"],
    [{ from: undefined, from_name: "Shop" }, "Shop <hello@kasapost.com>"],
    [{ from: "Shop <news@kasapost.com>" }, "Shop <news@kasapost.com>"],
    [{ from: "Shop <news@kasapost.com>", from_name: "News" }, "News <news@kasapost.com>"],
    [{ from: undefined, from_email: "a@kasapost.com" }, "a@kasapost.com"],
    [{ from: "a@kasapost.com", from_email: "a@kasapost.com" }, "a@kasapost.com"],
    [{ from: "Doe, Jo", to: "customer@example.com" }, '"Doe, Jo" <hello@kasapost.com>'],
  ])("with %j is from %s", async (change, sender) => {
    expect(await accepted(withFields(change))).toMatchObject({ sender });
  });

  it.each([
    [{ from: "a@other.example" }, [403, "sender_not_allowed", null]],
    [
      { from: "a@kasapost.com", from_email: "b@kasapost.com" },
      [400, "invalid_request", "from_email"],
    ],
    [{ from: "a@" }, [400, "invalid_request", "from"]],
    [{ to: undefined }, [400, "invalid_request", "to"]],
    [{ to: [] }, [400, "invalid_request", "to"]],
    [{ to: ["x"] }, [400, "invalid_request", "to[0]"]],
    [{ subject: undefined }, [400, "invalid_request", "subject"]],
    [{ subject: "a\r\nBcc: x@example.com" }, [400, "invalid_request", "subject"]],
    [{ text: undefined }, [400, "invalid_request", "text"]],
    [{ headers: { "DKIM-Signature": "x" } }, [400, "invalid_request", "headers.DKIM-Signature"]],
    [{ headers: { Bcc: "x@example.com" } }, [400, "invalid_request", "headers.Bcc"]],
    [
      { headers: { "Content-Type": "text/plain" } },
      [400, "invalid_request", "headers.Content-Type"],
    ],
    [
      { headers: { "List-Unsubscribe": "<https://x/>" } },
      [400, "invalid_request", "headers.List-Unsubscribe"],
    ],
    [{ headers: { "X-A": "a\r\nBcc: b@example.com" } }, [400, "invalid_request", "headers.X-A"]],
  ])("with %j is refused: %j (A-083…A-085)", async (change, expected) => {
    expect(await refused(withFields(change))).toEqual(expected);
    expect(await countOf("messages")).toBe(0);
  });

  it("carries safe headers, copies and reply addresses", async () => {
    const copies = {
      cc: "Copy <copy@example.com>",
      bcc: ["blind@example.com"],
      reply_to: "desk@kasapost.com",
    };
    await accepted(withFields({ headers: { "X-Campaign": "a" }, ...copies }));
    await consume(world.app);
    const { messages } = await world.peer.log();
    expect(messages).toHaveLength(3);
    const [mail] = messages.map((one) => new TextDecoder().decode(bytesOf(one.content)));
    expect(mail).toContain("X-Campaign: a\r\n");
    expect(mail).toContain("Cc: Copy <copy@example.com>\r\n");
    expect(mail).toContain("Reply-To: desk@kasapost.com\r\n");
    expect(mail).not.toContain("blind@");
  });

  it("needs a key of this family with the scope (A-086)", async () => {
    expect(await refused(FETCH, {}, await kasapostKey({ scopes: ["read"] }))).toEqual([
      403,
      "insufficient_scope",
      null,
    ]);
    const { secret: revoked, key: record } = await givenKey({ domain: "kasapost.com" }, "kasapost");
    await ask(world.app, "DELETE", `/v1/keys/${record.id}`, { key: world.key });
    for (const secret of [revoked, world.key, "kp_live_xxx"]) {
      expect(await refused(FETCH, {}, secret)).toEqual([401, "unauthorized", null]);
    }
  });

  it("repeated with its Idempotency-Key is answered again, and sent once", async () => {
    await suppress("gone@example.com");
    const headers = { "Idempotency-Key": "order-7" };
    const body = withFields({ to: ["customer@example.com", "gone@example.com"] });
    const first = await accepted(body, headers);
    const again = await post(body, headers);
    expect([again.headers.get("Idempotent-Replayed"), await again.json()]).toEqual(["true", first]);
    expect(first.log.suppressed).toEqual(["gone@example.com"]);
    expect(await refused(FETCH, headers)).toEqual([422, "idempotency_key_reused", null]);
    expect(await countOf("messages")).toBe(1);
  });

  it("tells the limits, and other problems in the same form", async () => {
    const answer = await post(FETCH);
    expect(answer.headers.get("RateLimit-Policy")).toContain('"account"');
    expect(await refused("{")).toEqual([400, "invalid_request", null]);
    const wrong = await ask(world.app, "GET", "/api/v2/kasapost/send/", { key });
    expect([wrong.status, await wrong.json()]).toMatchObject([
      405,
      { error: { code: "method_not_allowed" } },
    ]);
    const text = await post("x", { "Content-Type": "text/plain" });
    expect([text.status, await text.json()]).toMatchObject([
      415,
      { error: { code: "unsupported_media_type" } },
    ]);
  });
});

async function suppress(email: string): Promise<void> {
  const answer = await ask(world.app, "POST", "/v1/suppressions", {
    key: world.key,
    body: { email },
  });
  expect(answer.status).toBe(201);
}

describe("limits", () => {
  it("of a day end at midnight UTC (A-087)", async () => {
    const secret = await kasapostKey({ limits: { ...NO_LIMITS, daily: 2 } });
    const two = withFields({ to: ["a@example.com", "b@example.com"] });
    expect((await post(two, {}, secret)).status).toBe(202);
    const third = await post(FETCH, {}, secret);
    expect([third.status, await third.json()]).toMatchObject([
      429,
      { error: { code: "daily_limit_exceeded" } },
    ]);
    const wait = Number(third.headers.get("Retry-After")) * 1_000;
    const midnight = new Date(Date.now() + wait);
    expect(midnight.getTime() % 86_400_000).toBeLessThan(2_000);
  });

  it("of a new domain grow by the day, and are its own (A-088)", async () => {
    const domain = "new.example";
    await givenDomain(domain);
    const since = world.clock.now();
    await env.DB.prepare("update sender_domains set warming_since = ?1 where domain = ?2")
      .bind(since, domain)
      .run();
    const secret = await kasapostKey({ domain });
    const to = (n: number) => ({
      from: `a@${domain}`,
      subject: "x",
      text: "x",
      to: Array.from({ length: n }, (_, index) => `p${index}@example.com`),
    });
    expect((await post(to(40), {}, secret)).status).toBe(202);
    const over = await post(to(20), {}, secret);
    expect([over.status, await over.json()]).toMatchObject([
      429,
      { error: { code: "reputation_limited" } },
    ]);
    expect(Number(over.headers.get("Retry-After"))).toBeGreaterThan(0);
    expect((await post(to(10), {}, secret)).status).toBe(202);
    expect(await refused(to(200), {}, secret)).toEqual([429, "reputation_limited", null]);
    // Nobody else is held up, nor is the domain by another API.
    expect((await post(FETCH)).status).toBe(202);
    const native = { from: `a@${domain}`, to: "p@example.com", subject: "x", text: "x" };
    expect((await world.post(native)).status).toBe(200);
  });
});

describe("suppressed recipients", () => {
  it("all of them: 202, nothing sent, and a webhook (A-074)", async () => {
    await suppress("customer@example.com");
    const hook = await startHttpReceiver({ replies: [{ status: 200 }] });
    const body = { url: hook.url, format: "kasapost" };
    const made = await ask(world.app, "POST", "/v1/webhooks", { key: world.key, body });
    const { data } = await made.json<{ data: { id: string; format: string; events: null } }>();
    expect(data).toMatchObject({ format: "kasapost", events: null });
    const receipt = await accepted(FETCH);
    expect(receipt).toMatchObject({
      status: "suppressed",
      event: "suppressed",
      log: { suppressed: ["customer@example.com"] },
    });
    await consume(world.app);
    const { connections } = await world.peer.log();
    expect([(await deliveries()).map(({ state }) => state), connections]).toEqual([
      ["suppressed"],
      [],
    ]);
    await runTail(world.app, data.id);
    const posts = await hook.requests();
    expect(posts.map(({ body: text }) => JSON.parse(text))).toEqual([
      {
        event: "suppressed",
        message_id: receipt.message_id,
        recipient: "customer@example.com",
        sender: "KasaPost <hello@kasapost.com>",
        subject: "Welcome to KasaPost",
        timestamp: "2026-11-21T10:00:00.000Z",
        detail: expect.any(String),
      },
    ]);
    await hook.stop();
    // The Kasplo API knows no such event.
    const events = await ask(world.app, "GET", "/v1/events", { key: world.key });
    expect(await events.json()).toMatchObject({ data: [] });
  });

  it("some of them: the others are sent, and charged", async () => {
    await suppress("gone@example.com");
    await ask(world.app, "POST", "/v1/account/credits", { key: world.key, body: { amount: 1 } });
    const to = ["gone@example.com", "customer@example.com"];
    expect(await accepted(withFields({ to }))).toMatchObject({
      status: "accepted",
      log: { suppressed: ["gone@example.com"] },
    });
    // No credit is left, and none is needed for nobody.
    expect(await accepted(withFields({ to: ["gone@example.com"] }))).toMatchObject({
      status: "suppressed",
    });
    expect(await refused(FETCH)).toEqual([402, "out_of_credits", null]);
  });
});

describe("a webhook of format kasapost", () => {
  it("tells that mail was accepted, and what became of it, each once", async () => {
    const hook = await startHttpReceiver({ replies: [{ status: 200 }] });
    const body = { url: hook.url, format: "kasapost", events: ["accepted", "delivered"] };
    const made = await ask(world.app, "POST", "/v1/webhooks", { key: world.key, body });
    const { data } = await made.json<{ data: { id: string } }>();
    const receipt = await accepted(FETCH);
    await consume(world.app);
    await runTail(world.app, data.id);
    const posts = await hook.requests();
    expect(posts.map(({ body: text }) => JSON.parse(text))).toMatchObject([
      { event: "accepted", message_id: receipt.message_id, recipient: "customer@example.com" },
      {
        event: "delivered",
        message_id: receipt.message_id,
        detail: expect.stringContaining("250"),
      },
    ]);
    expect(new Set(posts.map(({ headers }) => headers["webhook-id"])).size).toBe(2);
    await hook.stop();
  });

  it.each([
    [{ format: "kasapost", events: ["open"] }, "events[0]"],
    [{ format: "kasplo", events: ["click", "accepted"] }, "events[1]"],
    [{ format: "xml" }, "format"],
  ])("%j is refused and names %s", async (change, field) => {
    const body = { url: "http://127.0.0.1:1/", ...change };
    const answer = await ask(world.app, "POST", "/v1/webhooks", { key: world.key, body });
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { field } }]);
  });
});
