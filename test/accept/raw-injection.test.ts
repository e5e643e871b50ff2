// What a sender tries to inject with a message of its own, and beside it (reliability §5.2): the header is the
// sender's, but what is checked is what is sent, and nothing ends a message early.
import PostalMime from "postal-mime";
import { describe, expect, it } from "vitest";
import { fromUtf8, utf8 } from "../../src/lib/bytes.ts";
import { consume } from "../../src/queue/consume.ts";
import { bytesOf } from "../peers/client.ts";
import { countOf } from "../support/ledger.ts";
import { headerWith, mime, PLAIN, postRaw } from "../support/raw.ts";
import { sendingGround } from "../support/sending-ground.ts";
import { ask } from "../support/world.ts";

const { app, key, peer } = sendingGround();

const post = (body: string | Uint8Array, headers = {}) => postRaw(app(), key(), body, headers);

/** Delivers what was accepted; the session must hold our commands only. Answers contents and recipients. */
async function delivered() {
  await consume(app());
  await app().idle();
  const log = await peer().log();
  expect([log.bareLf, log.bareCr, log.unfinished]).toEqual([0, 0, []]);
  expect(log.messages.length).toBe(await countOf("deliveries"));
  const verbs = log.messages.length > 0 ? ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"] : [];
  expect(new Set(log.lines.map(({ text }) => text.split(" ")[0]))).toEqual(new Set(verbs));
  return log.messages.map(({ from, to, content }) => ({ from, to, bytes: bytesOf(content) }));
}

/** Every end of data but the right one, and the right one, which must be stuffed. */
const MARKS = ["\r\n", "\n", "\r", "\0", ""];
const ENDS = MARKS.flatMap((left) => MARKS.map((right) => `${left}.${right}`));
const SECOND =
  "MAIL FROM:<evil@evil.test>\r\nRCPT TO:<evil@evil.test>\r\nDATA\r\nSubject: two\r\n\r\nx\r\n.\r\nQUIT\r\n";

describe("SMTP smuggling", () => {
  it("ends no message early in any of 25 forms: a CR or a NUL is refused, the rest is one message", async () => {
    const texts = ENDS.map((end) => `before${end}${SECOND}after`);
    const statuses = await Promise.all(
      texts.map(async (text) => (await post(mime(headerWith(), [text]))).status),
    );
    const fine = texts.filter((text) => !/\r(?!\n)|\0/.test(text));
    expect(statuses).toEqual(texts.map((text) => (fine.includes(text) ? 200 : 400)));
    const seen = (await delivered()).map(({ to, bytes }) => {
      expect(to).toEqual(["you@example.com"]);
      const text = fromUtf8(bytes);
      return text.slice(text.indexOf("\r\n\r\n") + 4);
    });
    expect(seen.sort()).toEqual(fine.map((text) => `${text.replace(/\r?\n/g, "\r\n")}\r\n`).sort());
  });

  it("ends no message early from a header", async () => {
    for (const end of ENDS) {
      const message = mime(headerWith(`X-A: a${end}${SECOND}`));
      expect((await post(message)).status).toBe(400);
    }
    expect(await countOf("messages")).toBe(0);
  });
});

const SEPARATORS = ["\r\n", "\n", "\r", "\0", "\v", "\f", "\u0085", "\u2028", "\u2029"];

describe("a header that says more than it seems to", () => {
  it("hides no second sender and no blind copy, whatever separates them", async () => {
    for (const mark of SEPARATORS) {
      const subject = `Subject: a${mark}From: evil@evil.test${mark}Bcc: evil@evil.test`;
      await post(mime(["From: ann@edgepost.test", "To: you@example.com", subject]));
    }
    for (const { from, to, bytes } of await delivered()) {
      expect([from, to]).toEqual(["ann@edgepost.test", ["you@example.com"]]);
      const mail = await PostalMime.parse(bytes);
      expect(mail.from?.address).toBe("ann@edgepost.test");
      expect(mail.headers.filter(({ key: name }) => /^(?:from|bcc)$/.test(name))).toHaveLength(1);
    }
  });

  it("is judged as it is sent: bare LFs make fields, and those count", async () => {
    const forged = "From: ann@edgepost.test\nFrom: evil@evil.test\n\nx\n";
    expect((await post(forged)).status).toBe(400);
    const blind = "From: ann@edgepost.test\nBcc: evil@evil.test\n\nx\n";
    expect((await post(blind)).status).toBe(200);
    const [seen] = await delivered();
    expect(fromUtf8(seen?.bytes ?? utf8(""))).not.toContain("evil");
  });

  it("poisons nothing with the names of its fields and parameters", async () => {
    const before = Object.getOwnPropertyNames(Object.prototype).sort();
    for (const name of ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"]) {
      const header = headerWith(`${name}: x`, `Content-Type: text/plain; ${name}=x; ${name}*0*=y`);
      expect((await post(mime(header))).status).toBe(200);
    }
    expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(before);
    expect(await delivered()).toHaveLength(5);
  });

  it("fabricates no address with an encoded-word", async () => {
    const header = "From: =?utf-8?q?evil=40evil.test=3E?= <ann@edgepost.test>";
    const id = (await post(mime([header]))).headers.get("X-Message-Id") ?? "";
    const shown = await ask(app(), "GET", `/v1/messages/${id}`, { key: key() });
    expect(await shown.json()).toMatchObject({
      data: { from: "evil@evil.test> <ann@edgepost.test>" },
    });
    const [seen] = await delivered();
    expect(seen?.from).toBe("ann@edgepost.test");
  });
});

const COMMANDS = [
  "a@example.com\r\nRCPT TO:<evil@evil.test>",
  "a@example.com>\r\nRCPT TO:<evil@evil.test",
  "a@b.test\nDATA",
  "a@b.test\rX",
  "a@b.test\0",
  "a b@example.com",
  '"a b"@example.com',
  "@hosta.test:a@example.com",
  "a@example.com SIZE=1",
  "a@example.com> BODY=8BITMIME",
  "a@[127.0.0.1]",
  "a\uff20evil.test@example.com",
  "a\u202e@example.com",
];

describe("commands in the envelope", () => {
  it.each(COMMANDS)("%j is no recipient", async (address) => {
    const path = `/v1/send-raw?to=${encodeURIComponent(address)}`;
    const headers = { "Content-Type": "message/rfc822" };
    expect((await ask(app(), "POST", path, { key: key(), body: PLAIN, headers })).status).toBe(400);
    expect(await countOf("messages")).toBe(0);
  });

  it("never reach a relay as a sender", async () => {
    const statuses = [];
    for (const from of COMMANDS) {
      const path = `/v1/send-raw?to=a@example.com&from=${encodeURIComponent(from)}`;
      const headers = { "Content-Type": "message/rfc822" };
      statuses.push((await ask(app(), "POST", path, { key: key(), body: PLAIN, headers })).status);
    }
    expect(statuses).toContain(400);
    for (const { from } of await delivered()) expect(from).toBe("ann@edgepost.test");
  });
});
