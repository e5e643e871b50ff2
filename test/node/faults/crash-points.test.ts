// The Worker is killed at each named crash point, then started again over the same state: what was
// accepted ends exactly once, and a second copy leaves only where the ledger says that nobody knows.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import type { SmtpScript } from "../../peers/script.ts";
import { type Ground, prepareGround } from "./ground.ts";
import { dsn, FAILED_GROUP, filled } from "../../inbound/mails.ts";
import { copies, drain, entries, loggedEvents, postedBodies, within } from "./ledger.ts";
import { inWorld, type World } from "./world.ts";

const RECIPIENT = "ada@example.com";
const KEY = "order-7";

/** What must be true in the end after a kill at a crash point. */
type Expected = {
  readonly at: string;
  readonly state: "delivered" | "held";
  /** Copies at the relay when the Worker was dead, and in the end. */
  readonly copies: readonly [atKill: number, inTheEnd: number];
  /** Results of the attempts that GET /v1/messages/:id shows. */
  readonly attempts: readonly string[];
  /** How often each event was posted; once by default. */
  readonly posts?: readonly [least: number, most: number];
  readonly script?: SmtpScript;
};

/** C5: the consumer that was just woken cannot get further than its lease before the kill. */
const LATE_BANNER: SmtpScript = {
  rules: [{ at: "banner", connection: 1, do: { reply: "220 peer.test ESMTP", delay: 20_000 } }],
};
const NO_ANSWER_TO_DOT: SmtpScript = { rules: [{ at: "dot", nth: 1, do: { drop: "stall" } }] };

const ONCE = { state: "delivered", attempts: ["success"] } as const;
const AGAIN = { state: "delivered", attempts: ["unknown", "success"] } as const;
const HELD = { state: "held", attempts: ["unknown"] } as const;

/** C4, a wake-up that throws, needs no kill and is tested beside the accept stage. */
const AFTER_THE_ANSWER: readonly Expected[] = [
  { at: "C3", ...ONCE, copies: [0, 1] },
  { at: "C5", ...AGAIN, copies: [0, 1], script: LATE_BANNER },
  { at: "C6", ...ONCE, copies: [0, 1] },
  // C7 has a test of its own, with the real clock.
  { at: "C8", ...AGAIN, copies: [0, 1] },
  { at: "C9", ...AGAIN, copies: [1, 2], script: NO_ANSWER_TO_DOT },
  { at: "C10", ...AGAIN, copies: [1, 2] },
  // The webhooks are woken by then: the kill may find a post between its answer and its commit (C13).
  { at: "C11", ...ONCE, copies: [1, 1], posts: [1, 2] },
  { at: "C12", ...ONCE, copies: [1, 1] },
  { at: "C13", ...ONCE, copies: [1, 1], posts: [2, 2] },
];

/** The marker of a message that must not be sent twice is committed between C7 and C8. */
const ON_AMBIGUOUS_HOLD: readonly Expected[] = [
  { at: "C7", ...AGAIN, copies: [0, 1] },
  // Nothing has left yet, but a marker cannot know that: held is the safe side.
  { at: "C8", ...HELD, copies: [0, 0] },
  { at: "C9", ...HELD, copies: [1, 1], script: NO_ANSWER_TO_DOT },
  { at: "C10", ...HELD, copies: [1, 1] },
  { at: "C11", ...ONCE, copies: [1, 1], posts: [1, 2] },
];

const messageSchema = z.object({
  data: z.object({
    deliveries: z.array(
      z.object({ state: z.string(), attempts: z.array(z.object({ result: z.string() })) }),
    ),
  }),
});

const CREDITS = "/v1/account/credits";
const creditsSchema = z.object({ data: z.object({ balance: z.number() }) });

const leaseRow = z.object({ ends: z.number() });

let ground: Ground;
beforeAll(async () => {
  ground = await prepareGround();
});
afterAll(() => ground.remove());

// The longest takes 40 s, and all share the machine.
describe.concurrent("a Worker killed at", { timeout: 115_000 }, () => {
  // First, because it waits for 30 s in which the others work.
  it("C7 is back at work as soon as the dead lease ends, after one sweep", () =>
    inWorld(ground, { at: "C7" }, async (world) => {
      const expected = { at: "C7", ...AGAIN, copies: [0, 1] } as const;
      const id = await crash(world, expected, email());
      await world.restart();
      await world.sweep();
      const [lease] = await world.sql(leaseRow, "select lease_until as ends from deliveries");
      const left = (lease?.ends ?? 0) - Date.now();
      expect(left).toBeGreaterThan(0);
      // No more than the 30 s of a lease and some slack; with cron each 60 s that is below 100 s.
      expect(await within(left + 10_000, () => copies(world).length > 0)).toBe(true);
      expect(world.peer.log().messages[0]?.at).toBeGreaterThanOrEqual(lease?.ends ?? 0);
      await drain(world);
      await expectEnd(world, id, expected);
    }));

  it.for(AFTER_THE_ANSWER)("$at keeps what it accepted", (expected) =>
    inWorld(ground, expected, async (world) => {
      const id = await crash(world, expected, email());
      await recover(world, id, email());
      await expectEnd(world, id, expected);
    }),
  );

  it.for(ON_AMBIGUOUS_HOLD)("$at never sends twice what asked for hold", (expected) =>
    inWorld(ground, expected, async (world) => {
      const body = { ...email(), onAmbiguous: "hold" };
      const id = await crash(world, expected, body);
      await recover(world, id, body);
      await expectEnd(world, id, expected);
    }),
  );

  it.for([
    // Before the commit there is nothing; after it the client gets the answer that it missed.
    { at: "C1", committed: 0, replayed: false },
    { at: "C2", committed: 1, replayed: true },
  ])("$at answers the retry of an unanswered send", ({ at, committed, replayed }) =>
    inWorld(ground, { at }, async (world) => {
      const balance = async () => (await world.get(creditsSchema, CREDITS)).data.balance;
      await world.create(z.unknown(), CREDITS, { amount: 5 });
      const answer = world.send(email(), KEY);
      expect(await world.reached).toBe(at);
      await world.kill();
      expect(await answer).toBeNull();
      await world.restart();
      expect(await entries(world)).toHaveLength(committed);
      expect(await balance()).toBe(5 - committed);

      const first = await world.send(email(), KEY);
      expect(first).toEqual({ status: 200, id: expect.any(String), replayed });
      const second = await world.send(email(), KEY);
      expect(second).toEqual({ ...first, replayed: true });
      expect(await balance()).toBe(4);
      await drain(world);
      await expectEnd(world, first?.id ?? "", { at, ...ONCE, copies: [0, 1] });
    }),
  );

  it.for([
    { at: "C1", committed: 0, replayed: false },
    { at: "C2", committed: 3, replayed: true },
    { at: "C3", committed: 3, replayed: true },
  ])(
    "$at leaves all or nothing of a call of three, and its retry finishes it",
    ({ at, committed, replayed }) =>
      inWorld(ground, { at }, async (world) => {
        const call = [email(), email(), email()];
        const answer = world.sendBatch(call, KEY);
        expect(await world.reached).toBe(at);
        await world.kill();
        const seen = await answer;
        await world.restart();
        expect(await entries(world)).toHaveLength(committed);
        const first = await world.sendBatch(call, KEY);
        expect(first).toEqual({ ids: seen?.ids ?? expect.any(Array), replayed });
        expect(new Set(first?.ids).size).toBe(3);
        expect(await world.sendBatch(call, KEY)).toEqual({ ...first, replayed: true });
        await drain(world);
        for (const id of first?.ids ?? []) {
          const { data } = await world.get(messageSchema, `/v1/messages/${id}`);
          expect(data.deliveries.map(({ state }) => state)).toEqual(["delivered"]);
        }
        expect(copies(world)).toHaveLength(3);
      }),
  );

  it("any moment of a burst lets in no more than the limit allows (F25)", () =>
    inWorld(ground, {}, async (world) => {
      await world.sql(z.unknown(), "update keys set per_second = 1, burst = 40");
      // Nobody remembers the key without its limits.
      await world.kill();
      await world.restart();
      const start = Date.now();
      const statuses: (number | undefined)[] = [];
      const send = async () => statuses.push((await world.send(email()))?.status);
      for (const answered of [5, 10, 30]) {
        statuses.splice(0);
        const burst = Array.from({ length: 40 }, send);
        expect(await within(10_000, () => statuses.length >= answered)).toBe(true);
        await world.kill();
        await Promise.all(burst);
        await world.restart();
      }
      await Promise.all(Array.from({ length: 40 }, send));
      const accepted = (await entries(world)).length;
      expect(accepted).toBeLessThanOrEqual(40 + (Date.now() - start) / 1_000);
      expect(accepted).toBeGreaterThan(15);
      expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(20);
    }));

  it("C16 records a bounce mail once, though its sender brings it again", () =>
    inWorld(ground, { at: "C16" }, async (world) => {
      const sent = await world.send(email());
      await world.sweep();
      expect(await within(10_000, () => copies(world).length === 1)).toBe(true);
      await drain(world);
      const returnPath = world.peer.log().messages[0]?.from ?? "";
      const about = { email: RECIPIENT, messageId: sent?.id ?? "", returnPath };
      const bounce = filled(dsn([FAILED_GROUP]), about);
      const answer = world.mail("mailer-daemon@mx.example.net", returnPath, bounce);
      expect(await world.reached).toBe("C16");
      await world.kill();
      expect(await answer).toBeNull();
      await world.restart();
      expect(await world.mail("mailer-daemon@mx.example.net", returnPath, bounce)).toBe(200);
      const [entry, ...others] = await entries(world);
      expect([entry?.state, others]).toEqual(["bounced", []]);
      const names = (await loggedEvents(world)).map(({ name }) => name);
      expect(names).toEqual(["delivery_attempt", "bounce_all", "bounce_bad_address"]);
    }));
});

/** Sends, waits until the Worker stands at the crash point, kills it there. Answers the message's id. */
async function crash(
  world: World,
  { at, copies: [atKill] }: Pick<Expected, "at" | "copies">,
  body: unknown,
): Promise<string> {
  const answer = await world.send(body, KEY);
  expect(answer).toMatchObject({ status: 200, replayed: false });
  // C9 lies at the peer; C5 only counts once another process's consumer holds the lease.
  if (at === "C9") expect(await within(10_000, () => copies(world).length === 1)).toBe(true);
  else expect(await world.reached).toBe(at);
  const hasCaller = (): boolean => world.peer.log().connections.length === 1;
  if (at === "C5") expect(await within(10_000, hasCaller)).toBe(true);
  await world.kill();
  expect(copies(world)).toHaveLength(atKill);
  return answer?.id ?? "";
}

/** Starts again. The client asks once more, to be sure, and two sweeps come at the same time. */
async function recover(world: World, id: string, body: unknown): Promise<void> {
  await world.restart();
  await world.leasesRunOut();
  expect(await world.send(body, KEY)).toEqual({ status: 200, id, replayed: true });
  await Promise.all([world.sweep(), world.sweep()]);
  await drain(world);
}

async function expectEnd(world: World, id: string, expected: Expected): Promise<void> {
  const read = await world.get(messageSchema, `/v1/messages/${id}`);
  const attempts = expected.attempts.map((result) => ({ result }));
  expect(read.data.deliveries).toEqual([{ state: expected.state, attempts }]);
  const [entry, ...others] = await entries(world);
  expect([entry?.message, others]).toEqual([id, []]);

  const sent = copies(world);
  expect(sent).toHaveLength(expected.copies[1]);
  const [first] = sent;
  const same = { message: id, recipient: RECIPIENT, sha256: first?.sha256 };
  for (const copy of sent) expect(copy).toMatchObject(same);

  const events = await loggedEvents(world);
  expect(events.map(({ status }) => status)).toEqual(
    expected.attempts.filter((result) => result === "success"),
  );
  const posted = postedBodies(world);
  expect([...posted.keys()]).toEqual(events.map((event) => event.id));
  const [least, most] = expected.posts ?? [1, 1];
  for (const bodies of posted.values()) {
    expect(bodies.length).toBeGreaterThanOrEqual(least);
    expect(bodies.length).toBeLessThanOrEqual(most);
    expect(new Set(bodies).size).toBe(1);
  }
}

function email(): Record<string, unknown> {
  return {
    email: {
      from: "sender@edgepost.test",
      subject: "Hello",
      text: "Hello there",
      recipients: { to: [{ email: RECIPIENT }] },
    },
  };
}
