// Pools at work, with relays on real sockets: shares by weight, one that dies, a pool that is down beside
// one that is not, and mail in doubt that no second relay gets.
import { env } from "cloudflare:workers";
import { afterEach, expect, it } from "vitest";
import { consume } from "../../src/queue/consume.ts";
import type { SmtpScript } from "../peers/script.ts";
import { type SmtpPeer, startSmtpPeer } from "../peers/client.ts";
import { copies, deliveries, states } from "../support/ledger.ts";
import {
  MINUTE,
  people,
  queueWorld,
  type QueueWorld,
  SECOND,
  START,
} from "../support/queue-world.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function given(): Promise<QueueWorld> {
  const world = await queueWorld({ keepContent: true });
  stops.push(world.stop);
  return world;
}

async function givenRelay(id: string, script: SmtpScript = {}): Promise<SmtpPeer> {
  const peer = await startSmtpPeer({ keepContent: true, ...script });
  stops.push(peer.stop);
  await env.DB.prepare(
    `insert into relays (id, name, host, port, tls, created_at) values (?1, ?1, '127.0.0.1', ?2, 'none', 0)`,
  )
    .bind(id, peer.port)
    .run();
  return peer;
}

/** A pool that marketing mail goes to. */
async function givenPool(relays: readonly (readonly [string, number])[]): Promise<void> {
  await env.DB.batch([
    env.DB.prepare(
      "insert into pools (id, name, kind, relays, created_at) values ('bulk', 'bulk', 'shared', ?1, 0)",
    ).bind(JSON.stringify(relays)),
    env.DB.prepare(
      "insert into pool_rules (position, pool_id, mail_class) values (0, 'bulk', 'marketing')",
    ),
  ]);
}

const MARKETING = { metadata: { mailClass: "marketing" } };

async function run({ app }: QueueWorld): Promise<void> {
  await consume(app);
  await app.idle();
}

it("a pool shares its mail by weight, and leaves other mail to the default pool", async () => {
  const world = await given();
  const [a, b] = [await givenRelay("a"), await givenRelay("b")];
  await givenPool([
    ["a", 3],
    ["b", 1],
  ]);
  await world.send(people(200, "m"), MARKETING);
  await world.send(people(3, "t"));
  await run(world);
  expect(await states()).toEqual({ delivered: 203 });
  const [toA, toB] = [(await copies(a)).length, (await copies(b)).length];
  expect([toA + toB, Math.abs(toA - 150) <= 60]).toEqual([200, true]);
  expect((await copies(world.peer)).length).toBe(3);
});

it("a relay that dies in the middle leaves all to the other: none lost, none twice", async () => {
  const world = await given();
  // Its first connections carry some mail, then it hangs up at MAIL and at every connect.
  const dying = await givenRelay("a", {
    rules: [
      ...Array.from({ length: 80 }, (_, n) => ({
        at: "mail" as const,
        nth: n + 11,
        do: { reply: "421 4.3.2 going down", after: "close" as const },
      })),
      ...Array.from({ length: 40 }, (_, n) => ({
        at: "banner" as const,
        nth: n + 5,
        do: { drop: "close" as const },
      })),
    ],
  });
  const other = await givenRelay("b");
  await givenPool([
    ["a", 1],
    ["b", 1],
  ]);
  await world.send(people(100), MARKETING);
  for (let round = 0; round < 8 && (await states())["delivered"] !== 100; round++) {
    await run(world);
    world.clock.advance(6 * MINUTE);
  }
  expect(await states()).toEqual({ delivered: 100 });
  const seen = [...(await copies(dying)), ...(await copies(other))];
  expect([seen.length, new Set(seen).size]).toEqual([100, 100]);
  expect((await copies(dying)).length).toBeGreaterThan(0);
});

it("a pool that is down waits alone, for one re-dating a pause and one round trip a run", async () => {
  const world = await given();
  await givenRelay("dead", { listen: false });
  await givenPool([["dead", 1]]);
  await world.send(people(20, "m"), MARKETING);
  await world.send(people(20, "t"));
  await run(world);
  expect((await copies(world.peer)).length).toBe(20);
  expect(await states()).toMatchObject({ delivered: 20 });
  const waiting = (await deliveries()).filter(
    ({ attempts, state }) => attempts === 0 && state === "queued",
  );
  expect(waiting.length).toBeGreaterThanOrEqual(16);
  for (const { dueAt, leaseId } of waiting) {
    expect([dueAt, leaseId]).toEqual([START + 30 * SECOND, null]);
  }
  world.d1.reset();
  await world.send(people(5, "late"));
  await run(world);
  expect(await states()).toMatchObject({ delivered: 25 });
  expect(world.d1.calls().filter(({ sql }) => /from pools/.test(sql)).length).toBe(1);
  const again = (await deliveries()).filter(
    ({ attempts, state }) => attempts === 0 && state === "queued",
  );
  expect(again).toEqual(waiting);
});

it("mail whose outcome is unknown goes to no second relay in its attempt", async () => {
  const world = await given();
  const a = await givenRelay("a", { rules: [{ at: "dot", do: { drop: "close" } }] });
  const b = await givenRelay("b", { rules: [{ at: "dot", do: { drop: "close" } }] });
  await givenPool([
    ["a", 1],
    ["b", 1],
  ]);
  await world.send(["one@example.com"], MARKETING);
  await run(world);
  const [only] = await deliveries();
  expect(only?.history.map(({ result }) => result)).toEqual(["unknown"]);
  const connections = [await a.log(), await b.log()].map((log) => log.connections.length);
  expect(connections.toSorted((x, y) => x - y)).toEqual([0, 1]);
});
