// Large messages in the memory that the platform gives: V8 limited to 128 MB, as the platform limits the
// isolate. A process that runs out of it dies, and with it the test.
import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import * as z from "zod";
import { type Ground, prepareGround } from "./ground.ts";
import { within } from "./ledger.ts";
import { inWorld, type World } from "./world.ts";

const MB = 1024 * 1024;

/** The platform's limit; Miniflare hands it to workerd. */
process.env["MINIFLARE_WORKERD_V8_FLAGS"] = "--max-heap-size=128";

/** The largest that a plan allows, and the largest body (docs/api.md). */
const MAX_ATTACHMENTS = 25 * MB;
const MAX_BODY = 40 * MB;

/** Bodies are tried again while another large one is handled. */
const RETRY_MS = 250;
const MAX_TRIES = 100;

/** Four messages of up to 34 MB over loopback. */
const DELIVERY_MS = 60_000;

let ground: Ground;

beforeAll(async () => {
  ground = await prepareGround();
});

afterAll(() => ground.remove());

it("takes 25 MB of attachments in 40 MB of body, one at a time, and delivers them", async () => {
  await inWorld(ground, { script: { keepContent: false } }, async (world) => {
    const largest = padded(emailWith(MAX_ATTACHMENTS), MAX_BODY);
    expect(await patiently(world, largest)).toBe(200);
    const both = await Promise.all([
      once(world, emailWith(12 * MB)),
      once(world, emailWith(12 * MB)),
    ]);
    expect(both).toContain(503);
    expect(await patiently(world, emailWith(MAX_ATTACHMENTS))).toBe(200);
    expect(await patiently(world, emailWith(MAX_ATTACHMENTS + 1))).toBe(413);
    const tooLarge = padded(emailWith(MAX_ATTACHMENTS), MAX_BODY + 1);
    expect([413, 503]).toContain(await once(world, tooLarge));
    const accepted = both.filter((status) => status === 200).length + 2;
    expect(
      await within(DELIVERY_MS, () => world.peer.log().messages.length === accepted),
      world.output,
    ).toBe(true);
    const sizes = world.peer.log().messages.map(({ size }) => size);
    expect(Math.max(...sizes)).toBeGreaterThan((MAX_ATTACHMENTS * 4) / 3);
  });
});

it("takes 25 MB of files as MIME that comes in pieces, and gives each reader a tracked copy", async () => {
  const variables = { PUBLIC_URL: "http://127.0.0.1:9" };
  const setting = { script: { keepContent: false }, variables };
  const to = ["one@example.com", "two@example.com"];
  await inWorld(ground, setting, async (world) => {
    const post = (bytes: number) => async () => {
      const { status, retryAfter } = await world.postRaw(mimeWith(bytes), to);
      return statusOf(status, retryAfter);
    };
    expect(await again(world, post(MAX_ATTACHMENTS))).toBe(200);
    expect(
      await within(DELIVERY_MS, () => world.peer.log().messages.length === to.length),
      world.output,
    ).toBe(true);
    const sizes = world.peer.log().messages.map(({ size }) => size);
    expect(Math.max(...sizes)).toBeGreaterThan((MAX_ATTACHMENTS * 4) / 3);
  });
});

it("takes no MIME message whose end did not come", async () => {
  await inWorld(ground, {}, async (world) => {
    const url = world.rawUrl(["you@example.com"]);
    const message = "From: hello@edgepost.test\r\nMessage-ID: <a@b.test>\r\n\r\nHello\r\n";
    for (const framing of [
      ["Transfer-Encoding: chunked", `${message.length.toString(16)}\r\n${message}\r\n`],
      [`Content-Length: ${message.length + 1}`, message],
    ]) {
      const [field = "", body = ""] = framing;
      const headers = Object.entries(world.rawHeaders()).map(
        ([name, value]) => `${name}: ${value}`,
      );
      const head = [`POST ${url.pathname}${url.search} HTTP/1.1`, `Host: ${url.host}`, ...headers];
      const socket = connect(Number(url.port), url.hostname);
      socket.write(`${[...head, field].join("\r\n")}\r\n\r\n${body}`);
      // The Worker has begun to read by then.
      await sleep(300);
      socket.destroy();
    }
    await sleep(500);
    const count = z.object({ n: z.number() });
    expect(await world.sql(count, "select count(*) as n from messages")).toEqual([{ n: 0 }]);
    // It was no accident of the test: the whole message is taken.
    const whole = [new TextEncoder().encode(message)];
    expect((await world.postRaw(whole, ["you@example.com"])).status).toBe(200);
    expect(await world.sql(count, "select count(*) as n from messages")).toEqual([{ n: 1 }]);
  });
});

/** A body whose one attachment has so many bytes. */
function emailWith(bytes: number): string {
  const file = Buffer.concat([Buffer.from("%PDF-1.7\n"), randomBytes(bytes - 9)]);
  return JSON.stringify({
    email: {
      from: "hello@edgepost.test",
      subject: "Large",
      text: "See the attachment.",
      recipients: { to: [{ email: "you@example.com" }] },
      attachments: [{ filename: "large.pdf", content: file.toString("base64") }],
    },
  });
}

/** The same body with white space at the end, so many bytes in all. */
function padded(body: string, bytes: number): string {
  return body + " ".repeat(bytes - Buffer.byteLength(body));
}

/** A MIME message with HTML and one file of so many bytes, in pieces of 57,000 octets of the file. */
function* mimeWith(bytes: number): Generator<Uint8Array> {
  const text = new TextEncoder();
  const part = (header: string) => `--b\r\nContent-Type: ${header}\r\n`;
  yield text.encode(
    `From: hello@edgepost.test\r\nSubject: Large\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n` +
      `${part("text/html")}\r\n<a href="https://a.test/">Look</a>\r\n` +
      `${part("application/pdf; name=large.pdf")}Content-Transfer-Encoding: base64\r\n\r\n`,
  );
  const file = Buffer.concat([Buffer.from("%PDF-1.7\n"), randomBytes(bytes - 9)]);
  for (let at = 0; at < file.length; at += 57_000) {
    const lines = file
      .subarray(at, at + 57_000)
      .toString("base64")
      .replace(/.{76}/g, "$&\r\n");
    yield text.encode(lines.endsWith("\r\n") ? lines : `${lines}\r\n`);
  }
  yield text.encode("--b--\r\n");
}

/**
 * Posts once. A refusal that comes before the body was read may cut the sender off: that is told from a
 * dead process by what follows, since nobody starts it again.
 */
async function tried(post: () => Promise<number>): Promise<number> {
  try {
    return await post();
  } catch {
    return 503;
  }
}

function statusOf(status: number, retryAfter: string | null): number {
  if (status === 503) expect(retryAfter).toBe("2");
  return status;
}

async function post(world: World, body: string): Promise<number> {
  const { status, headers } = await world.post(body);
  return statusOf(status, headers.get("Retry-After"));
}

async function once(world: World, body: string): Promise<number> {
  return tried(() => post(world, body));
}

/** Posts until no other large message is in the way. */
async function again(world: World, post: () => Promise<number>): Promise<number> {
  for (let n = 0; n < MAX_TRIES; n++) {
    const answered = await tried(post);
    if (answered !== 503) return answered;
    await sleep(RETRY_MS);
  }
  throw new Error(`never taken:\n${world.output}`);
}

async function patiently(world: World, body: string): Promise<number> {
  return again(world, () => post(world, body));
}
