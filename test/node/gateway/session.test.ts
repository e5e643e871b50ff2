// The dialogue of the gateway, as transcripts: what is offered, what AUTH takes, what else is answered. The
// envelope has its own file, session-envelope.test.ts.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { base64, connectRaw, plain, type RawClient, signIn } from "./smtp-client.ts";
import { type GatewayWorld, PASSWORD, startGatewayWorld, USER } from "./world.ts";

let world: GatewayWorld;
const clients: RawClient[] = [];

beforeAll(async () => {
  world = await startGatewayWorld({
    credentials: {
      "strict@edgepost.test": { password: PASSWORD, requireTls: true },
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

async function signedIn(): Promise<RawClient> {
  const client = await signIn({ port: world.smtp }, USER, PASSWORD);
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
