// The contract's cases from end to end: SMTP client, gateway, the
// real Worker, relay. are in clients.test.ts, A-040 in kill-storm.test.ts.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { type Ground, prepareGround } from "../faults/ground.ts";
import { alternative, mail } from "./mails.ts";
import { type OpenGateway, type RealWorld, startRealWorld } from "./real-world.ts";
import { connectRaw, plain, type RawClient, signIn, submit } from "./smtp-client.ts";

const messageSchema = z.object({
  data: z.object({ tags: z.string(), deliveries: z.array(z.object({ email: z.string() })) }),
});
const credentialSchema = z.object({
  data: z.object({ username: z.string(), password: z.string() }),
});
const countRow = z.object({ n: z.number() });

let ground: Ground;
let real: RealWorld;
let gateway: OpenGateway;
const clients: RawClient[] = [];

beforeAll(async () => {
  ground = await prepareGround();
  real = await startRealWorld(ground);
  gateway = await real.open({ MAX_MESSAGE_BYTES: "2000000" });
});
afterAll(async () => {
  for (const client of clients) client.close();
  await real.stop();
  ground.remove();
});

async function signedIn(login = ground.smtp): Promise<RawClient> {
  const client = await signIn({ port: gateway.smtp }, login.username, login.password);
  clients.push(client);
  return client;
}

function idIn(reply: string): string {
  return /^250 2\.0\.0 Ok: queued as ([0-9a-f-]{36})$/.exec(reply)?.[1] ?? `none in ${reply}`;
}

/** Messages in the database. */
async function stored(): Promise<number> {
  return (await real.world.sql(countRow, "select count(*) as n from messages"))[0]?.n ?? -1;
}

describe("a message over SMTP", () => {
  it("A-031: may carry a tracking id of 300 characters, which does not leave; 301 are refused", async () => {
    const client = await signedIn();
    const id = `${"t".repeat(299)}~`;
    const to = ["tracked@example.com"];
    const header = [`X-Kasplo-Click-Tracking-ID: ${id}`];
    const reply = await submit(client, { to, content: mail("tracked@example.com", header) });
    const { data } = await real.world.get(messageSchema, `/v1/messages/${idIn(reply)}`);
    expect(data.tags).toBe(id);
    const { bytes } = await real.delivered("tracked@example.com");
    expect(bytes.toString("latin1")).not.toMatch(/x-kasplo/i);
    const longer = [`X-Kasplo-Click-Tracking-ID: ${id}x`];
    expect(await submit(client, { to, content: mail("over@example.com", longer) })).toMatch(
      /^550 5\.6\.0 .*X-Kasplo-Click-Tracking-ID/,
    );
  });

  it.each([
    ["another domain", "From: info@example.net"],
    ["a domain that looks alike", "From: info@trans.kasplo.in.example.net"],
    ["a subdomain", "From: info@x.trans.kasplo.in"],
    ["our address as a name", 'From: "info@trans.kasplo.in" <info@example.net>'],
    ["two senders", "From: info@trans.kasplo.in, info@example.net"],
    [
      "an encoded-word that decodes to an address",
      "From: =?utf-8?q?info=40trans.kasplo.in?= <a@example.net>",
    ],
  ])("A-037: from %s is refused after DATA", async (_name, from) => {
    const client = await signedIn();
    const content = mail("spoofed@example.com").replace(/^From: .*$/m, from);
    const reply = await submit(client, { to: ["spoofed@example.com"], content });
    expect(reply).toMatch(from.includes(", ") ? /^550 5\.6\.0 / : /^550 5\.7\.1 /);
  });

  it("A-037: a second From is refused, and a credential is bound to its own domain", async () => {
    const client = await signedIn();
    const twice = mail("spoofed@example.com", ["From: info@example.net"]);
    expect(await submit(client, { to: ["spoofed@example.com"], content: twice })).toMatch(/^550 /);
    const body = { name: "bound", domain: "edgepost.test", sender_domain: "edgepost.test" };
    const { data } = await real.world.create(credentialSchema, "/v1/smtp-credentials", body);
    const bound = await signedIn(data);
    const content = mail("bound@example.com");
    expect(await submit(bound, { to: ["bound@example.com"], content })).toMatch(/^550 5\.7\.1 /);
    const own = content.replace("info@trans.kasplo.in", "info@edgepost.test");
    expect(await submit(bound, { to: ["bound@example.com"], content: own })).toMatch(/^250 /);
  });

  it("A-038: to three recipients is three deliveries", async () => {
    const client = await signedIn();
    const to = ["one@example.com", "two@example.com", "three@example.org"];
    const id = idIn(await submit(client, { to, content: mail("three@example.org") }));
    const { data } = await real.world.get(messageSchema, `/v1/messages/${id}`);
    expect(data.deliveries.map(({ email }) => email)).toEqual(to);
    for (const recipient of to) expect((await real.delivered(recipient)).to).toEqual([recipient]);
  });

  it("to 1,000 recipients with long addresses is one message", async () => {
    const client = await signedIn();
    const to = Array.from(
      { length: 1_000 },
      (_, n) => `${String(n).padStart(46, "r")}@example.com`,
    );
    const lines = ["MAIL FROM:<>", ...to.map((one) => `RCPT TO:<${one}>`), "DATA"];
    client.write(lines.map((line) => `${line}\r\n`).join(""));
    for (const _ of lines) expect(await client.reply()).toMatch(/^(250|354) /);
    client.write(`${mail("many@example.com")}\r\n.\r\n`);
    const id = idIn(await client.reply());
    const { data } = await real.world.get(messageSchema, `/v1/messages/${id}`);
    expect(data.deliveries).toHaveLength(1_000);
  });

  it("A-039: over SIZE is refused, as declared or as it comes, and nothing is stored", async () => {
    const before = await stored();
    const client = await signedIn();
    expect(await client.ask("MAIL FROM:<a@b.test> SIZE=2000001")).toMatch(/^552 5\.3\.4 /);
    const content = mail("large@example.com", [], `${"x".repeat(76)}\r\n`.repeat(27_000));
    expect(await submit(client, { to: ["large@example.com"], content })).toMatch(/^552 5\.3\.4 /);
    expect(await stored()).toBe(before);
  });

  it("A-042: arrives as it was: dots, 8 bits, commands in one packet", async () => {
    const body = ["..two dots", ".", "", "gr\xfc\xdfe \xe4", "...", "last line"].join("\r\n");
    const content = mail("exact@example.com", ["X-Own: kept", "MIME-Version: 1.0"], body);
    const client = await signedIn();
    const stuffed = content.replaceAll("\r\n.", "\r\n..");
    const lines = [
      "mail FROM:<mailer> size=509",
      "rcpt TO:<exact@example.com>",
      "data",
      stuffed,
      ".",
    ];
    client.write(lines.map((line) => `${line}\r\n`).join(""));
    for (const code of ["250", "250", "354", "250"]) {
      expect(await client.reply()).toMatch(new RegExp(`^${code} `));
    }
    const { bytes } = await real.delivered("exact@example.com");
    expect(bytes.toString("latin1")).toBe(`${content}\r\n`);
  });

  it("A-044: twenty sessions at the same time are all served", async () => {
    const send = async (n: number): Promise<string> => {
      const to = [`parallel${n}@example.com`];
      return await submit(await signedIn(), { to, content: mail(`parallel${n}@example.com`) });
    };
    const replies = await Promise.all(Array.from({ length: 20 }, (_, n) => send(n)));
    expect(new Set(replies.map(idIn)).size).toBe(20);
  });

  it("that is sent again is one message, by its Message-ID", async () => {
    const client = await signedIn();
    const sent = { to: ["again@example.com"], content: mail("again@example.com") };
    const first = idIn(await submit(client, sent));
    expect(idIn(await submit(await signedIn(), sent))).toBe(first);
    const other = { ...sent, to: ["other@example.com"] };
    expect(idIn(await submit(client, other))).not.toBe(first);
  });

  it("that is cut off anywhere is never stored", async () => {
    const before = await stored();
    for (const bytes of [100, 70_000, 700_000]) {
      const client = await signedIn();
      for (const line of ["MAIL FROM:<>", "RCPT TO:<cut@example.com>", "DATA"]) {
        await client.ask(line);
      }
      client.write(mail("cut@example.com", [], `${"x".repeat(76)}\r\n`.repeat(bytes / 78)));
      await sleep(100);
      client.socket().resetAndDestroy();
      await client.ended;
    }
    await sleep(500);
    expect(await stored()).toBe(before);
  });
});

describe("AMP over SMTP", () => {
  const [PLAIN, AMP_HTML, HTML] = ["text/plain", "text/x-amp-html", "text/html"];

  it("A-041: beside text and HTML arrives unchanged, in the order given (C-05)", async () => {
    const client = await signedIn();
    for (const [n, types] of [
      [PLAIN, HTML, AMP_HTML],
      [PLAIN, AMP_HTML, HTML],
    ].entries()) {
      const recipient = `amp${n}@example.com`;
      const content = alternative(recipient, types);
      expect(await submit(client, { to: [recipient], content })).toMatch(/^250 /);
      expect((await real.delivered(recipient)).bytes.toString("latin1")).toBe(`${content}\r\n`);
    }
  });

  it.each([
    ["without text/plain", [AMP_HTML, HTML], "hello@edgepost.test"],
    ["without text/html", [PLAIN, AMP_HTML], "hello@edgepost.test"],
    ["alone", [AMP_HTML], "hello@edgepost.test"],
    ["from a sender that is not approved", [PLAIN, AMP_HTML, HTML], "info@trans.kasplo.in"],
  ])("A-041: %s is refused", async (_name, types, from) => {
    const content = alternative("amp@example.com", types, from);
    const reply = await submit(await signedIn(), { to: ["amp@example.com"], content });
    expect(reply).toMatch(/^550 5\.7\.1 /);
  });

  it("a file of a kind that is not allowed is refused", async () => {
    const head = ["MIME-Version: 1.0", "Content-Type: application/x-msdownload; name=setup.exe"];
    const content = mail("file@example.com", head, "MZ");
    const reply = await submit(await signedIn(), { to: ["file@example.com"], content });
    expect(reply).toMatch(/^550 5\.7\.1 /);
  });
});

describe("the account's plan", () => {
  afterAll(() => real.world.change(z.unknown(), "/v1/account", { plan: "local" }));

  it("answers 450 when it is used up, each recipient counting as one", async () => {
    await real.world.change(z.unknown(), "/v1/account", { plan: "starter" });
    const client = await signedIn();
    const many = (name: string): string[] =>
      Array.from({ length: 45 }, (_, n) => `${name}${n}@example.com`);
    // The plan is known for a while: the first may still go by the old one.
    const replies: string[] = [];
    for (const name of ["a", "b", "c"]) {
      replies.push(await submit(client, { to: many(name), content: mail(`${name}@x.test`) }));
    }
    expect(replies.at(-1)).toMatch(/^450 4\.7\.1 /);
  });
});

describe("a login", () => {
  it("A-036: with a wrong password leaves nothing behind", async () => {
    const client = await connectRaw({ port: gateway.smtp });
    clients.push(client);
    await client.reply();
    await client.ask("EHLO client.test");
    expect(await client.ask("MAIL FROM:<a@b.test>")).toMatch(/^530 5\.7\.0 /);
    const { username } = ground.smtp;
    expect(await client.ask(`AUTH PLAIN ${plain(username, "wrong")}`)).toMatch(/^535 5\.7\.8 /);
    expect(await client.ask("MAIL FROM:<a@b.test>")).toMatch(/^530 5\.7\.0 /);
  });

  it("A-043: in clear is refused for a credential that requires TLS, else as the gateway is set", async () => {
    const body = { name: "strict", domain: "edgepost.test", require_tls: true };
    const { data: strict } = await real.world.create(
      credentialSchema,
      "/v1/smtp-credentials",
      body,
    );
    const careful = await real.open({ ALLOW_CLEARTEXT_AUTH: "false" });
    const auth = async (port: number, { username, password }: typeof strict, ca?: string) => {
      const client = await connectRaw({ port });
      clients.push(client);
      await client.reply();
      await client.ask("EHLO client.test");
      if (ca !== undefined) {
        await client.startTls(ca);
        await client.ask("EHLO client.test");
      }
      return (await client.ask(`AUTH PLAIN ${plain(username, password)}`)).slice(0, 3);
    };
    const { ca } = real.certificates;
    expect(await auth(gateway.smtp, strict)).toBe("538");
    expect(await auth(gateway.smtp, strict, ca)).toBe("235");
    expect(await auth(gateway.smtp, ground.smtp)).toBe("235");
    expect(await auth(careful.smtp, ground.smtp)).toBe("538");
    expect(await auth(careful.smtp, ground.smtp, ca)).toBe("235");
  });
});
