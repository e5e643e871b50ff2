// SMTP smuggling: nothing but CRLF.CRLF ends a message, however it is cut into packets, and what comes out
// of the stream is what went in (reliability.md 5.2).
import fc from "fast-check";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RawClient, signIn, submit } from "./smtp-client.ts";
import { type GatewayWorld, PASSWORD, startGatewayWorld, USER } from "./world.ts";

const ENDS = { CRLF: "\r\n", LF: "\n", CR: "\r", NUL: "\0", none: "" } as const;
type End = keyof typeof ENDS;
const NAMES = ["CRLF", "LF", "CR", "NUL", "none"] as const;

/** Every pair but the right one: 24. */
const VARIANTS = NAMES.flatMap((left) => NAMES.map((right) => [left, right] as const)).filter(
  ([left, right]) => left !== "CRLF" || right !== "CRLF",
);

const SMUGGLED =
  "MAIL FROM:<smuggler@edgepost.test>\r\nRCPT TO:<victim@example.com>\r\nDATA\r\nSubject: two\r\n\r\nsecond";

let world: GatewayWorld;

beforeAll(async () => {
  world = await startGatewayWorld();
});
afterAll(() => world.stop());

async function inTransaction(): Promise<RawClient> {
  const client = await signIn({ port: world.smtp }, USER, PASSWORD);
  for (const line of ["MAIL FROM:<hello@edgepost.test>", "RCPT TO:<you@example.com>", "DATA"]) {
    await client.ask(line);
  }
  return client;
}

/** Sends content in pieces, then the end of data; answers what the Worker stored of it. */
async function stored(pieces: readonly string[]): Promise<string> {
  const client = await inTransaction();
  for (const piece of pieces) {
    client.write(piece);
    if (pieces.length > 1) await sleep(1);
  }
  client.write("\r\n.\r\n");
  const reply = await client.reply();
  expect(reply).toMatch(/^250 2\.0\.0 /);
  expect(await client.ask("NOOP")).toMatch(/^250 /);
  expect(client.rest()).toBe("");
  client.close();
  const body = pieces.join("");
  const found = world.worker.stored.filter((one) => one.body.toString("latin1").includes("first"));
  expect(found.every((one) => one.headers["x-envelope-to"] === "you@example.com")).toBe(true);
  const own = found.find((one) => one.body.toString("latin1").startsWith(body.slice(0, 30)));
  return own?.body.toString("latin1") ?? "";
}

describe.concurrent("an end of data that is none", () => {
  it.each(VARIANTS)("%s . %s ends nothing, in one packet", async (left, right) => {
    const content = `X-Case: whole ${left} ${right}\r\n\r\nfirst${variant(left, right)}${SMUGGLED}`;
    expect(await stored([content])).toBe(`${content}\r\n`);
  });

  it.each(VARIANTS)("%s . %s ends nothing, byte by byte", async (left, right) => {
    const before = `X-Case: bytes ${left} ${right}\r\n\r\nfirst`;
    const middle = variant(left, right);
    const content = `${before}${middle}${SMUGGLED}`;
    expect(
      await stored([before, ...Array.from(middle + SMUGGLED.slice(0, 3)), SMUGGLED.slice(3)]),
    ).toBe(`${content}\r\n`);
  });

  it.each(NAMES.filter((name) => name !== "CRLF"))(
    ". %s at the very beginning ends nothing",
    async (right) => {
      const client = await inTransaction();
      const content = `.${ENDS[right]}start ${right} ${SMUGGLED}`;
      for (const byte of content.slice(0, 4)) {
        client.write(byte);
        await sleep(1);
      }
      client.write(`${content.slice(4)}\r\n.\r\n`);
      expect(await client.reply()).toMatch(/^250 2\.0\.0 /);
      expect(await client.ask("NOOP")).toMatch(/^250 /);
      client.close();
      const bodies = world.worker.stored.map((one) => one.body.toString("latin1"));
      expect(bodies).toContain(`${content}\r\n`);
    },
  );
});

function variant(left: End, right: End): string {
  return `${ENDS[left]}.${ENDS[right]}`;
}

describe("the stream", () => {
  it("nobody but the recipient of the envelope ever got anything", () => {
    const recipients = new Set(world.worker.ingested.map((one) => one.headers["x-envelope-to"]));
    expect([...recipients]).toEqual(["you@example.com"]);
    expect(world.worker.ingested.length).toBe(24 * 2 + 4);
  });

  it("a second message that is pipelined behind a right end is a message of its own", async () => {
    const client = await inTransaction();
    const second = SMUGGLED.replace("smuggler", "second");
    client.write(`Subject: one\r\n\r\nfirst\r\n.\r\n${second}\r\n.\r\nQUIT\r\n`);
    const replies: string[] = [];
    for (let n = 0; n < 6; n++) replies.push((await client.reply()).slice(0, 3));
    expect(replies).toEqual(["250", "250", "250", "354", "250", "221"]);
    expect(world.worker.stored.at(-1)?.headers["x-envelope-from"]).toBe("second@edgepost.test");
  });

  it("keeps every byte of lines that begin with dots, however they are cut", async () => {
    const client = await signIn({ port: world.smtp }, USER, PASSWORD);
    const line = fc.string({ unit: fc.constantFrom(".", "a", "\xe9", "\0", " "), maxLength: 6 });
    const cuts = fc.array(fc.nat(40), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 8 }), cuts, async (lines, places) => {
        const original = lines.map((one) => `${one}\r\n`).join("");
        const stuffed = `${lines.map((one) => `${one.startsWith(".") ? "." : ""}${one}\r\n`).join("")}.\r\n`;
        for (const one of ["MAIL FROM:<a@edgepost.test>", "RCPT TO:<b@example.com>", "DATA"]) {
          await client.ask(one);
        }
        let from = 0;
        for (const to of [...places.sort((a, b) => a - b), stuffed.length]) {
          if (to <= from) continue;
          client.write(stuffed.slice(from, to));
          await new Promise((resolve) => setImmediate(resolve));
          from = to;
        }
        expect(await client.reply()).toMatch(/^250 /);
        expect(world.worker.ingested.at(-1)?.body.toString("latin1")).toBe(original);
      }),
      { numRuns: 60 },
    );
    client.close();
  });

  it("takes commands and content that were pipelined without waiting", async () => {
    const client = await signIn({ port: world.smtp }, USER, PASSWORD);
    client.write(
      "MAIL FROM:<a@edgepost.test>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nSubject: x\r\n\r\n..\r\n.\r\nNOOP\r\n",
    );
    const replies: string[] = [];
    for (let n = 0; n < 5; n++) replies.push((await client.reply()).slice(0, 3));
    expect(replies).toEqual(["250", "250", "354", "250", "250"]);
    expect(world.worker.stored.at(-1)?.body.toString()).toBe("Subject: x\r\n\r\n.\r\n");
    expect(await submit(client, { to: ["c@example.com"], content: "\xe4\xf6" })).toMatch(/^250 /);
    expect(world.worker.stored.at(-1)?.body).toEqual(Buffer.from("\xe4\xf6\r\n", "latin1"));
    client.close();
  });
});
