// What strangers do to a port that is open to the world (reliability.md 5.2), and that a good client does
// not notice it.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type GatewayProcess, startGatewayProcess } from "./gateway-process.ts";
import { connectRaw, plain, type RawClient, signIn, submit } from "./smtp-client.ts";
import { type GatewayWorld, gatewayEnv, PASSWORD, startGatewayWorld, USER } from "./world.ts";

const MAIL = { to: ["you@example.com"], content: "From: hello@edgepost.test\r\n\r\nHi" };
const MB = 1024 * 1024;

/** reliability.md 5.2. */
const MAX_GROWTH = 64 * MB;
const MAX_P99_MS = 2_000;

let world: GatewayWorld;

beforeAll(async () => {
  world = await startGatewayWorld();
});
afterAll(() => world.stop());

async function open(): Promise<RawClient> {
  const client = await connectRaw({ port: world.smtp });
  await client.reply();
  return client;
}

describe("STARTTLS injection", () => {
  it.each([
    ["a command", "NOOP\r\n"],
    ["a whole login", `EHLO evil\r\nAUTH PLAIN ${plain(USER, PASSWORD)}\r\n`],
    ["a transaction", "EHLO evil\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@example.com>\r\nDATA\r\n"],
    ["half a command", "MAIL FROM:<a@b"],
    ["200 commands", "NOOP\r\n".repeat(200)],
  ])("with %s behind it does nothing", async (_name, injected) => {
    const client = await open();
    await client.ask("EHLO client.test");
    const asked = world.worker.asked.length;
    // In one write, so that it is in the buffer when the command is read.
    client.write(`STARTTLS\r\n${injected}`);
    const answer = await client.reply();
    expect(answer).toBe("220 2.0.0 Ready to start TLS");
    expect(client.rest()).toBe("");
    await client.handshake(world.certificates.ca);
    expect(await client.ask("MAIL FROM:<a@b.test>")).toMatch(/^503 5\.5\.1 .*EHLO/);
    await client.ask("EHLO client.test");
    expect(await client.ask("MAIL FROM:<a@b.test>")).toMatch(/^530 5\.7\.0 /);
    expect(client.rest()).toBe("");
    expect(world.worker.asked.length).toBe(asked);
    client.close();
  });
});

describe("who does not speak SMTP", () => {
  it.each([
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /x HTTP/1.1\r\nContent-Length: 500\r\n\r\nEHLO x\r\nAUTH PLAIN AAAA\r\n",
    "OPTIONS sip:x SIP/2.0\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "\0\0\0\x0c\r\n",
    "EHLO too.early\r\n",
  ])("and talks first is sent away: %j", async (text) => {
    const client = await connectRaw({ port: world.smtp });
    client.write(text.endsWith("\n") ? text : `${text}\r\n`);
    expect(await client.reply()).toMatch(/^421 /);
    await client.ended;
    expect(client.rest()).toBe("");
  });

  it.each(["GET / HTTP/1.1", "POST /internal HTTP/1.0", "CONNECT /x HTTP/1.1"])(
    "and sends %s is sent away",
    async (line) => {
      const client = await open();
      expect(await client.ask(line)).toMatch(/^421 .*HTTP/);
      await client.ended;
    },
  );

  it("on the TLS port is cut off", async () => {
    const client = await connectRaw({ port: world.smtps });
    client.write("EHLO client.test\r\n");
    await client.ended;
    expect(client.rest()).not.toContain("250");
  });

  it.each([
    ["64 KB without a line end", "x".repeat(65_536)],
    ["a line of 64 KB", `EHLO ${"x".repeat(65_536)}\r\n`],
    ["a line that is one too long", `NOOP ${"x".repeat(2_044)}\r\n`],
  ])("and sends %s is sent away", async (_name, text) => {
    const client = await open();
    client.write(text);
    expect(await client.reply()).toMatch(/^421 .*too long/);
    await client.ended;
  });

  it("and sends a megabyte of garbage commands is sent away after a few", async () => {
    const client = await open();
    client.write("garbage\r\n".repeat(120_000));
    const replies: string[] = [];
    for (let last = ""; !last.startsWith("421");) replies.push((last = await client.reply()));
    expect(replies.length).toBeLessThanOrEqual(20);
    await client.ended;
  });

  it("and pipelines a megabyte of good commands without reading costs no memory", async () => {
    const client = await signIn({ port: world.smtp }, USER, PASSWORD);
    client.socket().pause();
    client.write("NOOP\r\n".repeat(170_000));
    await sleep(200);
    const other = await signIn({ port: world.smtp }, USER, PASSWORD);
    expect(await submit(other, MAIL)).toMatch(/^250 /);
    for (const one of [client, other]) one.close();
  });

  it("signs in with what is no base64, no name, or far too long", async () => {
    const client = await open();
    await client.ask("EHLO client.test");
    for (const token of [
      "=",
      "!!!!",
      Buffer.from("a\0b").toString("base64"),
      plain("a\r\nb", "c"),
    ]) {
      expect(await client.ask(`AUTH PLAIN ${token}`)).toMatch(/^501 /);
    }
    expect(await client.ask("AUTH PLAIN")).toBe("334");
    expect(await client.ask("*")).toMatch(/^501 /);
    expect(await client.ask("AUTH CRAM-MD5")).toMatch(/^504 5\.5\.4 /);
    expect(await client.ask("AUTH XOAUTH2 x")).toMatch(/^504 5\.5\.4 /);
    client.close();
  });
});

describe("an open relay", () => {
  const RECIPIENTS = [
    "victim@example.com",
    "victim%example.com@edgepost.test",
    "victim%example.com@[127.0.0.1]",
    "example.com!victim",
    "@edgepost.test:victim@example.com",
    "victim@edgepost.test",
    "victim",
    '"victim@example.com"',
  ];

  it.each(["a@example.com", "hello@edgepost.test", USER, "", "postmaster@smtp.edgepost.test"])(
    "is not to be had for <%s>",
    async (from) => {
      const client = await open();
      await client.ask("HELO localhost");
      expect(await client.ask(`MAIL FROM:<${from}>`)).toMatch(/^530 5\.7\.0 /);
      for (const to of RECIPIENTS) {
        const reply = await client.ask(`RCPT TO:<${to}>`);
        expect(reply).toMatch(/^(530 5\.7\.0 |421 )/);
        if (reply.startsWith("421")) break;
      }
      client.close();
    },
  );

  it("lets nobody in who was refused at AUTH", async () => {
    const client = await open();
    await client.ask("EHLO client.test");
    await client.ask(`AUTH PLAIN ${plain(USER, "wrong")}`);
    client.write("MAIL FROM:<a@b.test>\r\nRCPT TO:<victim@example.com>\r\nDATA\r\n");
    for (let n = 0; n < 3; n++) expect(await client.reply()).toMatch(/^530 5\.7\.0 /);
    client.close();
    const recipients = world.worker.ingested.map((one) => one.headers["x-envelope-to"]);
    expect(recipients.filter((one) => one?.includes("victim"))).toEqual([]);
  });
});

describe("under load, in a process of its own", () => {
  let gateway: GatewayProcess;

  beforeAll(async () => {
    gateway = await startGatewayProcess({
      ...gatewayEnv(world.folder),
      MAX_CONNECTIONS_PER_ADDRESS: "100",
    });
    // What every process takes once.
    for (let n = 0; n < 3; n++) await goodClient();
  });
  afterAll(async () => {
    gateway.signal("SIGTERM");
    await gateway.ended;
  });

  async function memory(): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${gateway.statusPort}/metrics`)).text();
    return Number(/^edgepost_gateway_resident_bytes (\d+)$/m.exec(text)?.[1]);
  }

  /** Milliseconds from connecting to the 250 of a message. */
  async function goodClient(content = MAIL.content): Promise<number> {
    const since = performance.now();
    const client = await signIn({ port: gateway.smtpPort }, USER, PASSWORD);
    expect(await submit(client, { ...MAIL, content })).toMatch(/^250 /);
    client.close();
    return performance.now() - since;
  }

  it("1,000 idle connections and 50 slow senders do not hurt a good client", async () => {
    const before = await memory();
    const idle: RawClient[] = [];
    for (let block = 0; block < 10; block++) {
      const from = `127.0.1.${block + 1}`;
      const port = gateway.smtpPort;
      idle.push(
        ...(await Promise.all(Array.from({ length: 100 }, () => connectRaw({ port, from })))),
      );
    }
    const slow = idle.slice(0, 50);
    const drip = setInterval(() => slow.forEach((client) => client.write("N")), 100);
    const times: number[] = [];
    for (let n = 0; n < 5; n++) {
      times.push(...(await Promise.all(Array.from({ length: 20 }, () => goodClient()))));
    }
    clearInterval(drip);
    const growth = (await memory()) - before;
    for (const client of idle) client.close();
    expect([...times].sort((a, b) => a - b)[98]).toBeLessThan(MAX_P99_MS);
    expect(growth).toBeLessThan(MAX_GROWTH);
  });

  it("four messages of 25 MB at a time cost less memory than two of them", async () => {
    const content = `Subject: large\r\n\r\n${`${"x".repeat(76)}\r\n`.repeat((25 * MB) / 78)}`;
    const before = await memory();
    let most = 0;
    const look = setInterval(() => void memory().then((now) => (most = Math.max(most, now))), 50);
    await Promise.all(Array.from({ length: 4 }, () => goodClient(content)));
    clearInterval(look);
    const bodies = world.worker.stored.slice(-4).map((one) => one.body.length);
    expect(bodies).toEqual(Array(4).fill(content.length + 2));
    expect(most - before).toBeLessThan(MAX_GROWTH);
  });
});
