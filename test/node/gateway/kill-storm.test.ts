// F03: the gateway is killed every one to three seconds while clients send and ask again until they have
// their 250. Every 250 has its message, and no message with a Message-ID is there twice. The full storm:
// GATEWAY_STORM=200 npm test -- test/node/gateway/kill-storm.test.ts. Then one kill at the worst moment (C15),
// and a Worker that is gone.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { freePort } from "../../peers/free-port.ts";
import { startWithholdingProxy } from "../../peers/withholding-proxy.ts";
import { type Ground, prepareGround } from "../faults/ground.ts";
import { drain } from "../faults/ledger.ts";
import type { GatewayProcess } from "./gateway-process.ts";
import { type OpenGateway, type RealWorld, startRealWorld } from "./real-world.ts";
import { signIn, submit } from "./smtp-client.ts";

const MESSAGES = Number(process.env["GATEWAY_STORM"] ?? "30");

/** A new message begins so often: the small storm lasts about eight seconds. */
const SEND_EVERY_MS = 250;

/** The gateway lives at least so long, and at most so much longer. */
const LIFE_MS = 1_000;
const LIFE_SPREAD_MS = 2_000;

/** A client asks again after this, for so long. */
const ASK_AGAIN_MS = 100;
const CLIENT_PATIENCE_MS = 60_000;

/** Some are streamed, most are held; every fifth has no Message-ID. */
const LARGE = `${"x".repeat(76)}\r\n`.repeat(2_000);

const STORM_MS = MESSAGES * (SEND_EVERY_MS + 500) + 120_000;

/** What one client holds in the end. */
type Sent = {
  readonly recipient: string;
  readonly named: boolean;
  readonly id: string;
  readonly tries: number;
};

const countRow = z.object({ n: z.number() });
const rowSchema = z.object({ id: z.string(), recipient: z.string() });

let ground: Ground;
let real: RealWorld;
let sent: readonly Sent[] = [];
let rows: readonly z.infer<typeof rowSchema>[] = [];
let kills = 0;

beforeAll(async () => {
  ground = await prepareGround();
  real = await startRealWorld(ground);
  const port = await freePort();
  const over = new AbortController();
  const storm = killAgainAndAgain(port, over.signal);
  sent = await Promise.all(Array.from({ length: MESSAGES }, (_, n) => client(port, n)));
  over.abort();
  await storm;
  await drain(real.world);
  rows = await real.world.sql(
    rowSchema,
    "select message_id as id, recipient from deliveries order by message_id",
  );
}, STORM_MS);

afterAll(async () => {
  await real.stop();
  ground.remove();
});

describe(`after a storm over ${MESSAGES} messages`, () => {
  it("the gateway was killed, and clients had to ask again", () => {
    expect(kills).toBeGreaterThanOrEqual(2);
    expect(sent.filter(({ tries }) => tries > 1).length).toBeGreaterThan(0);
  });

  it("every 250 has its message", () => {
    const missing = sent.filter(
      ({ id, recipient }) => !rows.some((row) => row.id === id && row.recipient === recipient),
    );
    expect(missing).toEqual([]);
  });

  it("no message with a Message-ID is there twice, at the Worker or at the relay", () => {
    const named = new Set(sent.filter((one) => one.named).map(({ recipient }) => recipient));
    const stored = rows.filter(({ recipient }) => named.has(recipient));
    expect(stored.map(({ recipient }) => recipient).sort()).toEqual([...named].sort());
    const delivered = real.world.peer.log().messages.flatMap(({ to }) => to);
    expect(delivered.filter((one) => named.has(one)).sort()).toEqual([...named].sort());
  });

  it("nobody got anything that no client sent, and nothing that was cut", () => {
    const known = new Set(sent.map(({ recipient }) => recipient));
    expect(rows.filter(({ recipient }) => !known.has(recipient))).toEqual([]);
    for (const { content, to } of real.world.peer.log().messages) {
      const text = Buffer.from(content, "base64").toString("latin1");
      expect(text.endsWith("the end\r\n"), to.join(" ")).toBe(true);
    }
  });
});

describe("one failure", () => {
  let gateway: OpenGateway;

  beforeAll(async () => {
    gateway = await real.open();
  });

  async function stored(): Promise<number> {
    return (await real.world.sql(countRow, "select count(*) as n from messages"))[0]?.n ?? -1;
  }

  const login = (port: number) => signIn({ port }, ground.smtp.username, ground.smtp.password);

  it("C15: a kill between the Worker's commit and the 250 leaves one message when it is sent again", async () => {
    const between = await startWithholdingProxy(real.world.url);
    await real.follow(between.url);
    const doomed = await real.spawn();
    const before = await stored();
    const mail = mailTo("c15@example.com", true, "the end");
    const reply = submit(await login(doomed.smtpPort), mail).catch(() => "none");
    await between.withheld;
    doomed.signal("SIGKILL");
    expect(await reply).toBe("none");
    between.stop();
    await real.follow();
    expect(await stored()).toBe(before + 1);
    expect(await attempt(gateway.smtp, mail)).toMatch(/^250 /);
    expect(await stored()).toBe(before + 1);
  });

  it("A-040: without the Worker DATA answers 451 and AUTH 454, and all is well when it is back", async () => {
    const mail = mailTo("a40@example.com", true, "the end");
    const known = await login(gateway.smtp);
    await real.world.kill();
    expect(await submit(known, mail)).toMatch(/^451 4\.3\.0 /);
    known.close();
    const stranger = signIn({ port: gateway.smtp }, "x@edgepost.test", "y");
    await expect(stranger).rejects.toThrow(/^454 4\.7\.0 /);
    await real.world.restart();
    await real.follow();
    expect(await attempt(gateway.smtp, mail)).toMatch(/^250 /);
  });
});

/** Keeps a gateway on the port, and kills it. */
async function killAgainAndAgain(port: number, over: AbortSignal): Promise<void> {
  let gateway: GatewayProcess | null = null;
  while (!over.aborted) {
    gateway = await real.spawn({ SMTP_PORT: String(port), SMTPS_PORT: "off" });
    const life = LIFE_MS + Math.random() * LIFE_SPREAD_MS;
    await sleep(life, undefined, { signal: over }).catch(() => undefined);
    gateway.signal("SIGKILL");
    await gateway.ended;
    if (!over.aborted) kills += 1;
  }
}

/** Sends once, as many times as it takes. */
async function client(port: number, n: number): Promise<Sent> {
  await sleep(n * SEND_EVERY_MS);
  const [recipient, named] = [`storm${n}@example.com`, n % 5 !== 0];
  const mail = mailTo(recipient, named, `${n % 3 === 0 ? LARGE : ""}the end`);
  const deadline = Date.now() + CLIENT_PATIENCE_MS;
  for (let tries = 1; Date.now() < deadline; tries++) {
    const reply = await attempt(port, mail);
    const id = /^250 2\.0\.0 Ok: queued as (\S+)$/.exec(reply)?.[1];
    if (id !== undefined) return { recipient, named, id, tries };
    // Nothing that a storm does is the client's fault.
    if (reply.startsWith("5")) throw new Error(reply);
    await sleep(ASK_AGAIN_MS);
  }
  throw new Error(`client ${n} never got its 250`);
}

function mailTo(recipient: string, named: boolean, body: string) {
  const header = [
    "From: info@trans.kasplo.in",
    "Subject: Storm",
    ...(named ? [`Message-ID: <${recipient}>`] : []),
  ];
  return { to: [recipient], content: `${header.join("\r\n")}\r\n\r\n${body}` };
}

/** The reply to the final dot, or "" when the connection died before it. */
async function attempt(port: number, mail: Parameters<typeof submit>[1]): Promise<string> {
  try {
    const session = await signIn({ port }, ground.smtp.username, ground.smtp.password);
    const reply = await submit(session, mail);
    session.close();
    return reply;
  } catch {
    return "";
  }
}
