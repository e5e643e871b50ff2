// The dialogue of the gateway, as transcripts: what is offered, what AUTH takes, which envelope passes.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { base64, connectRaw, plain, type RawClient, signIn, submit } from "./smtp-client.ts";
import { type GatewayWorld, PASSWORD, startGatewayWorld, USER } from "./world.ts";

const CONTENT = "From: hello@edgepost.test\r\nSubject: Hi\r\n\r\nHello";

let world: GatewayWorld;
const clients: RawClient[] = [];

beforeAll(async () => {
  world = await startGatewayWorld({
    credentials: {
      "strict@edgepost.test": { password: PASSWORD, requireTls: true },
      "small@edgepost.test": { password: PASSWORD, maxSize: 2_000 },
    },
  });
});
afterAll(async () => {
  for (const client of clients) client.close();
  await world.stop();
});

async function open(way: { ca?: string; port?: number } = {}): Promise<RawClient> {
  const client = await connectRaw({ port: world.smtp, ...way });
  clients.push(client);
  expect(await client.reply()).toBe("220 smtp.edgepost.test ESMTP");
  return client;
}

async function signedIn(username = USER): Promise<RawClient> {
  const client = await signIn({ port: world.smtp }, username, PASSWORD);
  clients.push(client);
  return client;
}

describe.concurrent("EHLO", () => {
  it("offers what submission needs", async () => {
    const client = await open();
    expect((await client.ask("EHLO client.test")).split("\n")).toEqual([
      "250-smtp.edgepost.test",
      "250-PIPELINING",
      "250-8BITMIME",
      "250-ENHANCEDSTATUSCODES",
      "250-SIZE 41943040",
      "250-AUTH PLAIN LOGIN",
      "250 STARTTLS",
    ]);
  });

  it("offers no STARTTLS inside TLS, and AUTH there", async () => {
    const client = await open();
    await client.startTls(world.certificates.ca);
    const offers = await client.ask("EHLO client.test");
    expect(offers).toContain("AUTH PLAIN LOGIN");
    expect(offers).not.toContain("STARTTLS");
  });

  it("works on the port with TLS from the start", async () => {
    const client = await open({ port: world.smtps, ca: world.certificates.ca });
    const offers = await client.ask("EHLO client.test");
    expect(offers).toContain("AUTH PLAIN LOGIN");
    expect(offers).not.toContain("STARTTLS");
  });

  it.each(["EHLO", "EHLO two words", `EHLO ${"x".repeat(256)}`, "EHLO caf\xe9"])(
    "refuses %j",
    async (line) => {
      const client = await open();
      expect(await client.ask(line)).toBe("501 Syntax: EHLO hostname");
    },
  );

  it("is answered in any case, HELO too", async () => {
    const client = await open();
    expect(await client.ask("ehlo [127.0.0.1]")).toMatch(/^250-smtp/);
    expect(await client.ask("helo localhost")).toBe("250 smtp.edgepost.test");
  });
});

describe.concurrent("AUTH", () => {
  it.each([
    ["PLAIN with an initial response", [`AUTH PLAIN ${plain(USER, PASSWORD)}`]],
    ["plain in lower case", [`auth plain ${plain(USER, PASSWORD)}`]],
    ["PLAIN in two steps", ["AUTH PLAIN", plain(USER, PASSWORD)]],
    ["PLAIN with the same authorization identity", [`AUTH PLAIN ${plain(USER, PASSWORD, USER)}`]],
    ["LOGIN in three steps", ["AUTH LOGIN", base64(USER), base64(PASSWORD)]],
    ["LOGIN with the user name at once", [`AUTH LOGIN ${base64(USER)}`, base64(PASSWORD)]],
  ])("takes %s", async (_name, lines) => {
    const client = await open();
    await client.ask("EHLO client.test");
    const answers: string[] = [];
    for (const line of lines) answers.push(await client.ask(line));
    expect(answers.pop()).toBe("235 2.7.0 Authentication successful");
    for (const answer of answers) expect(answer).toMatch(/^334/);
  });

  it.each([
    ["a wrong password", plain(USER, "wrong")],
    ["an unknown user", plain("nobody@edgepost.test", PASSWORD)],
    ["a user of a domain that nobody has", plain("mailer@elsewhere.test", PASSWORD)],
    ["a user name without a domain", plain("mailer", PASSWORD)],
    ["acting for somebody else", plain(USER, PASSWORD, "other@edgepost.test")],
  ])("refuses %s with the same words, and no mail is taken then", async (_name, token) => {
    const client = await open();
    await client.ask("EHLO client.test");
    expect(await client.ask(`AUTH PLAIN ${token}`)).toBe(
      "535 5.7.8 Authentication credentials invalid",
    );
    expect(await client.ask("MAIL FROM:<a@edgepost.test>")).toBe(
      "530 5.7.0 Authentication required",
    );
  });

  it.each(["MAIL FROM:<a@edgepost.test>", "RCPT TO:<b@example.com>", "DATA"])(
    "comes before %s",
    async (line) => {
      const client = await open();
      await client.ask("EHLO client.test");
      expect(await client.ask(line)).toBe("530 5.7.0 Authentication required");
    },
  );

  it("in clear is refused for a credential that requires TLS, and taken inside TLS", async () => {
    const token = plain("strict@edgepost.test", PASSWORD);
    const client = await open();
    await client.ask("EHLO client.test");
    expect(await client.ask(`AUTH PLAIN ${token}`)).toMatch(/^538 5\.7\.11 /);
    await client.startTls(world.certificates.ca);
    await client.ask("EHLO client.test");
    expect(await client.ask(`AUTH PLAIN ${token}`)).toMatch(/^235 2\.7\.0 /);
    const again = await open();
    await again.ask("EHLO client.test");
    // Remembered by now, and refused all the same.
    expect(await again.ask(`AUTH PLAIN ${token}`)).toMatch(/^538 5\.7\.11 /);
  });

  it("is over after three failures", async () => {
    const client = await open();
    await client.ask("EHLO client.test");
    for (let n = 0; n < 3; n++) await client.ask(`AUTH PLAIN ${plain(`n${n}@edgepost.test`, "x")}`);
    expect(await client.reply()).toBe("421 4.7.0 Too many errors");
    await client.ended;
  });

  it("is not offered twice, and STARTTLS forgets it", async () => {
    const client = await signedIn();
    expect(await client.ask("EHLO client.test")).not.toContain("AUTH");
    expect(await client.ask(`AUTH PLAIN ${plain(USER, PASSWORD)}`)).toMatch(/^503 /);
    await client.startTls(world.certificates.ca);
    await client.ask("EHLO client.test");
    expect(await client.ask("MAIL FROM:<a@edgepost.test>")).toMatch(/^530 /);
  });
});

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

describe.concurrent("other commands", () => {
  it.each([
    ["NOOP", /^250 2\.0\.0 /],
    ["RSET", /^250 2\.0\.0 /],
    ["VRFY you@example.com", /^252 /],
    ["HELP", /^500 5\.5\.2 /],
    ["XCLIENT ADDR=10.0.0.1", /^500 5\.5\.2 /],
    ["WIZ please", /^500 5\.5\.2 /],
    ["BDAT 3", /^500 5\.5\.2 /],
    ["RCPT TO:<you@example.com>", /^503 5\.5\.1 /],
    ["DATA", /^503 5\.5\.1 /],
    ["QUIT", /^221 2\.0\.0 /],
  ])("%s is answered", async (line, reply) => {
    const client = await signedIn();
    expect(await client.ask(line)).toMatch(reply);
  });

  it("end the connection after 20 errors", async () => {
    const client = await signedIn();
    for (let n = 0; n < 20; n++) await client.ask("RCPT TO:<you@example.com>");
    expect(await client.reply()).toBe("421 4.7.0 Too many errors");
    await client.ended;
  });
});

describe("without permission for AUTH in clear", () => {
  it("AUTH is not offered before TLS, refused if tried, and works after STARTTLS", async () => {
    const own = await startGatewayWorld({ env: { ALLOW_CLEARTEXT_AUTH: "false" } });
    const client = await connectRaw({ port: own.smtp });
    await client.reply();
    expect(await client.ask("EHLO client.test")).not.toContain("AUTH");
    for (const line of [`AUTH PLAIN ${plain(USER, PASSWORD)}`, "AUTH LOGIN", "AUTH PLAIN"]) {
      expect(await client.ask(line)).toMatch(/^538 5\.7\.11 Encryption required/);
    }
    expect(await client.ask("MAIL FROM:<a@edgepost.test>")).toMatch(/^530 5\.7\.0 /);
    expect(own.worker.asked).toEqual([]);
    await client.startTls(own.certificates.ca);
    expect(await client.ask("EHLO client.test")).toContain("AUTH PLAIN LOGIN");
    expect(await client.ask(`AUTH PLAIN ${plain(USER, PASSWORD)}`)).toMatch(/^235 /);
    client.close();
    await own.stop();
  });
});

describe("without a certificate", () => {
  it("STARTTLS is neither offered nor known, and there is no TLS port", async () => {
    const own = await startGatewayWorld({
      env: { TLS_CERT_FILE: "", TLS_KEY_FILE: "", SMTPS_PORT: "" },
    });
    const client = await connectRaw({ port: own.smtp });
    await client.reply();
    expect(await client.ask("EHLO client.test")).not.toContain("STARTTLS");
    expect(await client.ask("STARTTLS")).toMatch(/^500 /);
    expect(own.gateway.smtpsPort).toBeNull();
    client.close();
    await own.stop();
  });
});
