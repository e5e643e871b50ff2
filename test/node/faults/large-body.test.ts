// Large messages in the memory that the platform gives: V8 limited to 128 MB, as the platform limits the
// isolate. A process that runs out of it dies, and with it the test.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
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

/**
 * Posts once. A refusal that comes before the body was read may cut the sender off: that is told from a
 * dead process by what follows, since nobody starts it again.
 */
async function once(world: World, body: string): Promise<number> {
  try {
    const answer = await world.post(body);
    if (answer.status === 503) expect(answer.headers.get("Retry-After")).toBe("2");
    return answer.status;
  } catch {
    return 503;
  }
}

/** Posts until no other large message is in the way. */
async function patiently(world: World, body: string): Promise<number> {
  for (let n = 0; n < MAX_TRIES; n++) {
    const status = await once(world, body);
    if (status !== 503) return status;
    await sleep(RETRY_MS);
  }
  throw new Error(`never taken:\n${world.output}`);
}
