// What the campaigns of a list came to, on the wire (E-13; A-118…A-121): of real sends, counted or not yet.
import { env } from "cloudflare:workers";
import PostalMime from "postal-mime";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { consume } from "../../../src/queue/consume.ts";
import { COMMIT_LAG_MS, countStats } from "../../../src/record/stats.ts";
import { parseTime } from "../../../src/accept/mailing-lists/statistics.ts";
import { recordFacts } from "../../../src/track/consume.ts";
import document from "../../seeds/mailing-lists.json";
import { bytesOf } from "../../peers/client.ts";
import { HOUR, MINUTE, people, queueWorld, type QueueWorld } from "../../support/queue-world.ts";
import { BROWSER, follow, tracking } from "../../support/tracking.ts";
import { type Client, mailingListsClient } from "./client.ts";

let world: QueueWorld;
let queue: ReturnType<typeof tracking>;
let client: Client;
let list: string;
let id: number;
beforeEach(async () => {
  queue = tracking();
  world = await queueWorld({}, queue);
  client = await mailingListsClient(world.app);
  const made = await client.data("POST", "/mailing_lists", { mailing_list: { name: "News" } });
  id = Number(made["id"]);
  list = `/mailing_lists/${id}`;
});
afterEach(() => world.stop());

const statistics = (query = "") => client.data("GET", `${list}/campaign_statistics${query}`);

/** Sends HTML to the list and delivers it. */
async function mailed(to: readonly string[], sendId: string): Promise<string> {
  const metadata = { listId: "news", sendId };
  const message = await world.send(to, { text: undefined, html: "<p>Hi</p>", metadata });
  await consume(world.app);
  await world.app.idle();
  return message;
}

describe("campaign statistics", () => {
  it("of five accepted HTML mails are the documented example, before and after they are counted (A-118)", async () => {
    await mailed(people(5), "july");
    const asked = `${list}/campaign_statistics`;
    const [fresh] = [await (await client.ask("GET", asked)).text()];
    expect(fresh).toBe(JSON.stringify(document.statistics));
    world.clock.advance(COMMIT_LAG_MS + 1);
    await countStats(world.app);
    expect(await (await client.ask("GET", asked)).text()).toBe(fresh);
  });

  it("count all that was accepted, however much waits to be counted", async () => {
    const { app } = world;
    const now = app.now();
    const insert = env.DB.prepare(
      `insert into messages (id, created_at, key_id, mail_class, from_address, from_name, subject,
         tags, send_id, list_id, metadata, recipients, on_ambiguous, size, form)
       values (?1, ?2, 'key', 'marketing', 's@edgepost.test', '', 's', '', 'big', 'news', '{}', ?3,
         'retry', 2, 'text')`,
    );
    const thousand = JSON.stringify(
      people(1_000).map((address) => ({ address, name: "", role: "to" })),
    );
    await env.DB.batch(Array.from({ length: 7 }, () => insert.bind(app.newId(), now, thousand)));
    expect(await statistics()).toMatchObject({ sent_text: 7_000, in_queue: 7_000 });
  });

  it("of a list without mail are zeros", async () => {
    expect(await statistics()).toMatchObject({ total_messages: 0, open_rate: 0 });
  });

  it("know who opened first (A-121)", async () => {
    await mailed(people(2), "july");
    world.clock.advance(HOUR);
    const [message] = (await world.peer.log()).messages;
    const { html = "" } = await PostalMime.parse(bytesOf(message?.content ?? ""));
    const pixel = /https:\/\/[^"]+\/o\/[\w-]+\.gif/.exec(html)?.[0] ?? "";
    for (let n = 0; n < 3; n++) {
      await follow(world.app, pixel, { headers: { "User-Agent": BROWSER } });
      world.clock.advance(MINUTE);
    }
    await recordFacts(world.app, queue.facts);
    expect(await statistics()).toMatchObject({
      opens_total: 3,
      opens_unique: 1,
      duplicate_opens: 2,
      open_rate: 0.5,
      open_ratio: 3,
    });
  });

  it("are of campaigns that started in a time, in either form (A-119)", async () => {
    await mailed(people(1), "first");
    const t1 = world.clock.now();
    world.clock.advance(HOUR);
    const t2 = Math.ceil(world.clock.now() / 1000);
    world.clock.advance(t2 * 1000 - world.clock.now());
    await mailed(people(2), "second");
    const seconds = Math.floor(t1 / 1000);
    const iso = new Date(t2 * 1000).toISOString();
    const sent = async (query: string) => (await statistics(query))["messages_sent"];
    const counted = async () => [
      await sent(`?started_at__start=${t2}`),
      await sent(`?started_at__start=${iso}`),
      await sent(`?started_at__end=${t2}`),
      await sent(`?started_at__end=${encodeURIComponent(iso.replace("Z", "+00:00"))}`),
      await sent(`?started_at__end=${t2 + 1}&started_at__start=${seconds}`),
      await sent(`?started_at__start=${t2 + 1}`),
      await sent(`?started_at__end=${seconds}`),
      await sent(""),
    ];
    const expected = [2, 2, 1, 1, 3, 0, 0, 3];
    expect(await counted()).toEqual(expected);
    world.clock.advance(COMMIT_LAG_MS + 1);
    await countStats(world.app);
    expect(await counted()).toEqual(expected);
  });

  it("of a campaign that goes on are of when it began", async () => {
    await mailed(people(1), "july");
    world.clock.advance(COMMIT_LAG_MS + 1);
    await countStats(world.app);
    const between = Math.floor(world.clock.now() / 1000);
    world.clock.advance(MINUTE);
    await mailed(people(3, "q"), "july");
    expect(await statistics(`?started_at__start=${between}`)).toMatchObject({ messages_sent: 0 });
    expect(await statistics(`?started_at__end=${between}`)).toMatchObject({ messages_sent: 4 });
  });

  it.each([
    "started_at__start=banana",
    "started_at__end=2026-02-31",
    "started_at__end=",
    "started_at__start=-5",
    "started_at__start=1488299101&started_at__end=1364833800",
  ])("refuse %s (A-120)", async (query) => {
    const path = `${list}/campaign_statistics?${query}`;
    expect(await client.refusal(400, "GET", path)).toMatch(/^invalid_request: started_at__/);
  });

  it("of an unknown list are not found (A-120)", async () => {
    const path = `/mailing_lists/${id + 1}/campaign_statistics`;
    expect(await client.refusal(404, "GET", path)).toMatch(/^not_found/);
  });
});

it.each([
  ["1364833800", 1_364_833_800_000],
  ["2013-04-01", Date.UTC(2013, 3, 1)],
  ["2013-04-01T16:30", Date.UTC(2013, 3, 1, 16, 30)],
  ["2013-04-01 16:30:00", Date.UTC(2013, 3, 1, 16, 30)],
  ["2013-04-01T16:30:00Z", Date.UTC(2013, 3, 1, 16, 30)],
  ["2013-04-01T22:00:00+05:30", Date.UTC(2013, 3, 1, 16, 30)],
  ["2013-04-01T22:00:00 05:30", Date.UTC(2013, 3, 1, 16, 30)],
  ["2013-04-01T11:30:00-0500", Date.UTC(2013, 3, 1, 16, 30)],
  ["2013-02-29", null],
  ["5 dogs", null],
])("%s is read as %s", (text, time) => {
  expect(parseTime(text)).toBe(time);
});
