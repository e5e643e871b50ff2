// The erasure as a job: asked for again, many at once, forgotten by a restore, and its bill. What it erases is in
// the tests of its two parts.
import { env } from "cloudflare:workers";
import { workOnExports } from "../../src/export/work.ts";
import { consume } from "../../src/queue/consume.ts";
import { workOnErasures } from "../../src/queue/erase.ts";
import { countStats } from "../../src/record/stats.ts";
import { purge } from "../../src/queue/purge.ts";
import { copyOfTables } from "../support/copy.ts";
import { describe, expect, it } from "vitest";
import { CANARY, givenCanary, QUOTING, whereCanaryStands, WRITTEN } from "../support/canary.ts";
import { countOf, deliveries, drain } from "../support/ledger.ts";
import { DAY } from "../support/past.ts";
import { MINUTE, people, SECOND } from "../support/queue-world.ts";
import { at, eraseWorld, sendToBoth } from "../support/erase-world.ts";

const { given, native, erase, stateOf, finish, shown } = eraseWorld();

describe("an erasure", () => {
  it("of one does not keep another's from its end: many at once, in few steps", async () => {
    const world = await given({ keepContent: false });
    const all = people(21, "many");
    await world.send(all);
    await consume(world.app);
    for (const address of all) await native("DELETE", at(address), undefined, 202);
    await workOnErasures(world.app);
    for (let run = 0; run < 2; run++) await finish();
    expect(await Promise.all(all.map(stateOf))).toEqual(all.map(() => "done"));
    const row = await env.DB.prepare("select recipients from messages").first<{
      recipients: string;
    }>();
    expect(row?.recipients).not.toContain("many");
  });

  it("that was asked for twice, one goes on, and takes what came in between", async () => {
    const world = await given();
    const first = await native<{ requested_at: string }>("DELETE", at(WRITTEN), undefined, 202);
    world.clock.advance(SECOND);
    expect(await native("DELETE", at(WRITTEN), undefined, 202)).toEqual(first);
    world.clock.advance(SECOND);
    const id = await world.send([WRITTEN]);
    world.clock.advance(SECOND);
    const third = await native<{ requested_at: string }>("DELETE", at(WRITTEN), undefined, 202);
    expect(third.requested_at > first.requested_at).toBe(true);
    await workOnErasures(world.app);
    expect(await shown(id)).toMatchObject([{ erased: true, state: "cancelled" }]);
  });
});

it("exports that may hold the address are failed, and their files are gone", async () => {
  const world = await given();
  await world.send([WRITTEN]);
  const order = (kind: string) =>
    native<{ id: string }>("POST", "/v1/exports", { kind, format: "csv" }, 202);
  const { id } = await order("messages");
  await workOnExports(world.app);
  expect((await whereCanaryStands()).some((place) => place.startsWith("r2 exports/"))).toBe(true);
  const waiting = await order("suppressions");
  await env.DB.prepare("update exports set after = ?1 where id = ?2")
    .bind(JSON.stringify([CANARY, "global"]), waiting.id)
    .run();
  await erase();
  expect(await whereCanaryStands()).toEqual([]);
  for (const one of [id, waiting.id]) {
    expect(await native("GET", `/v1/exports/${one}`)).toMatchObject({
      state: "failed",
      error: "an address was erased meanwhile; order the export again",
    });
  }
});

describe("a database that was restored to before an erasure", () => {
  it("is erased again within ten minutes, by the hashes in R2 (F27)", async () => {
    const world = await given(QUOTING);
    const { queue } = world;
    await givenCanary(world, queue);
    await world.send(people(3, "stays"));
    const copy = await copyOfTables();
    world.clock.advance(SECOND);
    await erase();
    await finish();
    await copy.restore();
    expect((await whereCanaryStands()).length).toBeGreaterThan(10);
    expect(await countOf("erasures")).toBe(0);
    // What was accepted since the erasure is not part of it.
    const later = await world.send([WRITTEN]);
    world.clock.advance(8 * MINUTE);
    for (let minute = 0; minute < 3; minute++) await finish();
    expect(world.logged).toContain("erasures_forgotten");
    expect([await stateOf(), (await shown(later)).length]).toEqual(["done", 1]);
    expect((await deliveries()).map(({ recipient }) => recipient).toSorted()).toEqual([
      ...Array(6).fill("bob@example.com"),
      CANARY,
      ...people(3, "stays"),
    ]);
    await erase();
    await finish();
    expect(await whereCanaryStands()).toEqual([]);
  });

  it("knows nothing of some: those are done when all was looked through", async () => {
    const world = await given();
    const copy = await copyOfTables();
    await world.send([WRITTEN]);
    await erase();
    await copy.restore();
    world.clock.advance(9 * MINUTE);
    for (let minute = 0; minute < 2; minute++) await finish();
    expect(await stateOf()).toBe("done");
  });
});

it("a message is purged in its time, whoever of its recipients was erased", async () => {
  const world = await given();
  await sendToBoth(world);
  await world.send([WRITTEN]);
  await drain(world.app, world.clock);
  await erase();
  await finish();
  world.clock.advance(60 * DAY + MINUTE);
  await purge(world.app);
  expect([await countOf("messages"), await countOf("deliveries")]).toEqual([0, 0]);
});

it("costs few rows: 3 for a delivery of its own, some for the rest", async () => {
  const world = await given({ keepContent: false });
  const { d1 } = world;
  for (let n = 0; n < 30; n++) await world.send([WRITTEN]);
  await consume(world.app);
  await world.app.idle();
  const logged = await countOf("event_log");
  // Statistics are counted anyway, at the latest then.
  await countStats(world.app);
  d1.reset();
  await erase();
  // Message, content and delivery of each; a log row once for each step of 20; the erasure itself.
  expect(d1.rowsWritten()).toBeLessThanOrEqual(3 * 30 + 2 * logged + 6);
  d1.reset();
  await finish();
  expect(d1.rowsWritten()).toBeLessThanOrEqual(3);
});
