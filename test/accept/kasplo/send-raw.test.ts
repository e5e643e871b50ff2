// A message as its sender made it, from the door to the relay (contract 1.6; … ).
import { beforeEach, afterEach, describe, expect, it } from "vitest";
import { fromUtf8, toBase64, utf8 } from "../../../src/lib/bytes.ts";
import { consume } from "../../../src/queue/consume.ts";
import { bytesOf, type SmtpPeer, startSmtpPeer } from "../../peers/client.ts";
import { countOf, emptyLedger, events } from "../../support/ledger.ts";
import { headerWith, mime, PLAIN, postRaw } from "../../support/raw.ts";
import { appWithRelay, ask, givenDomain, givenKey, type TestApp } from "../../support/world.ts";
import { expectError, native } from "./native.ts";

let peer: SmtpPeer;
let app: TestApp;
let key = "";
beforeEach(async () => {
  await emptyLedger();
  await givenDomain("edgepost.test");
  key = (await givenKey()).secret;
  peer = await startSmtpPeer();
  app = appWithRelay(peer, { log() {} });
});
afterEach(() => peer.stop());

const post = (body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}) =>
  postRaw(app, key, body, headers);

async function refused(answer: Response, field: string): Promise<string> {
  expect(await countOf("messages")).toBe(0);
  return expectError(answer, { status: 400, code: "invalid_request", field });
}

/** What reached the relay, as text. */
async function delivered(): Promise<readonly string[]> {
  await consume(app);
  await app.idle();
  const log = await peer.log();
  expect([log.bareLf, log.bareCr, log.unfinished]).toEqual([0, 0, []]);
  return log.messages.map(({ content }) => fromUtf8(bytesOf(content)));
}

/** The message without the fields that it was given on its way. */
function asSent(message: string): string {
  return message.replace(/^(?:Date|Message-ID):.*\r\n(?:[ \t].*\r\n)*/gm, "");
}

describe("POST /v1/send-raw", () => {
  it("answers with the id of the committed message, and delivers its bytes", async () => {
    const answer = await post(PLAIN);
    expect(answer.status).toBe(200);
    const { data } = await answer.json<{ data: { message_id: string } }>();
    expect(answer.headers.get("X-Message-Id")).toBe(data.message_id);
    const [message = ""] = await delivered();
    expect(asSent(message)).toBe(PLAIN);
    expect(message).toContain(`Message-ID: <${data.message_id}@edgepost.test>\r\n`);
    expect(message).toMatch(/^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000\r$/m);
    const log = await peer.log();
    expect(log.messages.map(({ from, to }) => [from, to])).toEqual([
      ["ann@edgepost.test", ["you@example.com"]],
    ]);
  });

  it("keeps Date and Message-ID where they are, and every other byte (A-042)", async () => {
    const header = headerWith(
      "Date: Sat, 21 Nov 2026 10:00:00 +0100",
      "MESSAGE-id:\t<own@edgepost.test>",
      "X-Odd:  two  spaces\r\n\tand a fold ",
      "MIME-Version: 1.0",
      "Content-Type: text/plain; charset=utf-8",
      "Content-Transfer-Encoding: 8bit",
    );
    const message = mime(header, [".", "..", ".dot", "größer 你好", "trailing \t", "", "", "end"]);
    expect((await post(message)).status).toBe(200);
    expect(await delivered()).toEqual([message]);
    expect((await peer.log()).lines.find(({ text }) => text.startsWith("MAIL"))?.text).toContain(
      "BODY=8BITMIME",
    );
  });

  it("keeps bytes that are no UTF-8", async () => {
    const body = Uint8Array.from({ length: 256 }, (_, n) => n).filter(
      (byte) => ![0, 10, 13].includes(byte),
    );
    const message = new Uint8Array([...utf8(PLAIN), ...body, 13, 10]);
    expect((await post(message)).status).toBe(200);
    await consume(app);
    const bytes = bytesOf((await peer.log()).messages[0]?.content ?? "");
    expect([...bytes.subarray(bytes.length - body.length - 2)]).toEqual([...body, 13, 10]);
  });

  it("delivers to every recipient of the envelope, from a header or the query", async () => {
    expect((await post(PLAIN, { "X-Envelope-To": "a@example.com,b@example.com" })).status).toBe(
      200,
    );
    const path = "/v1/send-raw?from=any%40where.example&to=c%40example.com%2C+d%2Be%40example.com";
    const headers = { "Content-Type": "message/rfc822" };
    expect((await ask(app, "POST", path, { key, body: PLAIN, headers })).status).toBe(200);
    await delivered();
    const to = (await peer.log()).messages.flatMap(({ to }) => to);
    expect(to.sort()).toEqual([
      "a@example.com",
      "b@example.com",
      "c@example.com",
      "d+e@example.com",
    ]);
  });

  it("shows the decoded subject, resends the same message, and shows its bytes", async () => {
    const subject = "Subject: =?utf-8?q?gr=C3=B6=C3=9Fer?=\r\n\t=?utf-8?q?_x?=";
    const message = mime(["From: ann@edgepost.test", subject, "To: you@example.com"]);
    const answer = await post(message);
    const id = answer.headers.get("X-Message-Id") ?? "";
    expect(await native(app, key, { path: `/v1/messages/${id}` })).toMatchObject({
      from: "ann@edgepost.test",
      subject: "größer x",
      mail_class: "transactional",
    });
    const resent = await native<{ id: string }>(
      app,
      key,
      { method: "POST", path: `/v1/messages/${id}/resend` },
      201,
    );
    expect(resent.id).not.toBe(id);
    const [first = "", second = ""] = await delivered();
    expect([asSent(first), asSent(second)]).toEqual([message, message]);
    const raw = await ask(app, "GET", `/v1/messages/${id}/raw`, { key });
    expect([first, second]).toContain(fromUtf8(new Uint8Array(await raw.arrayBuffer())));
  });

  it("takes a message without a body, and one without a last line end", async () => {
    for (const message of ["From: a@edgepost.test", "From: a@edgepost.test\r\n\r\nx"]) {
      expect((await post(message)).status).toBe(200);
    }
    expect((await delivered()).map(asSent).sort()).toEqual([
      "From: a@edgepost.test\r\n\r\n",
      "From: a@edgepost.test\r\n\r\nx\r\n",
    ]);
  });
});

describe("what is not sent on", () => {
  it("is Bcc and our own fields: folded, in any case, repeated", async () => {
    const header = headerWith(
      "bCC: secret1@example.com,\r\n secret2@example.com",
      "X-Kasplo-Click-Tracking-ID: order 7",
      "Bcc : secret3@example.com",
      "x-kasplo-click-TRACKING-id:\r\n\torder 7",
      "X-KASPLO-SEND-ID: July-01",
      "Resent-Bcc: secret4@example.com",
      "X-Kept: secretly",
    );
    expect((await post(mime(header))).status).toBe(200);
    const [message = ""] = await delivered();
    expect(message).not.toMatch(/secret\d|kasplo|bcc/i);
    expect(asSent(message)).toBe(mime(headerWith("X-Kept: secretly")));
    expect((await events()).map(({ tags, sendId }) => [tags, sendId])).toEqual([
      ["order 7", "july-01"],
    ]);
  });

  it("stays in the body, where it is text", async () => {
    const message = mime(headerWith(), ["Bcc: nobody", "X-Kasplo-Send-ID: x"]);
    expect((await post(message)).status).toBe(200);
    expect((await delivered()).map(asSent)).toEqual([message]);
  });
});

const LONG = Array.from({ length: 300 }, (_, n) => String.fromCharCode(0x21 + (n % 94))).join("");

describe("X-Kasplo-Click-Tracking-ID", () => {
  const withId = (value: string) => mime(headerWith(`X-Kasplo-Click-Tracking-ID: ${value}`));

  it.each([
    ["300 characters (A-031)", LONG, LONG],
    ["one that a client folded", `a\r\n ${LONG.slice(2)}`, `a ${LONG.slice(2)}`],
    ["one that a client encoded", "=?utf-8?q?order=207?=\r\n =?utf-8?q?-mail?=", "order 7-mail"],
  ])("of %s is the tags of its events", async (_name, value, tags) => {
    expect((await post(withId(value))).status).toBe(200);
    const [message = ""] = await delivered();
    expect(asSent(message)).toBe(PLAIN);
    expect((await events()).map((event) => event.tags)).toEqual([tags]);
  });

  it.each([
    ["301 characters (A-031)", `${LONG}x`],
    ["nothing", ""],
    ["a tab", "a\tb"],
    ["an umlaut", "ä"],
    ["an encoded umlaut", "=?utf-8?q?=C3=A4?="],
    ["an encoded line break", "=?utf-8?q?a=0D=0AX:_y?=\u00e4"],
  ])("of %s is refused", async (_name, value) => {
    await refused(await post(withId(value)), "X-Kasplo-Click-Tracking-ID");
  });

  it("that says two things is refused", async () => {
    const lines = ["X-Kasplo-Click-Tracking-ID: a", "X-Kasplo-Click-Tracking-ID: b"];
    await refused(await post(mime(headerWith(...lines))), "X-Kasplo-Click-Tracking-ID");
  });

  it("that stands in the HTTP header only is ignored", async () => {
    expect((await post(PLAIN, { "X-Kasplo-Click-Tracking-ID": "T" })).status).toBe(200);
    await delivered();
    expect((await events()).map(({ tags }) => tags)).toEqual([""]);
  });
});

it.each(["July 01", "ä", "x".repeat(101), ""])("X-Kasplo-Send-ID %j is refused", async (value) => {
  await refused(await post(mime(headerWith(`X-Kasplo-Send-ID: ${value}`))), "X-Kasplo-Send-ID");
});

describe("a From field", () => {
  it.each([
    ["missing", [], "From"],
    ["given twice", ["From: a@edgepost.test", "FROM: b@edgepost.test"], "From"],
    ["with two addresses", ["From: a@edgepost.test, b@edgepost.test"], "From"],
    ["with an address behind another", ["From: <a@edgepost.test> <b@evil.test>"], "From"],
    ["without an address", ["From: Ann"], "From"],
  ])("that is %s is refused", async (_name, header, field) => {
    await refused(await post(mime([...header, "To: you@example.com"])), field);
  });

  it.each([
    "From: a@evil.test",
    'From: "a@edgepost.test" <a@evil.test>',
    "From: a@sub.edgepost.test",
  ])("%j is of a domain that is not ours (A-037)", async (field) => {
    const answer = await post(mime([field, "Sender: ann@edgepost.test"]));
    await expectError(answer, { status: 403, code: "sender_not_allowed" });
    expect(await countOf("messages")).toBe(0);
  });
});

describe("a message that is not one", () => {
  it.each([
    ["empty", ""],
    ["without a header", "\r\nHello\r\n"],
    ["that begins with text", "Hello\r\n\r\nFrom: ann@edgepost.test\r\n"],
    ["from a mailbox file", `From ann Sat Nov 21 10:00\r\n${PLAIN}`],
    ["with a NUL", PLAIN.replace("Hello", "He\0llo")],
    ["with a CR in a field", PLAIN.replace("Subject: ", "Subject: a\rBcc: b@evil.test")],
    ["with a CR in its body", `${PLAIN}a\rb\r\n`],
    ["with a header line over 998 octets", mime(headerWith(`X-A: ${"x".repeat(1_000)}`))],
    ["with 1,001 fields", mime(headerWith(...Array.from({ length: 1_000 }, () => "X-A: b")))],
  ])("%s is refused", async (_name, message) => {
    expect((await post(message)).status).toBe(400);
    expect(await countOf("messages")).toBe(0);
  });

  it("has bare LFs: they are line ends, in the header too", async () => {
    const lf = `${PLAIN.replaceAll("\r\n", "\n").replace("Subject", "Bcc: x@example.com\nSubject")}.\n`;
    expect((await post(lf)).status).toBe(200);
    expect((await delivered()).map(asSent)).toEqual([`${PLAIN}.\r\n`]);
  });
});

const MARKUP =
  '<!doctype html><html ⚡4email data-css-strict><head><meta charset="utf-8"><script async src="https://cdn.ampproject.org/v0.js"></script></head><body>Hi</body></html>';

describe("an AMP part (A-041)", () => {
  const PARTS = {
    plain: "--b\r\nContent-Type: text/plain\r\n\r\nHi\r\n",
    html: "--b\r\nContent-Type: text/html\r\n\r\n<p>Hi</p>\r\n",
    amp: `--b\r\nContent-Type: text/x-amp-html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${MARKUP}\r\n`,
  };

  /** A mail of these parts from a domain whose approved From names are these. */
  async function ampFrom(names: readonly string[], parts: readonly (keyof typeof PARTS)[]) {
    const domain = `${crypto.randomUUID()}.test`;
    await givenDomain(domain, { amp: names });
    const body = parts.map((name) => PARTS[name]).join("");
    return `From: Shop <a@${domain}>\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n${body}--b--\r\n`;
  }

  it.each([
    ["plain", "html", "amp"],
    ["plain", "amp", "html"],
    ["amp", "plain", "html"],
  ] as const)("arrives unchanged in its place, here %s %s %s (C-05)", async (...parts) => {
    const message = await ampFrom(["Shop"], parts);
    expect((await post(message)).status).toBe(200);
    expect((await delivered()).map(asSent)).toEqual([message]);
  });

  it.each([
    ["without text", ["html", "amp"] as const],
    ["without HTML", ["plain", "amp"] as const],
  ])("%s is refused", async (_name, parts) => {
    await refused(await post(await ampFrom(["*"], parts)), "text/x-amp-html");
  });

  it("without an approval of the From name is refused", async () => {
    const answer = await post(await ampFrom(["Other"], ["plain", "html", "amp"]));
    await expectError(answer, { status: 403, code: "amp_not_approved" });
    expect(await countOf("messages")).toBe(0);
  });

  it("that loads what AMP forbids is refused", async () => {
    const message = await ampFrom(["*"], ["plain", "html", "amp"]);
    const bad = message.replace("v0.js", 'v0.js"></script><script src="http://evil.test/x.js');
    await refused(await post(bad), "text/x-amp-html");
  });
});

describe("attachments", () => {
  const withFile = (name: string, bytes: Uint8Array) =>
    mime(headerWith("Content-Type: multipart/mixed; boundary=b"), [
      "--b",
      "",
      "Hello",
      "--b",
      `Content-Type: application/octet-stream; name="${name}"`,
      "Content-Transfer-Encoding: base64",
      "",
      toBase64(bytes).replace(/.{76}(?=.)/g, "$&\r\n"),
      "--b--",
    ]);

  it("arrive byte for byte, from R2 too", async () => {
    const bytes = new Uint8Array(100_000).map((_, n) => (n * 7) & 0xff);
    bytes.set(utf8("%PDF-1.7"));
    const message = withFile("a.pdf", bytes);
    const id = (await post(message)).headers.get("X-Message-Id") ?? "";
    expect(await countOf("contents")).toBe(0);
    const raw = await ask(app, "GET", `/v1/messages/${id}/raw`, { key });
    const [sent = ""] = await delivered();
    expect(asSent(sent)).toBe(message);
    expect(fromUtf8(new Uint8Array(await raw.arrayBuffer()))).toBe(sent);
  });

  it("that are not allowed, or not what they claim, are refused", async () => {
    for (const name of ["a.exe", "a.pdf"]) {
      const answer = await post(withFile(name, utf8("MZ not a PDF")));
      const message = await expectError(answer, { status: 400, code: "attachment_refused" });
      expect(message).toContain("part 2: ");
    }
    expect(await countOf("messages")).toBe(0);
  });

  it.each([
    ["100,000 parts", `${"--b\r\n\r\n".repeat(100_000)}--b--`],
    [
      "10,000 parts in each other",
      Array.from(
        { length: 10_000 },
        (_, n) => `--b\r\nContent-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}`,
      ).join("\r\n"),
    ],
  ])("in %s are refused", async (_name, body) => {
    const message = mime(headerWith("Content-Type: multipart/mixed; boundary=b"), [body]);
    expect((await post(message)).status).toBe(400);
    expect(await countOf("messages")).toBe(0);
  });
});

describe("an envelope", () => {
  it.each([
    ["", "X-Envelope-To"],
    [",", "X-Envelope-To[0]"],
    ["a@example.com,", "X-Envelope-To[1]"],
    ["a@example.com,b", "X-Envelope-To[1]"],
    ["<a@example.com>", "X-Envelope-To[0]"],
    ["a@example.com> NOTIFY=NEVER", "X-Envelope-To[0]"],
    [Array.from({ length: 1_001 }, (_, n) => `a${n}@b.test`).join(","), "X-Envelope-To"],
    [`a@example.com,${"x".repeat(60_000)}`, "X-Envelope-To"],
  ])("to %j is refused", async (to, field) => {
    await refused(await post(PLAIN, { "X-Envelope-To": to }), field);
  });

  it("is named by where it stood", async () => {
    const headers = { "Content-Type": "message/rfc822" };
    const at = (path: string, own = {}) =>
      ask(app, "POST", path, { key, body: PLAIN, headers: { ...headers, ...own } });
    await refused(await at("/v1/send-raw?to=a"), "to[0]");
    await refused(await at("/v1/send-raw"), "X-Envelope-To");
    await refused(await at("/v1/send-raw?to=a@b.test&to=c@d.test"), "to");
    await refused(
      await at("/v1/send-raw?to=a@b.test", { "X-Envelope-To": "a@b.test" }),
      "X-Envelope-To",
    );
    await refused(await at(`/v1/send-raw?to=a@b.test&from=${"x".repeat(321)}`), "from");
    await refused(
      await at("/v1/send-raw?to=a@b.test", { "X-Envelope-From": "ä" }),
      "X-Envelope-From",
    );
  });

  it("has as many recipients as the plan of the account allows", async () => {
    const plan = (name: string) =>
      native(app, key, { method: "PATCH", path: "/v1/account", body: { plan: name } });
    await plan("starter");
    const to = (n: number) => Array.from({ length: n }, (_, i) => `a${i}@b.test`).join(",");
    await refused(await post(PLAIN, { "X-Envelope-To": to(51) }), "X-Envelope-To");
    expect((await post(PLAIN, { "X-Envelope-To": to(50) })).status).toBe(200);
    await plan("local");
  });

  it("takes 1,000 recipients in 60,000 characters", async () => {
    const to = Array.from({ length: 1_000 }, (_, n) => `${"x".repeat(40)}${n}@example.com`);
    const answer = await post(PLAIN, { "X-Envelope-To": to.join(",") });
    expect(answer.status).toBe(200);
    expect(await countOf("deliveries")).toBe(1_000);
  });
});

describe("the door", () => {
  it("takes message/rfc822 and nothing else, of a key that may send", async () => {
    for (const type of ["application/json", "text/plain", ""]) {
      const answer = await post(PLAIN, { "Content-Type": type });
      const message = await expectError(answer, { status: 415, code: "unsupported_media_type" });
      expect(message).toContain("message/rfc822");
    }
    const type = { "Content-Type": "Message/RFC822; charset=utf-8" };
    expect((await post(PLAIN, type)).status).toBe(200);
    const reader = await givenKey({ scopes: ["read", "manage"] });
    const answer = await postRaw(app, reader.secret, PLAIN);
    await expectError(answer, { status: 403, code: "insufficient_scope" });
    await expectError(await postRaw(app, "x", PLAIN), { status: 401, code: "unauthorized" });
  });

  it("binds the message to the key's domain and class", async () => {
    await givenDomain("other.test");
    const bound = await givenKey({ domain: "other.test", mailClass: "marketing" });
    const answer = await postRaw(app, bound.secret, PLAIN);
    await expectError(answer, { status: 403, code: "sender_not_allowed" });
    const fine = await postRaw(app, bound.secret, PLAIN.replace("@edgepost.test", "@other.test"));
    const id = fine.headers.get("X-Message-Id") ?? "";
    expect(await native(app, key, { path: `/v1/messages/${id}` })).toMatchObject({
      mail_class: "marketing",
    });
  });

  it("honours an Idempotency-Key: same message and envelope, one message", async () => {
    const once = { "Idempotency-Key": "once" };
    const first = await post(PLAIN, once);
    const second = await post(PLAIN, once);
    expect(second.headers.get("Idempotent-Replayed")).toBe("true");
    expect(second.headers.get("X-Message-Id")).toBe(first.headers.get("X-Message-Id"));
    for (const [body, headers] of [
      [`${PLAIN}x`, once],
      [PLAIN, { ...once, "X-Envelope-To": "b@example.com" }],
      [PLAIN, { ...once, "X-Envelope-From": "b@example.com" }],
    ] as const) {
      await expectError(await post(body, headers), { status: 422, code: "idempotency_key_reused" });
    }
    expect(await countOf("messages")).toBe(1);
  });
});
