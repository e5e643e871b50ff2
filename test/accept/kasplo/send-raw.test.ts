// A message as its sender made it, from the door to the relay (contract 1.6; ): what stays,
// what is taken out, and what is refused of its header.
import { describe, expect, it } from "vitest";
import { fromUtf8, utf8 } from "../../../src/lib/bytes.ts";
import { bytesOf } from "../../peers/client.ts";
import { countOf, events } from "../../support/ledger.ts";
import { headerWith, mime, PLAIN } from "../../support/raw.ts";
import { expectError, native } from "./native.ts";
import { asSent, rawWire } from "./raw-wire.ts";

const { app, key, post, ask, refused, delivered, log } = rawWire();

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
    const { messages } = await log();
    expect(messages.map(({ from, to }) => [from, to])).toEqual([
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
    expect((await log()).lines.find(({ text }) => text.startsWith("MAIL"))?.text).toContain(
      "BODY=8BITMIME",
    );
  });

  it("keeps bytes that are no UTF-8", async () => {
    const body = Uint8Array.from({ length: 256 }, (_, n) => n).filter(
      (byte) => ![0, 10, 13].includes(byte),
    );
    const message = new Uint8Array([...utf8(PLAIN), ...body, 13, 10]);
    expect((await post(message)).status).toBe(200);
    await delivered();
    const bytes = bytesOf((await log()).messages[0]?.content ?? "");
    expect([...bytes.subarray(bytes.length - body.length - 2)]).toEqual([...body, 13, 10]);
  });

  it("delivers to every recipient of the envelope, from a header or the query", async () => {
    expect((await post(PLAIN, { "X-Envelope-To": "a@example.com,b@example.com" })).status).toBe(
      200,
    );
    const path = "/v1/send-raw?from=any%40where.example&to=c%40example.com%2C+d%2Be%40example.com";
    const headers = { "Content-Type": "message/rfc822" };
    expect((await ask("POST", path, PLAIN, headers)).status).toBe(200);
    await delivered();
    const to = (await log()).messages.flatMap(({ to }) => to);
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
    expect(await native(app(), key(), { path: `/v1/messages/${id}` })).toMatchObject({
      from: "ann@edgepost.test",
      subject: "größer x",
      mail_class: "transactional",
    });
    const resent = await native<{ id: string }>(
      app(),
      key(),
      { method: "POST", path: `/v1/messages/${id}/resend` },
      201,
    );
    expect(resent.id).not.toBe(id);
    const [first = "", second = ""] = await delivered();
    expect([asSent(first), asSent(second)]).toEqual([message, message]);
    const raw = await ask("GET", `/v1/messages/${id}/raw`);
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
