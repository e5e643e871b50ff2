// What becomes of a message when the Worker or the client does not do its part: the right reply to the
// final dot, nothing half-accepted, and the gateway as good as before.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WorkerAct } from "../../peers/submission-worker.ts";
import { connectRaw, plain, type RawClient, signIn, submit } from "./smtp-client.ts";
import { type GatewayWorld, PASSWORD, startGatewayWorld, USER } from "./world.ts";

const SMALL = "From: hello@edgepost.test\r\nMessage-ID: <1@client.test>\r\n\r\nHello";
const MB = 1024 * 1024;

/** Lines of 76 characters, so many bytes together. */
function large(bytes: number): string {
  const line = `${"x".repeat(76)}\r\n`;
  return `From: hello@edgepost.test\r\n\r\n${line.repeat(Math.ceil(bytes / line.length))}end`;
}

let world: GatewayWorld;

/** What the Worker does with a message to this recipient. */
const acts = new Map<string, WorkerAct>();
let cases = 0;

beforeAll(async () => {
  world = await startGatewayWorld({
    env: { WORKER_SECONDS: "1.5" },
    ingest: (headers) => acts.get(headers["x-envelope-to"] ?? "") ?? null,
    credentials: { "small@edgepost.test": { password: PASSWORD, maxSize: 200_000 } },
  });
});
afterAll(() => world.stop());

/** A recipient of whose messages the Worker makes this. */
function recipientWith(act: WorkerAct): string {
  const recipient = `case${(cases += 1)}@example.com`;
  acts.set(recipient, act);
  return recipient;
}

function storedFor(recipient: string): number {
  const { stored } = world.worker;
  return stored.filter((one) => one.headers["x-envelope-to"] === recipient).length;
}

/** Submits while the Worker acts so; then once more while it does what it should. */
async function judged(act: WorkerAct, content: string): Promise<string> {
  const recipient = recipientWith(act);
  const client = await signIn({ port: world.smtp }, USER, PASSWORD);
  const reply = await submit(client, { to: [recipient], content });
  expect(storedFor(recipient)).toBe(0);
  acts.delete(recipient);
  expect(await submit(client, { to: [recipient], content: SMALL })).toMatch(/^250 /);
  expect(storedFor(recipient)).toBe(1);
  client.close();
  return reply;
}

describe.concurrent("the Worker's word", () => {
  it.each<readonly [Exclude<WorkerAct, { drop: string }>, string]>([
    [{ status: 401, code: "invalid_credentials" }, "550 5.7.1 some words"],
    [{ status: 403, code: "tls_required" }, "550 5.7.1 some words"],
    [{ status: 403, code: "sender_not_allowed", message: "no" }, "550 5.7.1 no"],
    [{ status: 403, code: "mail_class_not_allowed" }, "550 5.7.1 some words"],
    [{ status: 403, code: "amp_not_approved" }, "550 5.7.1 some words"],
    [{ status: 400, code: "attachment_refused" }, "550 5.7.1 some words"],
    [{ status: 422, code: "all_recipients_suppressed" }, "550 5.7.1 some words"],
    [{ status: 422, code: "not_compliant" }, "550 5.7.1 some words"],
    [{ status: 400, code: "invalid_request", field: "From" }, "550 5.6.0 some words"],
    [{ status: 400, code: "invalid_request", field: "X-Envelope-To[2]" }, "550 5.1.3 some words"],
    [{ status: 400, code: "invalid_request", field: "text/x-amp-html" }, "550 5.7.1 some words"],
    [{ status: 413, code: "too_large" }, "552 5.3.4 some words"],
    [{ status: 429, code: "rate_limited" }, "450 4.7.1 some words"],
    [{ status: 402, code: "out_of_credits" }, "552 5.2.2 some words"],
  ])("%j is told to the client", async (given, reply) => {
    expect(await judged(given, SMALL)).toBe(reply);
    expect(await judged({ ...given, early: true }, large(300_000))).toBe(reply);
  });

  it("is one line of printable ASCII of at most 400 characters", async () => {
    const message = `a\r\n250 2.0.0 Ok\0\x1b[31mb ${"ä".repeat(3)} ${"x".repeat(500)}`;
    const reply = await judged({ status: 403, code: "sender_not_allowed", message }, SMALL);
    expect(reply).toMatch(/^550 5\.7\.1 a 250 2\.0\.0 Ok \[31mb x+$/);
    expect(reply.length).toBe("550 5.7.1 ".length + 400);
  });
});

describe.concurrent("a fault that is not the client's is 451 and nothing is stored:", () => {
  it.each<readonly [string, WorkerAct]>([
    ["503", { status: 503, code: "unavailable" }],
    ["500", { status: 500 }],
    ["a redirect", { status: 302, headers: { location: "http://127.0.0.1:9/" } }],
    ["the gateway's secret is wrong", { status: 401, code: "unauthorized" }],
    ["the Worker has no gateway", { status: 404, code: "not_found" }],
    ["a refusal that nobody promised", { status: 418, code: "teapot" }],
    ["a body that did not arrive in time", { status: 408, code: "timeout" }],
    ["a 200 without an id", { status: 200 }],
    ["no answer", { drop: "hang" }],
    ["a reset", { drop: "reset" }],
    ["a late reset", { drop: "reset", delay: 200 }],
  ])("%s", async (_name, given) => {
    const expected = "451 4.3.0 The message could not be stored now; try again later";
    expect(await judged(given, SMALL)).toBe(expected);
    expect(await judged(given, large(300_000))).toBe(expected);
  });

  it("a late answer: 451 in time, and the late one tells nobody", async () => {
    const client = await signIn({ port: world.smtp }, USER, PASSWORD);
    const since = Date.now();
    const to = [recipientWith({ delay: 3_500 })];
    const reply = await submit(client, { to, content: SMALL });
    expect(Date.now() - since).toBeLessThan(3_400);
    expect(reply).toMatch(/^451 4\.3\.0 /);
    await sleep(2_500);
    expect(await client.ask("NOOP")).toMatch(/^250 /);
    expect(client.rest()).toBe("");
    client.close();
  });

  it("a Worker that takes no data", async () => {
    const client = await signIn({ port: world.smtp }, USER, PASSWORD);
    const to = [recipientWith({ drop: "stall" })];
    const reply = await submit(client, { to, content: large(12 * MB) });
    expect(reply).toMatch(/^451 4\.3\.0 /);
    client.close();
  });

  it("nobody listens", async () => {
    const own = await startGatewayWorld();
    const client = await signIn({ port: own.smtp }, USER, PASSWORD);
    await own.worker.stop();
    for (const content of [SMALL, large(300_000)]) {
      expect(await submit(client, { to: ["you@example.com"], content })).toMatch(/^451 4\.3\.0 /);
    }
    const other = await connectRaw({ port: own.smtp });
    await other.reply();
    await other.ask("EHLO x");
    const token = plain("new@edgepost.test", PASSWORD);
    expect(await other.ask(`AUTH PLAIN ${token}`)).toMatch(/^454 4\.7\.0 /);
    for (const one of [client, other]) one.close();
    await own.stop();
  });
});

describe("a large message", () => {
  it("arrives byte for byte", async () => {
    const content = large(5 * MB);
    const client = await signIn({ port: world.smtp }, USER, PASSWORD);
    expect(await submit(client, { to: ["you@example.com"], content })).toMatch(/^250 /);
    expect(world.worker.stored.at(-1)?.body.equals(Buffer.from(`${content}\r\n`))).toBe(true);
    client.close();
  });

  it.each([
    [200_000, /^250 /],
    [200_001, /^552 5\.3\.4 Message size exceeds the limit of 200000 bytes$/],
    [350_000, /^552 5\.3\.4 /],
  ])("of %i bytes against a limit of 200,000", async (bytes, reply) => {
    const before = world.worker.stored.length;
    const client = await signIn({ port: world.smtp }, "small@edgepost.test", PASSWORD);
    const content = "x".repeat(bytes - 2).replaceAll(/.{998}/g, (line) => `${line.slice(2)}\r\n`);
    expect(await submit(client, { to: ["you@example.com"], content })).toMatch(reply);
    expect(await client.ask("NOOP")).toMatch(/^250 /);
    client.close();
    const taken = reply.test("250 ") ? 1 : 0;
    expect(world.worker.stored.length).toBe(before + taken);
    expect(world.worker.ingested.filter((one) => one.whole).at(-1)?.body.length).toBeLessThan(
      200_001,
    );
  });

  it("that goes on and on is cut off", async () => {
    const client = await signIn({ port: world.smtp }, "small@edgepost.test", PASSWORD);
    for (const line of ["MAIL FROM:<a@edgepost.test>", "RCPT TO:<b@example.com>", "DATA"]) {
      await client.ask(line);
    }
    client.write(large(600_000));
    expect(await client.reply()).toMatch(/^552 5\.3\.4 /);
    await client.ended;
  });
});

describe("a client that goes away", () => {
  it.each([
    ["politely", 0],
    ["politely", 200_000],
    ["with a reset", 0],
    ["with a reset", 200_000],
  ])("%s after %i bytes leaves nothing", async (how, bytes) => {
    const to = `gone-${how.replaceAll(" ", "-")}-${bytes}@example.com`;
    const client = await signIn({ port: world.smtp }, USER, PASSWORD);
    for (const line of ["MAIL FROM:<a@edgepost.test>", `RCPT TO:<${to}>`, "DATA"]) {
      await client.ask(line);
    }
    client.write(bytes === 0 ? "Subject: half" : large(bytes));
    await sleep(50);
    if (how === "politely") client.socket().end();
    else client.socket().resetAndDestroy();
    await client.ended;
    await sleep(100);
    const seen = world.worker.ingested.filter((one) => one.headers["x-envelope-to"] === to);
    expect(seen.map((one) => one.whole)).toEqual(bytes === 0 ? [] : [false]);
    expect(storedFor(to)).toBe(0);
    expect(world.log().at(-1)).toMatchObject({ event: "message_cut" });
  });

  it("or sends a message too slowly is told so", async () => {
    const own = await startGatewayWorld({ env: { DATA_SECONDS: "1" } });
    const client = await signIn({ port: own.smtp }, USER, PASSWORD);
    for (const line of ["MAIL FROM:<a@edgepost.test>", "RCPT TO:<b@example.com>", "DATA"]) {
      await client.ask(line);
    }
    const drip = setInterval(() => client.write("x"), 100);
    expect(await client.reply()).toBe("421 4.4.2 The message did not arrive in time");
    await client.ended;
    clearInterval(drip);
    await own.stop();
  });
});

describe("a message without an answer", () => {
  it("is one message when the client sends it again", async () => {
    const content = SMALL.replace("<1@", "<again@");
    const before = world.worker.stored.length;
    const client: RawClient = await signIn({ port: world.smtp }, USER, PASSWORD);
    const replies: string[] = [];
    for (let n = 0; n < 3; n++) {
      replies.push(await submit(client, { to: ["you@example.com"], content }));
    }
    expect(new Set(replies).size).toBe(1);
    expect(world.worker.stored.length).toBe(before + 1);
    client.close();
  });
});
