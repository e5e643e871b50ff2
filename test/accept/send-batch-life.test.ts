// What becomes of the messages of a call afterwards: each is told apart in links, bounces, statistics, exports
// and erasures, and they go together when the time of keeping them is over.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { messageSource } from "../../src/export/messages.ts";
import { receiveReports } from "../../src/inbound/receive.ts";
import { consume } from "../../src/queue/consume.ts";
import { purge } from "../../src/queue/purge.ts";
import type { Export } from "../../src/model/export.ts";
import { countStats } from "../../src/record/stats.ts";
import { findExport } from "../../src/store/export.ts";
import { readTracked } from "../../src/store/delivery-activity.ts";
import { recordFacts } from "../../src/track/consume.ts";
import { acceptBatch, inOrder, item } from "../support/batch.ts";
import { whereCanaryStands, WRITTEN } from "../support/canary.ts";
import { type EraseWorld, eraseWorld } from "../support/erase-world.ts";
import { countOf, events } from "../support/ledger.ts";
import { HOUR, MINUTE, people } from "../support/queue-world.ts";
import { BROWSER, follow } from "../support/tracking.ts";

const { given, native, erase, finish, shown } = eraseWorld();
const DAY = 24 * HOUR;

async function deliver({ app }: EraseWorld): Promise<void> {
  await consume(app);
  await app.idle();
}

const messageOf = (id = "") => native<Record<string, unknown>>("GET", `/v1/messages/${id}`);

describe("a click", () => {
  it("is the click of its own message, also of one address in two messages", async () => {
    const world = await given();
    const html = '<a href="https://shop.example/">x</a>';
    const tagged = (tag: string) => ({
      ...item(["ann@example.com"], { html }),
      "x-kasplo-click-tracking-id": tag,
    });
    const ids = await acceptBatch(world, [tagged("first"), tagged("second")]);
    await deliver(world);
    world.clock.advance(MINUTE);
    const link = { kind: "click", messageId: ids[1] ?? "", position: 0, index: 0 } as const;
    const url = await world.queue.links?.urlOf({ ...link, url: "https://shop.example/" });
    await follow(world.app, url ?? "", { headers: { "User-Agent": BROWSER } });
    await world.app.idle();
    await recordFacts(world.app, world.queue.facts.splice(0));
    const clicks = (await events()).filter(({ name }) => name === "click");
    expect(clicks.map(({ messageId, tags }) => [messageId, tags])).toEqual([[ids[1], "second"]]);
    const places = ids.map((messageId) => ({ messageId, position: 0 }));
    const tracked = await readTracked(env.DB, places);
    expect(inOrder(tracked.map(({ tags, activity }) => [tags, activity.length]))).toEqual([
      ["first", 0],
      ["second", 1],
    ]);
  });
});

describe("a bounce that comes back later", () => {
  it("finds its message by its id alone when that has one recipient", async () => {
    const world = await given();
    const ids = await acceptBatch(world, [
      item(["ann@example.com"]),
      item(["bob@example.com", "cy@example.com"]),
    ]);
    await deliver(world);
    const bounce = (messageId = "") => ({
      place: { by: "message_id", messageId, recipient: null } as const,
      at: world.clock.now(),
      said: { kind: "bounce", code: 10, reply: "550 5.1.1 unknown", host: "" } as const,
    });
    await receiveReports(world.app, [bounce(ids[0]), bounce(ids[1])]);
    const states = await Promise.all(ids.map((id) => shown(id)));
    expect(states.flat().map(({ email, state }) => [email, state])).toEqual([
      ["ann@example.com", "bounced"],
      ["bob@example.com", "delivered"],
      ["cy@example.com", "delivered"],
    ]);
  });
});

/** An export of all messages there are. */
async function anExport({ clock }: EraseWorld): Promise<Export> {
  const [from, to] = [clock.now() - DAY, clock.now() + DAY];
  const order = { kind: "messages", format: "ndjson", from, to };
  const { id } = await native<{ id: string }>("POST", "/v1/exports", order, 202);
  const found = await findExport(env.DB, id, clock.now());
  if (!found) throw new Error("there is no export");
  // The order was for the time until now.
  return { ...found, to };
}

describe("statistics and exports", () => {
  it("count each message by its own class and tag", async () => {
    const world = await given();
    await acceptBatch(world, [
      item(["ann@example.com"]),
      item(["bob@example.com", "cy@example.org"], { metadata: { mailClass: "marketing" } }),
    ]);
    await deliver(world);
    world.clock.advance(5 * MINUTE);
    await countStats(world.app);
    const { total } = await native<{ total: { counts: Record<string, number> } }>(
      "GET",
      "/v1/stats?interval=hour&mail_class=marketing",
    );
    expect(total.counts).toMatchObject({ accepted: 2, delivered: 2 });
  });

  it("export every delivery once, wherever a page ends", async () => {
    const world = await given();
    await world.send(["first@example.com"]);
    world.clock.advance(10);
    const ids = await acceptBatch(
      world,
      people(700).map((to, n) => item([to, `cc${n}@example.com`], { subject: `S${n}` })),
    );
    world.clock.advance(10);
    await world.send(["last@example.com"]);
    const order = await anExport(world);
    const seen: string[] = [];
    let cursor: string | null = null;
    for (let n = 0; n < 50; n++) {
      const page = await messageSource.read(env.DB, order, cursor);
      // As a writer does whose part is full: it goes on in the middle of a message.
      const taken = page.records.slice(0, 99);
      seen.push(...taken.map(({ item: one }) => [one.click_tracking_id, one.subject].join(" ")));
      cursor = taken.length < page.records.length ? (taken.at(-1)?.next ?? null) : page.next;
      if (cursor === null) break;
    }
    expect([seen.length, new Set(seen).size]).toEqual([1_402, 1_402]);
    expect(seen).toContain(`${ids[699]}:1 S699`);
  });
});

describe("an erasure", () => {
  it("takes one address out of a call; others keep their messages and contents", async () => {
    const world = await given();
    const large = "<p>much</p>".repeat(4_000);
    for (const html of [undefined, large]) {
      const ids = await acceptBatch(world, [
        item([WRITTEN], { subject: `For ${WRITTEN}`, text: `Dear ${WRITTEN}`, html }),
        item(["bob@example.com", WRITTEN], { text: `to bob and ${WRITTEN}` }),
        item(["cy@example.com"], { text: "to cy alone", metadata: { about: WRITTEN } }),
      ]);
      await deliver(world);
      await erase();
      await finish();
      expect(await whereCanaryStands()).toEqual([]);
      expect(await messageOf(ids[0])).toMatchObject({ subject: "For [erased]" });
      expect((await shown(ids[1] ?? "")).map(({ email = null }) => email)).toEqual([
        "bob@example.com",
        null,
      ]);
      expect(await messageOf(ids[2])).toMatchObject({ metadata: { about: "[erased]" } });
    }
  });
});

describe("the purge", () => {
  it("takes a call when all of it is over, in one row for each delivery and one for the rest", async () => {
    const world = await given();
    const later = new Date(world.clock.now() + 30 * DAY).toISOString();
    await acceptBatch(world, [item(["a@example.com"]), item(["b@example.com"], { sendAt: later })]);
    await deliver(world);
    world.clock.advance(61 * DAY);
    await purge(world.app);
    expect([await countOf("messages"), await countOf("deliveries")]).toEqual([1, 2]);
    await deliver(world);
    world.clock.advance(61 * DAY);
    await purge(world.app);
    expect([
      await countOf("messages"),
      await countOf("deliveries"),
      await countOf("contents"),
    ]).toEqual([0, 0, 0]);
  });
});
