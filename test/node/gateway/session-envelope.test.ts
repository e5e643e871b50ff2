// The envelope, as transcripts: every sender is taken, recipients are strict (contract 1.6, reliability.md
// 5.2: command injection in addresses).
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RawClient, signIn, submit } from "./smtp-client.ts";
import { type GatewayWorld, PASSWORD, startGatewayWorld, USER } from "./world.ts";

const CONTENT = "From: hello@edgepost.test\r\nSubject: Hi\r\n\r\nHello";

let world: GatewayWorld;
const clients: RawClient[] = [];

beforeAll(async () => {
  world = await startGatewayWorld({
    credentials: { "small@edgepost.test": { password: PASSWORD, maxSize: 2_000 } },
  });
});
afterAll(async () => {
  for (const client of clients) client.close();
  await world.stop();
});

async function signedIn(username = USER): Promise<RawClient> {
  const client = await signIn({ port: world.smtp }, username, PASSWORD);
  clients.push(client);
  return client;
}

describe("MAIL", () => {
  it.each([
    ["MAIL FROM:<hello@edgepost.test>", "hello@edgepost.test"],
    ["mail FROM:<mailer> size=509", "mailer"],
    ["MAIL FROM:<info@edgepost.test> BODY=8BITMIME", "info@edgepost.test"],
    ["MAIL FROM:<info@edgepost.test> body=8bitmime SIZE=12", "info@edgepost.test"],
    ["MAIL FROM: <hello@Edgepost.TEST>", "hello@edgepost.test"],
    ["MAIL FROM:hello@edgepost.test", "hello@edgepost.test"],
    ["MAIL FROM:<root@localhost>", "root@localhost"],
    ["MAIL FROM:<>", ""],
    ["MAIL FROM:<a@edgepost.test> AUTH=<>", "a@edgepost.test"],
  ])("takes %s", async (line, from) => {
    const client = await signedIn();
    expect(await client.ask(line)).toBe("250 2.1.0 Accepted");
    await client.ask("RCPT TO:<you@example.com>");
    await client.ask("DATA");
    client.write(`${CONTENT}\r\n.\r\n`);
    expect(await client.reply()).toMatch(/^250 2\.0\.0 Ok: queued as [0-9a-f-]{36}$/);
    expect(world.worker.stored.at(-1)?.headers["x-envelope-from"]).toBe(from);
  });

  it.each([
    ["MAIL FROM:<hello@edgepost.test> SIZE=41943041", /^552 5\.3\.4 /],
    ["MAIL FROM:<hello@edgepost.test> SIZE=x", /^501 5\.5\.4 /],
    ["MAIL FROM:<hello@edgepost.test> BODY=BINARYMIME", /^501 5\.5\.4 /],
    ["MAIL FROM:<two words>", /^501 5\.1\.7 /],
    ["MAIL FROM:<a@b@edgepost.test>", /^501 5\.1\.7 /],
    ["MAIL FROM:<j\xf6@edgepost.test>", /^501 5\.1\.7 /],
    ["MAIL FROM", /^501 5\.1\.7 /],
  ])("refuses %j", async (line, reply) => {
    const client = await signedIn();
    expect(await client.ask(line)).toMatch(reply);
  });

  it("refuses a declared size over the credential's own", async () => {
    const client = await signedIn("small@edgepost.test");
    expect(await client.ask("MAIL FROM:<a@edgepost.test> SIZE=2001")).toBe(
      "552 5.3.4 Message size exceeds the limit of 2000 bytes",
    );
    expect(await client.ask("MAIL FROM:<a@edgepost.test> SIZE=2000")).toMatch(/^250 /);
  });
});

describe("RCPT", () => {
  it.concurrent.each([
    "<you>",
    "<postmaster>",
    "<>",
    "you@example.com",
    "<a,b@example.com>",
    "<a@example.com,b@example.com>",
    "<a@example.com>,<b@example.com>",
    "<a b@example.com>",
    '<"a b"@example.com>',
    '<"a\\"b"@example.com>',
    "<a;b@example.com>",
    "<a:b@example.com>",
    "<a(comment)@example.com>",
    "<a@example.com(comment)>",
    "<a@[127.0.0.1]>",
    "<a@[IPv6:::1]>",
    "<a@127.0.0.1>",
    "<a@localhost>",
    "<a@example..com>",
    "<a@-example.com>",
    "<a@example.com.>",
    "<.a@example.com>",
    "<a.@example.com>",
    "<a..b@example.com>",
    "<a@b>\rRCPT TO:<c@example.com>",
    "<a@b>\0RCPT TO:<c@example.com>",
    "<a\0@example.com>",
    "<a\t@example.com>",
    "<a\x7f@example.com>",
    "<a\xa0@example.com>",
    "<j\xc3\xb6@example.com>",
    "<a@ex\xc3\xa4mple.com>",
    "<a@xn--zzzzzzzz--.com>",
    `<${"a".repeat(65)}@example.com>`,
    `<a@${"b".repeat(64)}.com>`,
    `<a@${"b.".repeat(130)}com>`,
    "<<a@example.com>>",
    "<a@example.com",
    "a@example.com>",
    "<a@b@example.com>",
    "<a\\@b@example.com>",
    "Name <a@example.com>",
    "<a@example.com> garbage=\x01",
  ])("refuses %j and adds nobody", async (path) => {
    const client = await signedIn();
    await client.ask("MAIL FROM:<hello@edgepost.test>");
    expect(await client.ask(`RCPT TO:${path}`)).toMatch(/^501 5\.1\.3 /);
    expect(await client.ask("DATA")).toBe("503 5.5.1 Error: need RCPT command");
  });

  it("takes several, each once, domains in lower case, a source route ignored", async () => {
    const client = await signedIn();
    const to = [
      "Ada@Example.COM",
      "bob+tag@example.com",
      "ADA@example.com",
      "a%b!c@example.com",
      "@relay.test:carl@example.com",
      "d@xn--bcher-kva.example",
    ];
    expect(await submit(client, { to, content: CONTENT })).toMatch(/^250 /);
    expect(world.worker.stored.at(-1)?.headers["x-envelope-to"]).toBe(
      [
        "ADA@example.com",
        "bob+tag@example.com",
        "a%b!c@example.com",
        "carl@example.com",
        "d@xn--bcher-kva.example",
      ].join(","),
    );
  });

  it("is refused for now beyond 1,000, and the 1,000 are kept", async () => {
    const client = await signedIn();
    await client.ask("MAIL FROM:<hello@edgepost.test>");
    const line = (n: number) => `RCPT TO:<r${n}@example.com>\r\n`;
    client.write(Array.from({ length: 1_002 }, (_, n) => line(n)).join(""));
    const replies: string[] = [];
    for (let n = 0; n < 1_002; n++) replies.push(await client.reply());
    expect(new Set(replies.slice(0, 1_000))).toEqual(new Set(["250 2.1.5 Accepted"]));
    expect(replies.slice(1_000)).toEqual(Array(2).fill("452 4.5.3 Error: too many recipients"));
    await client.ask("DATA");
    client.write(`${CONTENT}\r\n.\r\n`);
    expect(await client.reply()).toMatch(/^250 /);
    expect(world.worker.stored.at(-1)?.headers["x-envelope-to"]?.split(",")).toHaveLength(1_000);
  });

  it("is refused for now when the addresses are too long together", async () => {
    const client = await signedIn();
    await client.ask("MAIL FROM:<hello@edgepost.test>");
    const domain = `${"d".repeat(60)}.${"e".repeat(60)}.${"f".repeat(60)}.com`;
    let taken = 0;
    for (; taken < 1_000; taken++) {
      const answer = await client.ask(`RCPT TO:<${String(taken).padStart(60, "0")}@${domain}>`);
      if (answer.startsWith("250")) continue;
      expect(answer).toMatch(/^452 4\.5\.3 /);
      break;
    }
    expect(taken).toBe(Math.floor(60_000 / (61 + domain.length + 1)));
  });
});
