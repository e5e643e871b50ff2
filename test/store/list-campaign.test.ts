// Campaigns of lists on the real database: real sends that name a list are counted once, whatever they call
// it, and stay counted when their list is called otherwise.
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { receiveReports } from "../../src/inbound/receive.ts";
import { uuidv7, uuidv7Bound } from "../../src/lib/id.ts";
import type { Fact } from "../../src/model/fact.ts";
import { newHexId } from "../../src/model/list.ts";
import { countsByName } from "../../src/model/list-campaign.ts";
import { consume } from "../../src/queue/consume.ts";
import { COMMIT_LAG_MS, countStats } from "../../src/record/stats.ts";
import { cancelOpen } from "../../src/store/erasure-delivery.ts";
import { campaignStarts, campaignSums } from "../../src/store/list-campaign-sums.ts";
import { changeList, insertList } from "../../src/store/list.ts";
import { insertSuppressions } from "../../src/store/suppression.ts";
import { recordFacts } from "../../src/track/consume.ts";
import { countOf } from "../support/ledger.ts";
import { MINUTE, people, queueWorld, type QueueWorld } from "../support/queue-world.ts";
import { BROWSER } from "../support/tracking.ts";

let world: QueueWorld;
beforeEach(async () => {
  world = await queueWorld({
    rules: [{ at: "rcpt", match: "bad", do: { reply: "550 5.1.1 No such user" } }],
  });
});
afterEach(() => world.stop());

const HTML = { text: undefined, html: '<a href="https://x.test/">x</a>' };

function given(name: string) {
  return insertList(env.DB, { listId: newHexId(), name, settings: {}, createdAt: 0 });
}

function mailed(listId: string, sendId = "july") {
  return { ...HTML, metadata: { listId, sendId } };
}

/** Delivers and counts everything that was accepted. */
async function countAll(): Promise<void> {
  await consume(world.app);
  await world.app.idle();
  world.clock.advance(COMMIT_LAG_MS + 1);
  await countStats(world.app);
}

/** What is not zero of a list's campaigns that started in a time. */
async function sums(list: number, from = 0, to = Number.MAX_SAFE_INTEGER) {
  const { counted: found } = await campaignSums(env.DB, { list, from, to });
  const named = Object.entries(countsByName(found)).filter(([, n]) => n !== 0);
  return { ...Object.fromEntries(named), codes: found.codes };
}

function read(messageId: string, kind: "open" | "click", change: Partial<Fact> = {}): Fact {
  const at = world.clock.now();
  const base = { id: uuidv7(at), at, messageId, position: 0, ip: "", userAgent: BROWSER };
  const click = kind === "click" ? { kind, index: 0, url: "https://x.test/" } : { kind };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the kind decides the rest
  return { ...base, prefetch: false, ...click, ...change } as Fact;
}

describe("mail that names a list", () => {
  it("is counted: sent, delivered, bounced, read", async () => {
    const list = (await given("News"))?.id ?? 0;
    const id = await world.send([...people(2), "bad@example.com"], mailed("NEWS"));
    await countAll();
    world.clock.advance(MINUTE);
    await recordFacts(world.app, [
      read(id, "open"),
      read(id, "open"),
      read(id, "open"),
      read(id, "click"),
      read(id, "click"),
    ]);
    await countAll();
    expect(await sums(list)).toEqual({
      sent_html: 3,
      total_success: 2,
      total_failure: 1,
      bounces_total: 1,
      bounces_unique_hard: 1,
      bounces_unique_local: 1,
      bounces_status_updated: 1,
      opens_total: 3,
      opens_unique: 1,
      clicks_total: 2,
      clicks_unique: 1,
      clicks_unique_by_link: 1,
      codes: { 10: 1 },
    });
  });

  it("counts a delivery once as bounced, when its automatic reply becomes a bounce", async () => {
    const list = (await given("News"))?.id ?? 0;
    const id = await world.send(people(1), mailed("news"));
    await countAll();
    const place = { by: "place", messageId: id, position: 0 } as const;
    const at = world.clock.now();
    await receiveReports(world.app, [{ place, at, said: { kind: "auto_reply", reply: "away" } }]);
    await receiveReports(world.app, [
      { place, at, said: { kind: "bounce", code: 22, reply: "552 full", host: "" } },
    ]);
    await countAll();
    expect(await sums(list)).toMatchObject({
      bounces_total: 2,
      bounces_unique_soft: 1,
      bounces_unique_remote: 1,
      codes: { 22: 1 },
    });
    expect(await sums(list)).not.toHaveProperty("bounces_unique_other");
  });

  it("counts who did it with two mails of one send id once, whichever is counted first", async () => {
    const list = (await given("News"))?.id ?? 0;
    const first = await world.send(people(2), mailed("news"));
    world.clock.advance(MINUTE);
    const second = await world.send(people(2), mailed("news"));
    const other = await world.send(people(2), mailed("news", "august"));
    await countAll();
    world.clock.advance(MINUTE);
    const early = world.clock.now();
    world.clock.advance(MINUTE);
    // The second mail was opened first; both are in one window, then a third mail follows.
    await recordFacts(world.app, [read(first, "open"), read(second, "open", { at: early })]);
    await recordFacts(world.app, [read(first, "click"), read(second, "open", { position: 1 })]);
    await countAll();
    await recordFacts(world.app, [read(second, "click"), read(other, "open")]);
    await countAll();
    expect(await sums(list)).toMatchObject({
      opens_total: 4,
      opens_unique: 3,
      clicks_total: 2,
      clicks_unique: 1,
      clicks_unique_by_link: 2,
    });
  });

  it("counts somebody once as bounced, and a worse reply to the second mail not at all", async () => {
    const list = (await given("News"))?.id ?? 0;
    const ids = [
      await world.send(people(1), mailed("news")),
      await world.send(people(1), mailed("news")),
    ];
    await countAll();
    const said = { kind: "bounce", code: 22, reply: "552 full", host: "" } as const;
    const away = { kind: "auto_reply", reply: "away" } as const;
    for (const [n, spoken] of [
      [0, away],
      [1, away],
      [1, said],
    ] as const) {
      world.clock.advance(MINUTE);
      const place = { by: "place", messageId: ids[n] ?? "", position: 0 } as const;
      await receiveReports(world.app, [{ place, at: world.clock.now(), said: spoken }]);
      await countAll();
    }
    expect(await sums(list)).toMatchObject({
      bounces_total: 3,
      bounces_unique_other: 1,
      bounces_unique_remote: 1,
      codes: { 60: 1 },
    });
    expect(await sums(list)).not.toHaveProperty("bounces_unique_soft");
  });

  it("was not sent to whom a suppression stopped, at once or before it left", async () => {
    const list = (await given("News"))?.id ?? 0;
    const stop = (entry: string) =>
      insertSuppressions(env.DB, [{ entry, scope: "global", reason: "" }], {
        keyId: "key",
        now: world.clock.now(),
      });
    await stop("p0@example.com");
    await world.send(people(3), mailed("news"));
    await stop("p1@example.com");
    await countAll();
    expect(await sums(list)).toEqual({ sent_html: 1, total_success: 1, codes: {} });
  });

  it("was not sent to whom an erasure forgot before it left", async () => {
    const list = (await given("News"))?.id ?? 0;
    await world.send(people(2), mailed("news"));
    world.clock.advance(MINUTE);
    const bound = uuidv7Bound(world.clock.now());
    const sent = { recipient: "p0@example.com", bound };
    expect(await cancelOpen(env.DB, sent, world.clock.now())).toEqual({ cancelled: 1, sending: 0 });
    expect(await cancelOpen(env.DB, sent, world.clock.now())).toEqual({ cancelled: 0, sending: 0 });
    await countAll();
    expect(await sums(list)).toEqual({ sent_html: 1, total_success: 1, codes: {} });
  });

  it("is counted under its number, its list_id and its name, and by when its send id began", async () => {
    const list = await given("News");
    const [id, hex] = [list?.id ?? 0, list?.listId ?? ""];
    const began = world.clock.now();
    for (const name of [String(id), hex, "news"]) {
      await world.send(people(1, name.slice(0, 4)), mailed(name));
      world.clock.advance(MINUTE);
    }
    await world.send(people(1, "later"), mailed("news", "august"));
    await countAll();
    expect(await sums(id)).toMatchObject({ sent_html: 4, total_success: 4 });
    expect(await sums(id, began, began + 1)).toMatchObject({ sent_html: 3 });
    expect(await sums(id, began + 1)).toMatchObject({ sent_html: 1 });
    expect(await campaignStarts(env.DB, id, ["july", "august", "x"])).toEqual(
      new Map([
        ["july", began],
        ["august", began + 3 * MINUTE],
      ]),
    );
  });

  it("stays with its list when that gets another name", async () => {
    const list = (await given("News"))?.id ?? 0;
    const id = await world.send(people(1), mailed("news"));
    await countAll();
    await changeList(env.DB, list, { name: "Old", status: null, settings: null, now: 1 });
    const other = (await given("News"))?.id ?? 0;
    await recordFacts(world.app, [read(id, "open")]);
    await countAll();
    expect(await sums(list)).toMatchObject({ opens_unique: 1 });
    expect(await sums(other)).toEqual({ codes: {} });
  });

  it("costs no row where the text names no list, and one a window where it does", async () => {
    await world.send(people(1), mailed("free-text"));
    await world.send(people(1), HTML);
    await countAll();
    expect(await countOf("list_campaigns")).toBe(0);
    await given("News");
    await world.send(people(9), mailed("news"));
    await countAll();
    expect(await countOf("list_campaigns")).toBe(1);
  });

  it("is counted once, whoever counts beside", async () => {
    const list = (await given("News"))?.id ?? 0;
    await world.send(people(3), mailed("news"));
    await consume(world.app);
    world.clock.advance(COMMIT_LAG_MS + 1);
    await Promise.all([countStats(world.app), countStats(world.app), countStats(world.app)]);
    expect(await sums(list)).toEqual({ sent_html: 3, total_success: 3, codes: {} });
  });
});
