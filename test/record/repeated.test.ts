// Repeated soft bounces through the queue and from reports that come later (1.9.3, A-050, F-084).
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { receiveReports } from "../../src/inbound/receive.ts";
import { consume } from "../../src/queue/consume.ts";
import { changeAccount } from "../../src/store/account.ts";
import { removeSuppressions } from "../../src/store/suppression.ts";
import type { SmtpScript } from "../peers/script.ts";
import { countOf, events, states } from "../support/ledger.ts";
import { HOUR, queueWorld, type QueueWorld } from "../support/queue-world.ts";
import { email } from "../support/world.ts";

const DAY = 24 * HOUR;
const ADDRESS = "soft@example.com";
const FULL: SmtpScript = {
  rules: [{ at: "rcpt", match: "soft@", do: { reply: "552 5.2.2 Mailbox full" } }],
};

let world: QueueWorld;
afterEach(() => world.stop());

/** Sends, and attempts it so much later. */
async function attempt(to: readonly string[] = [ADDRESS], later = 0): Promise<string> {
  const id = await world.send(to);
  world.clock.advance(later);
  await consume(world.app);
  await world.app.idle();
  return id;
}

/** Soft bounces as their days come. */
async function bounceAfter(...days: readonly number[]): Promise<void> {
  for (const wait of days) {
    world.clock.advance(wait * DAY);
    await attempt();
  }
}

function rule(softBounceCount: number, softBounceDays: number) {
  const change = { retentionDays: null, contentRetentionDays: null, plan: null };
  return changeAccount(env.DB, { ...change, softBounceCount, softBounceDays });
}

/** Bounces of the log: `all` or `bad`, type and code. */
async function bounces(): Promise<readonly string[]> {
  return (await events()).flatMap((event) =>
    "bounceCode" in event
      ? [`${event.name === "bounce_all" ? "all" : "bad"} ${event.bounceType} ${event.bounceCode}`]
      : [],
  );
}

async function scopes(): Promise<readonly unknown[]> {
  const { results } = await env.DB.prepare(
    "select address, scope, reason from suppressions order by address, scope",
  ).all();
  return results;
}

const ALL = "all s 22";
const BAD = "bad s 22";

describe("soft bounces in the dialogue", () => {
  it("three over three days make the address a bad one, with the last one's words", async () => {
    world = await queueWorld(FULL);
    await bounceAfter(0, 1, 2);
    expect(await bounces()).toEqual([ALL, ALL, ALL, BAD]);
    const reason = "552 5.2.2 Mailbox full";
    expect(await scopes()).toEqual([{ address: ADDRESS, scope: "bounce", reason }]);
    expect((await world.post(email({}, [ADDRESS]))).status).toBe(422);
  });

  it("two, or three in less, do not", async () => {
    world = await queueWorld(FULL);
    await bounceAfter(0, 3);
    expect(await bounces()).toEqual([ALL, ALL]);
    world = await restarted(FULL);
    await bounceAfter(0, 1, 1.9);
    expect([await bounces(), await scopes()]).toEqual([[ALL, ALL, ALL], []]);
  });

  it("with a success in between start again", async () => {
    const once = { at: "rcpt", match: "soft@", nth: 3, do: { reply: "250 2.1.5 Ok" } } as const;
    world = await queueWorld({ rules: [once, ...(FULL.rules ?? [])] });
    await bounceAfter(0, 1, 2, 1, 1);
    expect([await bounces(), await states()]).toEqual([
      [ALL, ALL, ALL, ALL],
      { bounced: 4, delivered: 1 },
    ]);
    await bounceAfter(1);
    expect((await bounces()).slice(-2)).toEqual([ALL, ALL]);
    await bounceAfter(2);
    expect((await bounces()).slice(-2)).toEqual([ALL, BAD]);
  });

  it("that expired count, those of a relay that could not be used do not", async () => {
    const later = { at: "rcpt", do: { reply: "452 4.2.2 Mailbox full" } } as const;
    world = await queueWorld({ rules: [later] });
    for (let n = 0; n < 3; n++) await attempt([ADDRESS], 73 * HOUR);
    expect([await bounces(), await states()]).toEqual([[ALL, ALL, ALL, BAD], { expired: 3 }]);
    world = await restarted({ listen: false });
    for (let n = 0; n < 3; n++) await attempt([ADDRESS], 73 * HOUR);
    expect(await bounces()).toEqual(["all s 29", "all s 29", "all s 29"]);
  });

  it("follow the account's setting; 0 switches the rule off", async () => {
    world = await queueWorld(FULL);
    await rule(2, 0);
    await bounceAfter(0, 0);
    expect(await bounces()).toEqual([ALL, ALL, BAD]);
    world = await restarted(FULL);
    await rule(0, 0);
    await bounceAfter(0, 1, 1, 1, 1);
    expect(await bounces()).not.toContain(BAD);
  });

  it("start again when somebody removed the suppression", async () => {
    world = await queueWorld(FULL);
    await bounceAfter(0, 1, 2);
    const removal = { entry: ADDRESS, scope: null, keyId: "k", reason: "asked", now: 0 };
    await removeSuppressions(env.DB, { ...removal, now: world.clock.now() });
    await bounceAfter(1, 1, 1);
    expect((await bounces()).slice(-3)).toEqual([ALL, ALL, ALL]);
    await bounceAfter(1);
    expect((await bounces()).slice(-2)).toEqual([ALL, BAD]);
  });

  it("cost one more round trip where they happen, and nothing where they do not", async () => {
    world = await queueWorld(FULL);
    await bounceAfter(0);
    const reads = () => world.d1.calls().filter(({ sql }) => sql.includes("suppression_changes"));
    expect(reads()).toHaveLength(1);
    world.d1.reset();
    await attempt(["fine@example.com"]);
    await attempt(["also@example.com", ADDRESS]);
    expect(reads()).toHaveLength(1);
  });
});

describe("soft bounces that come back later", () => {
  const said = { kind: "bounce", code: 22, reply: "552 5.2.2 full", host: "" } as const;
  const report = (messageId: string) =>
    receiveReports(world.app, [
      { place: { by: "place", messageId, position: 0 }, at: world.clock.now(), said },
    ]);

  it("three over three days make the address a bad one", async () => {
    world = await queueWorld();
    for (const wait of [0, 1, 2]) {
      world.clock.advance(wait * DAY);
      const id = await attempt();
      world.clock.advance(HOUR);
      expect(await report(id)).toEqual(["recorded"]);
    }
    expect([await bounces(), await countOf("suppressions")]).toEqual([[ALL, ALL, ALL, BAD], 1]);
  });

  it("are in a row also when the next mail left before the last one came back", async () => {
    world = await queueWorld();
    const ids: string[] = [];
    for (let day = 0; day < 5; day++) {
      ids.push(await attempt());
      world.clock.advance(DAY);
    }
    for (const id of ids.slice(0, 4)) await report(id);
    expect(await bounces()).toEqual([ALL, ALL, ALL, ALL, BAD]);
  });

  it("brought all at once are judged one after the other, and told once", async () => {
    world = await queueWorld();
    const ids: string[] = [];
    for (let day = 0; day < 6; day++) {
      ids.push(await attempt());
      world.clock.advance(DAY);
    }
    await receiveReports(
      world.app,
      ids.map((messageId) => ({
        place: { by: "place", messageId, position: 0 },
        at: world.clock.now(),
        said,
      })),
    );
    expect((await bounces()).filter((one) => one === BAD)).toHaveLength(1);
    expect(await states()).toEqual({ bounced: 6 });
  });
});

async function restarted(script: SmtpScript): Promise<QueueWorld> {
  await world.stop();
  return queueWorld(script);
}
