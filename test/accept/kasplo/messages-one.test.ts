// One message at /v1/messages/:id (decision 19): all that happened to it, its exact bytes, and sending
// it again.
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toBase64, utf8 } from "../../../src/lib/bytes.ts";
import { consume } from "../../../src/queue/consume.ts";
import { bytesOf, type SmtpPeer, startSmtpPeer } from "../../peers/client.ts";
import type { SmtpScript } from "../../peers/script.ts";
import { countOf, emptyLedger } from "../../support/ledger.ts";
import {
  appWithRelay,
  ask,
  email,
  givenDomain,
  givenKey,
  type TestApp,
  testApp,
} from "../../support/world.ts";
import { expectError, native, pageOf, suppress } from "./native.ts";

const NOBODY = "0189abcd-0000-7000-8000-000000000001";

let key = "";
const stops: (() => Promise<void>)[] = [];
beforeEach(async () => {
  await emptyLedger();
  await givenDomain("edgepost.test");
  key = (await givenKey()).secret;
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function withPeer(script: SmtpScript = {}): Promise<{ app: TestApp; peer: SmtpPeer }> {
  const peer = await startSmtpPeer(script);
  stops.push(peer.stop);
  return { app: appWithRelay(peer, { log() {} }), peer };
}

async function post(app: TestApp, body: unknown): Promise<string> {
  const answer = await ask(app, "POST", "/v1/send-email", { key, body });
  expect([answer.status, await answer.text()]).toEqual([200, expect.any(String)]);
  return answer.headers.get("X-Message-Id") ?? "";
}

type Item = { readonly id: string };

const AT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describe("GET /v1/messages/:id", () => {
  const BAD = { at: "rcpt", match: "bad", do: { reply: "550 5.1.1 No such user" } } as const;
  const LATER = { at: "rcpt", match: "later", do: { reply: "451 4.3.0 Try later" } } as const;
  const SUCCESS = { result: "success", code: null, reply: expect.stringMatching(/^250 /) };
  const FAILURE = { result: "failure", code: 10, reply: "550 5.1.1 No such user" };
  const DEFERRAL = { result: "deferral", code: 20, reply: "451 4.3.0 Try later" };

  it("tells every delivery, every attempt and the time line (decision 19)", async () => {
    const { app } = await withPeer({ rules: [BAD, LATER] });
    await suppress("gone@example.com");
    const id = await post(
      app,
      email({}, ["ok@example.com", "bad@example.com", "later@Example.com", "gone@example.com"]),
    );
    await consume(app);
    await app.idle();
    const message = await native<Record<string, unknown>>(app, key, { path: `/v1/messages/${id}` });
    const attempt = { at: AT, relay: "127.0.0.1", tls: false };
    const delivery = (position: number, address: string, state: string, words: object | null) => ({
      click_tracking_id: `${id}:${position}`,
      email: address,
      state,
      next_attempt_at: state === "deferred" ? AT : null,
      attempts: words ? [{ ...attempt, ...words }] : [],
    });
    const { timeline, ...rest } = message;
    expect(rest).toEqual({
      id,
      created_at: AT,
      send_at: null,
      from: "sender@edgepost.test",
      subject: "Hello",
      tags: "",
      mail_class: "transactional",
      sendid: expect.stringMatching(/^transactional\d{6}$/),
      listid: "transactional",
      metadata: {},
      deliveries: [
        delivery(0, "ok@example.com", "delivered", SUCCESS),
        delivery(1, "bad@example.com", "bounced", FAILURE),
        delivery(2, "later@example.com", "deferred", DEFERRAL),
        delivery(3, "gone@example.com", "suppressed", null),
      ],
      tracking: {
        opens: { people: 0, machines: 0, unique: 0 },
        clicks: { people: 0, machines: 0, unique: 0 },
      },
    });
    const entry = (event: string, position: number, words: object = {}) => {
      const { code: _code, ...said } = { code: null, ...words };
      return { at: AT, event, click_tracking_id: `${id}:${position}`, ...said };
    };
    expect(timeline).toHaveLength(5);
    expect(timeline).toEqual(
      expect.arrayContaining([
        { at: AT, event: "accepted" },
        entry("suppressed", 3),
        entry("attempt", 0, SUCCESS),
        entry("attempt", 1, FAILURE),
        entry("attempt", 2, DEFERRAL),
      ]),
    );
    const bounced = await pageOf<Item>(app, key, "/v1/messages?state=bounced");
    expect(bounced.data.map((item) => item.id)).toEqual([id]);
  });

  it.each([
    ["an id that nothing has", NOBODY],
    ["the same in capitals", NOBODY.toUpperCase()],
    ["a UUID of another version", "00000000-0000-4000-8000-000000000000"],
    ["a number", "1"],
    ["a long text", "x".repeat(5_000)],
    ["SQL", "'; drop table messages --"],
    ["an emoji", "%F0%9F%92%A9"],
    ["an encoded path", "..%2Fkeys"],
  ])("answers %s and its parts with 404", async (_name, id) => {
    const app = testApp({ log() {} });
    for (const [method, tail] of [
      ["GET", ""],
      ["GET", "/raw"],
      ["POST", "/resend"],
    ] as const) {
      const answer = await ask(app, method, `/v1/messages/${id}${tail}`, { key });
      await expectError(answer, { status: 404, code: "not_found" });
    }
    expect(await countOf("messages")).toBe(0);
  });
});

/** A PDF of so many bytes that are not text. */
function pdf(bytes: number): string {
  const content = crypto.getRandomValues(new Uint8Array(Math.min(bytes, 65_536)));
  const whole = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += content.length) {
    whole.set(content.subarray(0, Math.min(content.length, bytes - at)), at);
  }
  whole.set(utf8("%PDF-1.7\n"));
  return toBase64(whole);
}

describe("GET /v1/messages/:id/raw", () => {
  const people = [
    { email: "a@example.com", name: "Änne", variables: { name: "<Ä & \r\n.B>" } },
    { email: "b@example.com", variables: { name: "💌" } },
  ];
  const BODIES: readonly (readonly [string, Record<string, unknown>])[] = [
    ["a plain text without an end", { text: "one line" }],
    ["dots and mixed line ends", { text: ".\r\n..\n.\r.\n\n.\r\n" }],
    ["non-ASCII everywhere", { subject: "Grüße 💌", fromName: "Ä, Ö", text: "ü".repeat(2_000) }],
    ["a long line", { text: "x".repeat(5_000), html: `<p>${"y ".repeat(3_000)}</p>` }],
    ["own headers", { headers: { "X-One": "1", "List-Help": "<mailto:h@edgepost.test>" } }],
    ["a small file", { attachments: [{ filename: "ä.pdf", content: pdf(2_000) }] }],
    ["a large file", { attachments: [{ filename: "b.pdf", content: pdf(300_000) }] }],
    [
      "values of each recipient",
      {
        subject: "For {{name}}",
        text: "Hello {{name}}",
        html: "<b>{{name}}</b>",
        recipients: { to: people, bcc: [{ email: "blind@example.com" }] },
      },
    ],
  ];

  it.each(BODIES)("is what the relay received, byte for byte: %s", async (_name, change) => {
    const { app, peer } = await withPeer();
    const id = await post(app, email(change));
    const before = await rawBytes(app, id, 0);
    await consume(app);
    await app.idle();
    const { messages } = await peer.log();
    const message = await native<{ deliveries: { email: string }[] }>(app, key, {
      path: `/v1/messages/${id}`,
    });
    expect(messages.length).toBe(message.deliveries.length);
    for (const [index, delivery] of message.deliveries.entries()) {
      const received = messages.find(({ to }) => to[0] === delivery.email);
      const shown = await rawBytes(app, id, index);
      expect(toBase64(shown) === received?.content).toBe(true);
      expect(shown.length).toBe(bytesOf(received?.content ?? "").length);
      if (index === 0) expect(toBase64(before)).toBe(toBase64(shown));
    }
  });

  async function rawBytes(app: TestApp, id: string, index: number): Promise<Uint8Array> {
    const answer = await ask(app, "GET", `/v1/messages/${id}/raw?index=${index}`, { key });
    expect([answer.status, answer.headers.get("Content-Type")]).toEqual([200, "message/rfc822"]);
    expect(answer.headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(answer.headers.get("X-Request-Id")).toMatch(/^[0-9a-f-]{36}$/);
    return new Uint8Array(await answer.arrayBuffer());
  }

  it("is the first delivery's unless an index is given", async () => {
    const app = testApp({ log() {} });
    const people = ["Anna", "Bert"].map((name) => ({
      email: `${name}@example.com`,
      variables: { name },
    }));
    const id = await post(app, email({ text: "Hi {{name}}", recipients: { to: people } }));
    const answer = await ask(app, "GET", `/v1/messages/${id}/raw`, { key });
    expect(await answer.text()).toContain("Hi Anna");
    const second = await ask(app, "GET", `/v1/messages/${id}/raw?index=1`, { key });
    expect(await second.text()).toContain("Hi Bert");
  });

  it.each(["1", "-1", "0.5", "x", "1e9", "99999999999999999999"])(
    "is not there for index %s of one recipient",
    async (index) => {
      const app = testApp({ log() {} });
      const id = await post(app, email());
      const answer = await ask(app, "GET", `/v1/messages/${id}/raw?index=${index}`, { key });
      await expectError(answer, { status: 400, code: "invalid_request", field: "index" });
    },
  );

  it.each([
    ["in D1", "short", () => env.DB.prepare("delete from contents").run()],
    ["in R2", "x".repeat(60_000), () => deleteBlobs()],
  ])("ends with the content %s: 404, the message itself stays", async (_name, text, forget) => {
    const app = testApp({ log() {} });
    const id = await post(app, email({ text }));
    await forget();
    const raw = await ask(app, "GET", `/v1/messages/${id}/raw`, { key });
    await expectError(raw, { status: 404, code: "not_found" });
    const resend = await ask(app, "POST", `/v1/messages/${id}/resend`, { key });
    await expectError(resend, { status: 404, code: "not_found" });
    await native(app, key, { path: `/v1/messages/${id}` });
    expect(await countOf("messages")).toBe(1);
  });
});

async function deleteBlobs(): Promise<void> {
  const { objects } = await env.CONTENT.list();
  await env.CONTENT.delete(objects.map((object) => object.key));
}
