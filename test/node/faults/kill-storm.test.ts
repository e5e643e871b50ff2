// A small kill storm: clients send while the Worker is killed again and again at times that nobody
// chose, and ask again until they have their answer. Then both sides of the account are compared.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TERMINAL_STATES } from "../../../src/model/delivery.ts";
import type { HttpScript, SmtpScript } from "../../peers/script.ts";
import { type Ground, prepareGround } from "./ground.ts";
import {
  copies,
  type Copy,
  drain,
  entries,
  type Entry,
  loggedEvents,
  postedBodies,
} from "./ledger.ts";
import { type Answer, inWorld, type World } from "./world.ts";

/** 30 sends to one, two or three people: 60 recipients. */
const SENDS = 30;
const SEND_EVERY_MS = 500;

/** A delivery whose lease was lost five times is held: four kills show that none needs to be. */
const KILLS = 4;

/** The Worker lives at least so long, and at most so much longer. */
const LIFE_MS = 1_500;
const LIFE_SPREAD_MS = 2_500;

/** Cron, often: a storm is to end within the time of a test. */
const SWEEP_EVERY_MS = 500;

/** A client asks again after this, for so long. */
const ASK_AGAIN_MS = 200;
const CLIENT_PATIENCE_MS = 60_000;

/** A relay that takes its time, so that kills find messages on their way; and one bad address in five. */
const RELAY: SmtpScript = {
  rules: [
    { at: "rcpt", match: "gone-", do: { reply: "550 5.1.1 User unknown" } },
    { at: "dot", do: { reply: "250 2.0.0 Ok: queued", delay: 120 } },
  ],
};

/** An endpoint that takes its time, so that kills find events half told. */
const ENDPOINT: HttpScript = { replies: [{ delay: 150 }] };

/** What one client holds in the end. */
type Sent = {
  readonly key: string;
  readonly to: readonly string[];
  readonly hold: boolean;
  /** Every 200 that it saw for its key. */
  readonly ids: readonly string[];
};

let ground: Ground;
let sent: readonly Sent[] = [];
let ledger: readonly Entry[] = [];
let sink: readonly Copy[] = [];
let events: readonly string[] = [];
let posted: ReadonlyMap<string, readonly string[]> = new Map();

beforeAll(async () => {
  ground = await prepareGround();
  await inWorld(ground, { script: RELAY, hook: ENDPOINT }, async (world) => {
    const storm = killAgainAndAgain(world);
    sent = await Promise.all(Array.from({ length: SENDS }, (_, n) => client(world, n)));
    await storm;
    await drain(world);
    ledger = await entries(world);
    sink = copies(world);
    events = (await loggedEvents(world)).map(({ id }) => id);
    posted = postedBodies(world);
  });
}, 180_000);
afterAll(() => ground.remove());

describe("after a kill storm", () => {
  it("every recipient is in exactly one terminal state", () => {
    expect(ledger).toHaveLength(sent.flatMap(({ to }) => to).length);
    const open = ledger.filter(({ state }) => !TERMINAL_STATES.some((one) => one === state));
    expect(open).toEqual([]);
    expect(ledger.filter(({ leased }) => leased)).toEqual([]);
  });

  it("every history is a legal one: doubts first, one end", () => {
    const ends = { delivered: "success", bounced: "failure", held: "unknown" };
    for (const entry of ledger) {
      expect(entry.results.at(-1)).toBe(Object.entries(ends).find(([s]) => s === entry.state)?.[1]);
      expect(entry.results.slice(0, -1).filter((result) => result !== "unknown")).toEqual([]);
      expect(entry.attempts).toBe(entry.results.length);
    }
  });

  it("nothing is lost and nothing is a phantom", () => {
    const has = new Set(sink.map(nameOf));
    expect(ledger.filter((one) => one.state === "delivered" && !has.has(nameOf(one)))).toEqual([]);
    const accepted = new Set(ledger.map(nameOf));
    expect(sink.filter((copy) => !accepted.has(nameOf(copy)))).toEqual([]);
    const bounced = ledger.filter((one) => one.state === "bounced").map((one) => one.recipient);
    expect(bounced.sort()).toEqual(sent.flatMap(({ to }) => to.filter(isGone)).sort());
  });

  it("every second copy is explained by an attempt of unknown outcome, and is the same", () => {
    for (const entry of ledger) {
      const own = sink.filter((copy) => nameOf(copy) === nameOf(entry));
      const doubts = entry.results.filter((result) => result === "unknown").length;
      expect(Math.max(0, own.length - 1)).toBeLessThanOrEqual(doubts);
      expect(new Set(own.map(({ sha256 }) => sha256)).size).toBeLessThanOrEqual(1);
    }
  });

  it("what asked for hold never left twice", () => {
    const careful = new Set(sent.filter(({ hold }) => hold).flatMap(({ ids }) => ids));
    expect(careful.size).toBeGreaterThan(0);
    for (const entry of ledger) {
      if (!careful.has(entry.message)) expect(entry.state).not.toBe("held");
      else expect(sink.filter((copy) => nameOf(copy) === nameOf(entry)).length).toBeLessThan(2);
    }
  });

  it("every 200 that a client saw has its rows, and one key is one message", () => {
    for (const { ids, to } of sent) {
      expect(new Set(ids).size).toBe(1);
      const rows = ledger.filter(({ message }) => message === ids[0]);
      expect(rows.map(({ recipient }) => recipient)).toEqual(to);
    }
    expect(new Set(ledger.map(({ message }) => message)).size).toBe(SENDS);
  });

  it("every event was posted under its own id, with one body", () => {
    expect(new Set(events).size).toBe(events.length);
    expect([...posted.keys()].sort()).toEqual([...events].sort());
    for (const bodies of posted.values()) expect(new Set(bodies).size).toBe(1);
  });
});

/** Kills and restarts; between them cron comes. */
async function killAgainAndAgain(world: World): Promise<void> {
  for (let kills = 0; kills < KILLS; kills++) {
    const end = Date.now() + LIFE_MS + Math.random() * LIFE_SPREAD_MS;
    while (Date.now() < end) {
      await world.sweep();
      await sleep(Math.min(SWEEP_EVERY_MS, Math.max(0, end - Date.now())));
    }
    await world.kill();
    await world.restart();
    await world.leasesRunOut();
  }
}

/** Sends once, as many times as it takes, and once more when it has its answer. */
async function client(world: World, n: number): Promise<Sent> {
  await sleep(n * SEND_EVERY_MS);
  const key = `storm-${n}`;
  const to = Array.from({ length: (n % 3) + 1 }, (_, i) => {
    return `${n % 5 === 4 && i === 0 ? "gone" : "rcpt"}-${n}-${i}@example.com`;
  });
  const hold = n % 4 === 0;
  const email = {
    from: "sender@edgepost.test",
    subject: `Storm ${n}`,
    text: "Hold on to your hat.",
    recipients: { to: to.map((address) => ({ email: address })) },
  };
  const body = { email, onAmbiguous: hold ? "hold" : "retry" };
  const first = await persist(() => world.send(body, key));
  const second = await persist(() => world.send(body, key));
  return { key, to, hold, ids: [first, second] };
}

async function persist(ask: () => Promise<Answer>): Promise<string> {
  const deadline = Date.now() + CLIENT_PATIENCE_MS;
  while (Date.now() < deadline) {
    const answer = await ask();
    if (answer?.status === 200 && answer.id !== null) return answer.id;
    await sleep(ASK_AGAIN_MS);
  }
  throw new Error("a client never got its answer");
}

function nameOf(one: { readonly message: string; readonly recipient: string }): string {
  return `${one.message} ${one.recipient}`;
}

function isGone(address: string): boolean {
  return address.startsWith("gone-");
}
