// Requests that are wrong (A-009, A-013…) or too large: each gets its status and its code,
// the message names the place, and nothing is stored.
import { beforeEach, describe, expect, it } from "vitest";
import { MAX_BODY_BYTES } from "../../src/accept/body.ts";
import { handle } from "../../src/accept/http.ts";
import { utf8 } from "../../src/lib/bytes.ts";
import { arriving } from "../support/arriving.ts";
import { countOf, deliveries, emptyLedger } from "../support/ledger.ts";
import { ask, email, givenDomain, givenKey, testApp } from "../support/world.ts";

const app = testApp({ log() {} });
let key = "";
beforeEach(async () => {
  await emptyLedger();
  await givenDomain("edgepost.test");
  key = (await givenKey()).secret;
});

type Failure = { statusCode: number; status: string; message: string };

async function post(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return ask(app, "POST", "/v1/send-email", { key, body, headers });
}

/** The three keys of a refusal; nothing may have been stored. */
async function refusal(answer: Response, status: number): Promise<Failure> {
  const body = await answer.json<Failure>();
  expect([answer.status, body.status]).toEqual([status, "FAILED"]);
  expect(Object.keys(body)).toEqual(["statusCode", "status", "message"]);
  expect(await countOf("messages")).toBe(0);
  return body;
}

const { subject: _subject, ...noSubject } = email().email;
const { from: _from, ...noFrom } = email().email;
const { text: _text, ...noText } = email().email;

describe("a body that is no message", () => {
  it.each([
    ["half an object", "{"],
    ["an array", "[]"],
    ["null", "null"],
    ["nothing", ""],
    ["an empty string", '""'],
    ["a number", "1"],
    ["two objects", "{}{}"],
    ["a comment", "{/**/}"],
    ["a trailing comma", '{"email":{},}'],
  ])("is %s: 400/1001 (A-013)", async (_name, body) => {
    expect((await refusal(await post(body), 400)).statusCode).toBe(1001);
  });

  it("is not UTF-8: 400/1001", async () => {
    const bytes = new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
    const request = requestOf(bytes, { "Content-Type": "application/json" });
    expect((await refusal(await handle(app, request), 400)).statusCode).toBe(1001);
  });

  it.each(["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "", "json"])(
    "is sent as %j: 415/1011",
    async (contentType) => {
      const answer = await post(email(), { "Content-Type": contentType });
      expect((await refusal(answer, 415)).statusCode).toBe(1011);
    },
  );

  it.each(["application/json", "application/json; charset=utf-8", "Application/JSON ;x=y"])(
    "is none of these: %s is taken",
    async (contentType) => {
      expect((await post(email(), { "Content-Type": contentType })).status).toBe(200);
    },
  );
});

describe("a field that is missing or wrong: 400/1002 and its path (A-009, A-014, A-015, A-016)", () => {
  it.each([
    ["email", {}],
    ["email", { email: null }],
    ["email", { email: [] }],
    ["email", { email: "x" }],
    ["email.from", { email: noFrom }],
    ["email.subject", { email: noSubject }],
    ["email.subject", email({ subject: "" })],
    ["email.subject", email({ subject: 5 })],
    ["email.subject", email({ subject: "a\r\nBcc: b@example.com" })],
    ["email.subject", email({ subject: "x".repeat(999) })],
    ["email.fromName", email({ fromName: "a\nb" })],
    ["email.text", { email: noText }],
    ["email.text", email({ text: "", html: "" })],
    ["email.text", email({ text: 1 })],
    ["email.amp", email({ amp: "<html ⚡4email></html>", text: null, html: "<p>x</p>" })],
    ["email.recipients.to", email({ recipients: {} })],
    ["email.recipients.to", email({ recipients: null })],
    ["email.recipients.to", email({ recipients: { to: [] } })],
    ["email.recipients.to", email({ recipients: { to: "a@example.com" } })],
    ["email.recipients.to[0].email", email({}, ["no-at-sign"])],
    ["email.recipients.to[1].email", email({}, ["a@example.com", "b@exam\r\nple.com"])],
    ["email.recipients.to[0].email", email({ recipients: { to: [{ name: "x" }] } })],
    ["email.recipients.cc[0].name", ccNamed("a\rb")],
    ["email.headers.X-A", email({ headers: { "X-A": "1\r\nX-B: 2" } })],
    ["email.headers.Bcc", email({ headers: { Bcc: "b@example.com" } })],
    ["email.headers.DKIM-Signature", email({ headers: { "DKIM-Signature": "v=1" } })],
    ["email.replyTo[0]", email({ replyTo: ["a@b@c"] })],
    ["email.attachments[0].filename", email({ attachments: [{ filename: "../a.pdf" }] })],
    ["metadata.sendId", { ...email(), metadata: { sendId: "a b" } }],
    ["metadata.mailClass", { ...email(), metadata: { mailClass: "spam" } }],
    ["onAmbiguous", { ...email(), onAmbiguous: "maybe" }],
    ["sendAt", { ...email(), sendAt: "2030-01-01T00:00:00Z" }],
    ["subject", { ...email(), subject: "both forms" }],
    ["to", { ...email(), to: "a@example.com" }],
    ["from", { from: "x", to: "a@example.com", subject: "s", text: "t" }],
    ["to[0]", { from: "a@edgepost.test", to: ["x"], subject: "s", text: "t" }],
  ])("%s in %j", async (path, body) => {
    const { statusCode, message } = await refusal(await post(body), 400);
    expect([statusCode, message]).toEqual([1002, expect.stringMatching(startsWith(path))]);
  });

  it("is not one of 1,001 recipients, which are too many", async () => {
    const many = Array.from({ length: 1_001 }, (_, n) => `a${n}@example.com`);
    const { statusCode, message } = await refusal(await post(email({}, many)), 400);
    expect([statusCode, message]).toEqual([1002, expect.stringContaining("email.recipients.to")]);
  });

  it("is invalid base64 of an attachment: 400/1005 (A-022)", async () => {
    const attachments = [{ filename: "a.pdf", content: "%%%" }];
    const { statusCode, message } = await refusal(await post(email({ attachments })), 400);
    expect([statusCode, message]).toEqual([1005, expect.stringContaining("email.attachments[0]")]);
  });
});

describe("what may look wrong and is not", () => {
  it("is the flat form (A-008)", async () => {
    const flat = { from: "A <a@edgepost.test>", to: "x@example.com", subject: "s", text: "t" };
    expect((await post(flat)).status).toBe(200);
  });

  it("is the same address in To and Cc: one delivery (A-018)", async () => {
    const to = [{ email: "Same@Example.com" }];
    const cc = [{ email: "same@example.com" }, { email: "other@example.com" }];
    expect((await post(email({ recipients: { to, cc } }))).status).toBe(200);
    expect((await deliveries()).map(({ recipient }) => recipient)).toEqual([
      "same@example.com",
      "other@example.com",
    ]);
  });

  it("is 1,000 recipients", async () => {
    const many = Array.from({ length: 1_000 }, (_, n) => `a${n}@example.com`);
    expect((await post(email({}, many))).status).toBe(200);
    expect(await countOf("deliveries")).toBe(1_000);
  });
});

describe("methods, paths and queries", () => {
  it.each(["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])(
    "%s /v1/send-email: 405/1012 with Allow (A-020)",
    async (method) => {
      const answer = await ask(app, method, "/v1/send-email", { key });
      expect([answer.status, answer.headers.get("Allow")]).toEqual([405, "POST"]);
      expect((await answer.json<Failure>()).statusCode).toBe(1012);
    },
  );

  it("names every method of a path with several", async () => {
    const answer = await ask(app, "PUT", "/v1/webhooks", { key });
    expect([answer.status, answer.headers.get("Allow")]).toEqual([405, "POST, GET"]);
  });

  it.each(["/", "/v1", "/v1/", "/v1/nothing", "/v2/send", "/v1/send-email/x", "//v1/send-email"])(
    "%s: 404",
    async (path) => {
      const answer = await ask(app, "POST", path, { key, body: email() });
      expect(answer.status).toBe(404);
      expect(answer.headers.get("X-Request-Id")).toMatch(/^[0-9a-f-]{36}$/);
    },
  );

  it("%zz in a path: 404, not a crash", async () => {
    expect((await ask(app, "GET", "/v1/messages/%zz", { key })).status).toBe(404);
  });

  it.each(["limit=1&limit=2", "tag=a&tag=a", "limit=0", "limit=x", "limit=101", "state=nope"])(
    "GET /v1/messages?%s: 400 with the field",
    async (query) => {
      const answer = await ask(app, "GET", `/v1/messages?${query}`, { key });
      expect(answer.status).toBe(400);
      const { error } = await answer.json<{ error: Record<string, string> }>();
      expect(error).toMatchObject({ code: "invalid_request", field: query.split("=")[0] });
    },
  );
});

describe("large bodies", () => {
  it.each([true, false])("over 40 MB are refused with 413/1006, length told: %s", async (told) => {
    const chunk = new Uint8Array(1024 * 1024).fill(0x20);
    let sent = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += chunk.length;
        controller.enqueue(chunk);
        if (sent > MAX_BODY_BYTES + chunk.length) controller.close();
      },
    });
    const length = { "Content-Length": String(MAX_BODY_BYTES + 1) };
    const answer = await handle(app, requestOf(stream, told ? length : {}));
    expect((await refusal(answer, 413)).statusCode).toBe(1006);
    if (told) expect(sent).toBeLessThan(10 * chunk.length);
  });

  it("are taken one at a time; the second is asked to come back, small ones go on", async () => {
    const half = "x".repeat(3 * 1024 * 1024);
    const large = utf8(JSON.stringify(email({ text: half, html: half })));
    let finish = () => {};
    const slow = new ReadableStream<Uint8Array>({
      async start(controller) {
        controller.enqueue(large.subarray(0, large.length - 1));
        await new Promise<void>((resolve) => (finish = resolve));
        controller.enqueue(large.subarray(large.length - 1));
        controller.close();
      },
    });
    const first = handle(app, requestOf(slow));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const second = await handle(app, requestOf(large));
    expect([second.status, Number(second.headers.get("Retry-After")) > 0]).toEqual([503, true]);
    expect((await second.json<Failure>()).statusCode).toBe(1099);
    expect((await post(email())).status).toBe(200);
    finish();
    expect((await first).status).toBe(200);
    expect((await handle(app, requestOf(large))).status).toBe(200);
    expect(await countOf("messages")).toBe(3);
  });

  it("that break off or are refused leave room for the next", async () => {
    const half = "x".repeat(3 * 1024 * 1024);
    const good = utf8(JSON.stringify(email({ text: half, html: half })));
    const broken = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(good);
        controller.error(new Error("the sender left"));
      },
    });
    expect((await handle(app, requestOf(broken))).status).toBeLessThan(500);
    expect((await handle(app, requestOf(good.subarray(0, good.length - 1)))).status).toBe(400);
    const wrong = JSON.stringify(email({ text: half, html: half, subject: "" }));
    expect((await handle(app, requestOf(utf8(wrong)))).status).toBe(400);
    expect((await handle(app, requestOf(good))).status).toBe(200);
  });

  it("with a text over 5 MB are refused with 413/1006", async () => {
    const answer = await post(email({ text: "x".repeat(5 * 1024 * 1024 + 1) }));
    expect((await refusal(answer, 413)).statusCode).toBe(1006);
  });
});

/** A send request with this body and nothing but what is given. */
function requestOf(
  body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>,
  headers: Record<string, string> = {},
): Request {
  return new Request("https://api.edgepost.test/v1/send-email", {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", ...headers },
    body: arriving(body),
  });
}

function ccNamed(name: string) {
  const to = [{ email: "a@example.com" }];
  return email({ recipients: { to, cc: [{ email: "b@example.com", name }] } });
}

function startsWith(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/[.[\]]/g, "\\$&")}: `);
}
