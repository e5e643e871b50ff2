// POST /v1/send-email/batch: what is accepted, refused and replayed, and what a call costs.
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fromUtf8 } from "../../src/lib/bytes.ts";
import { isUuidv7 } from "../../src/lib/id.ts";
import { consume } from "../../src/queue/consume.ts";
import { purge } from "../../src/queue/purge.ts";
import { recordFacts } from "../../src/track/consume.ts";
import { bytesOf } from "../peers/client.ts";
import { acceptBatch, callBatch, entriesOf, inOrder, item } from "../support/batch.ts";
import { countOf, deliveries } from "../support/ledger.ts";
import { BROWSER, follow, tracking } from "../support/tracking.ts";
import { people, queueWorld, type QueueWorld } from "../support/queue-world.ts";
import { ask, givenKey } from "../support/world.ts";

const DAY = 24 * 3_600_000;

let world: QueueWorld;
beforeEach(async () => {
  world = await queueWorld({ keepContent: true });
});
afterEach(() => world.stop());

const suppress = (email: string, scope = "global") =>
  ask(world.app, "POST", "/v1/suppressions", { key: world.key, body: { email, scope } });
const statuses = async (answer: Response) =>
  (await entriesOf(answer)).map(({ status }) => status).join(" ");
const textOf = (content = "") => fromUtf8(bytesOf(content));
const lanesOf = async () => {
  const sql = "select recipient, lane, state from deliveries";
  type Row = { recipient: string; lane: string; state: string };
  return (await env.DB.prepare(sql).all<Row>()).results;
};
const run = async () => {
  await consume(world.app);
  await world.app.idle();
};

describe("a call", () => {
  it("of three messages is three messages, in one row, that arrive each with its own content", async () => {
    const ids = await acceptBatch(world, [
      item(["ann@example.com"], { subject: "One", text: "first" }),
      item(["bob@example.com", "cy@example.com"], { subject: "Two", text: "second" }),
      item(["ann@example.com"], { subject: "Three", text: "third" }),
    ]);
    expect(ids.every(isUuidv7)).toBe(true);
    expect(ids).toEqual([...new Set(ids)].toSorted());
    expect([await countOf("messages"), await countOf("contents")]).toEqual([1, 1]);
    await run();
    const { messages } = await world.peer.log();
    const seen = messages.map(({ to, content }) => [
      to[0],
      /^Subject: (.*)\r$/m.exec(textOf(content))?.[1],
      /(first|second|third)/.exec(textOf(content))?.[1],
    ]);
    expect(inOrder(seen)).toEqual([
      ["ann@example.com", "One", "first"],
      ["ann@example.com", "Three", "third"],
      ["bob@example.com", "Two", "second"],
      ["cy@example.com", "Two", "second"],
    ]);
  });

  it("whose 50 messages name one list looks it up once", async () => {
    const list = { name: "readers" };
    await ask(world.app, "POST", "/v1/lists", { key: world.key, body: list });
    await acceptBatch(world, [item(["first@example.com"])]);
    world.d1.reset();
    await acceptBatch(
      world,
      people(50).map((to) => item([to], { metadata: { listId: "readers" } })),
    );
    expect(world.d1.calls().length).toBeLessThanOrEqual(4);
    const sql = "select count(*) from messages, json_each(items) where list_id = 'readers'";
    expect(await env.DB.prepare(sql).first("count(*)")).toBe(50);
  });

  it("of 1,000 messages is accepted in two round trips, and all arrive", async () => {
    // The key, the plan and the sender are cached from now on.
    await acceptBatch(world, [item(["first@example.com"])]);
    world.woken.length = 0;
    world.d1.reset();
    const ids = await acceptBatch(
      world,
      people(1_000).map((to) => item([to])),
    );
    expect(world.d1.calls()).toHaveLength(2);
    expect(new Set(ids).size).toBe(1_000);
    expect(world.woken.map(({ lane }) => lane)).toEqual(["transactional"]);
    while ((await deliveries()).some(({ state }) => state === "queued")) await run();
    expect((await world.peer.log()).messages).toHaveLength(1_001);
  });

  it.each([
    ["no message", [], "messages: must be an array of 1 to 1000 messages"],
    ["1,001 messages", people(1_001).map((to) => item([to])), "messages: must be an array of"],
    ["something else", "x", "messages: must be an array of"],
  ])("of %s is refused", async (_what, messages, reason) => {
    const body = { messages };
    const answer = await ask(world.app, "POST", "/v1/send-email/batch", { key: world.key, body });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      error: { field: "messages", message: expect.stringContaining(reason) },
    });
  });

  it("of more than 20 MB is refused before it is read", async () => {
    const answer = await callBatch(world, [item(["a@example.com"], { text: "x".repeat(21e6) })]);
    expect(answer.status).toBe(413);
  });

  it("wakes both lanes once when its messages are of both classes", async () => {
    const marketing = { metadata: { mailClass: "marketing" } };
    await acceptBatch(world, [
      item(["a@example.com"]),
      item(["b@example.com"], marketing),
      item(["c@example.com"], marketing),
    ]);
    await world.app.idle();
    expect(world.woken.map(({ lane }) => lane).toSorted()).toEqual(["marketing", "transactional"]);
    const lanes = (await lanesOf()).map(({ recipient, lane }) => [recipient[0], lane]);
    expect(inOrder(lanes)).toEqual([
      ["a", "transactional"],
      ["b", "marketing"],
      ["c", "marketing"],
    ]);
  });

  it("keeps what is in R2 together, attachments too", async () => {
    const file = (name: string) => [{ filename: `${name}.csv`, content: btoa(`${name},1\n`) }];
    const ids = await acceptBatch(world, [
      item(["a@example.com"], { text: "a".repeat(40_000), attachments: file("one") }),
      item(["b@example.com"], { text: "b", attachments: file("two") }),
    ]);
    expect(await countOf("contents")).toBe(0);
    await run();
    const raw = async (id = "") =>
      (await ask(world.app, "GET", `/v1/messages/${id}/raw`, { key: world.key })).text();
    expect(await raw(ids[0])).toContain("one.csv");
    expect(await raw(ids[1])).toContain("two.csv");
    expect(await raw(ids[1])).not.toContain("one.csv");
    const { messages } = await world.peer.log();
    expect(
      inOrder(messages.map(({ content }) => /(one|two)\.csv/.exec(textOf(content))?.[1])),
    ).toEqual(["one", "two"]);
  });
});

describe("strict and permissive", () => {
  const bad = [
    item(["a@example.com"]),
    item(["b@example.com"], { subject: "" }),
    item(["c@example.com"], { from: "x@stranger.test" }),
    { email: 7 },
  ];

  it("strict, the default, accepts all or nothing, and says of each why", async () => {
    const answer = await callBatch(world, bad);
    expect(answer.status).toBe(400);
    expect(await entriesOf(answer)).toEqual([
      { index: 0, status: "skipped" },
      expect.objectContaining({
        index: 1,
        status: "refused",
        error: expect.objectContaining({
          code: "invalid_request",
          field: "messages[1].email.subject",
        }),
      }),
      expect.objectContaining({
        index: 2,
        error: expect.objectContaining({ code: "sender_not_allowed" }),
      }),
      expect.objectContaining({
        index: 3,
        error: expect.objectContaining({ field: expect.stringContaining("messages[3]") }),
      }),
    ]);
    expect([await countOf("messages"), await countOf("deliveries")]).toEqual([0, 0]);
  });

  it("permissive accepts what may be sent", async () => {
    const answer = await callBatch(world, bad.toReversed(), { validation: "permissive" });
    expect(answer.status).toBe(207);
    const entries = await entriesOf(answer);
    expect(entries.map(({ status }) => status)).toEqual([
      "refused",
      "refused",
      "refused",
      "accepted",
    ]);
    await run();
    expect((await world.peer.log()).messages.map(({ to }) => to[0])).toEqual(["a@example.com"]);
    const shown = await ask(world.app, "GET", `/v1/messages/${entries[3]?.message_id}`, {
      key: world.key,
    });
    expect(shown.status).toBe(200);
  });

  it("a message all of whose recipients are suppressed is refused, by either rule", async () => {
    await suppress("no@example.com");
    const messages = [item(["a@example.com"]), item(["no@example.com"])];
    const strict = await callBatch(world, messages);
    expect([strict.status, await statuses(strict)]).toEqual([400, "skipped refused"]);
    const permissive = await callBatch(world, messages, { validation: "permissive" });
    expect([permissive.status, await statuses(permissive)]).toEqual([207, "accepted refused"]);
    expect((await deliveries()).map(({ recipient }) => recipient)).toEqual(["a@example.com"]);
  });

  it("a suppressed recipient beside others is a suppressed delivery, by the scope of its class", async () => {
    await suppress("no@example.com", "unsubscribe");
    const to = ["no@example.com", "a@example.com"];
    const marketing = { metadata: { mailClass: "marketing" } };
    const answer = await callBatch(world, [item(to), item(to, marketing)]);
    expect(answer.status).toBe(200);
    const states = (await lanesOf()).map(({ recipient, lane, state }) => [
      recipient[0],
      lane,
      state,
    ]);
    expect(inOrder(states)).toEqual([
      ["a", "marketing", "queued"],
      ["a", "transactional", "queued"],
      ["n", "marketing", "suppressed"],
      ["n", "transactional", "queued"],
    ]);
  });
});

describe("an Idempotency-Key", () => {
  const messages = [item(["a@example.com"]), item(["b@example.com"])];
  const about = { idempotencyKey: "call-1" };

  it("stands for the call: the same answer again, and nothing is sent twice", async () => {
    const first = await entriesOf(await callBatch(world, messages, about));
    const again = await callBatch(world, messages, about);
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    expect(await entriesOf(again)).toEqual(first);
    expect(await countOf("deliveries")).toBe(2);
  });

  it("tells in a replay which were accepted, whatever was refused between them", async () => {
    const mixed = [item(["a@example.com"]), { email: 7 }, item(["b@example.com"])];
    const permissive = { ...about, validation: "permissive" };
    const first = await entriesOf(await callBatch(world, mixed, permissive));
    expect(first.map(({ status }) => status)).toEqual(["accepted", "refused", "accepted"]);
    expect(await entriesOf(await callBatch(world, mixed, permissive))).toEqual(first);
  });

  it("with another body is refused, and by a refused call it is not used", async () => {
    expect((await callBatch(world, [{ email: 7 }], about)).status).toBe(400);
    expect((await callBatch(world, messages, about)).status).toBe(200);
    const other = await callBatch(world, messages.slice(1), about);
    expect(other.status).toBe(422);
    expect(await other.json()).toMatchObject({ error: { code: "idempotency_key_reused" } });
  });

  it("makes one of 20 calls at the same time", async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => callBatch(world, messages, about)),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const ids = await Promise.all(
      answers.map(async (answer) => JSON.stringify(await entriesOf(answer))),
    );
    expect(new Set(ids).size).toBe(1);
    expect([await countOf("messages"), await countOf("deliveries")]).toEqual([1, 2]);
  });
});

describe("when D1 fails", () => {
  const messages = people(5).map((to) => item([to]));
  const about = { idempotencyKey: "call-1" };

  it.each(["before", "after"] as const)(
    "%s a commit nothing is there in halves, and the repeated call finishes it",
    async (mode) => {
      for (let n = 1; n <= 4; n++) {
        world.d1.reset();
        world.d1.plan({ on: (call) => call.n === n, mode, times: 3 });
        const answer = await callBatch(world, messages, about);
        world.d1.plan(null);
        expect([200, 503]).toContain(answer.status);
        expect([0, 5]).toContain(await countOf("deliveries"));
        const repeated = await callBatch(world, messages, about);
        expect(repeated.status).toBe(200);
        expect([await countOf("messages"), await countOf("deliveries")]).toEqual([1, 5]);
      }
    },
  );
});

describe("limits", () => {
  it("count the recipients of the whole call, all or none", async () => {
    const { secret } = await givenKey({ limits: { perSecond: 1, burst: 3, daily: null } });
    const as = { app: world.app, key: secret };
    const four = people(4).map((to) => item([to]));
    const large = await callBatch(as, four);
    expect(large.status).toBe(413);
    expect(await large.json()).toMatchObject({ error: { message: expect.stringContaining("3") } });
    expect((await callBatch(as, four.slice(1))).status).toBe(200);
    const next = await callBatch(as, four.slice(2));
    expect(next.status).toBe(429);
    expect(next.headers.get("RateLimit")).not.toBeNull();
    expect(await countOf("deliveries")).toBe(3);
  });

  it("charge credits for all that is accepted, or accept nothing", async () => {
    const grant = (amount: number) =>
      ask(world.app, "POST", "/v1/account/credits", { key: world.key, body: { amount } });
    await grant(3);
    await suppress("p0@example.com");
    const five = people(5).map((to) => item([to, "p0@example.com"]));
    expect((await callBatch(world, five.slice(1))).status).toBe(402);
    expect(await countOf("messages")).toBe(0);
    expect((await callBatch(world, five.slice(2))).status).toBe(200);
    const { data } = await (
      await ask(world.app, "GET", "/v1/account/credits", { key: world.key })
    ).json<{ data: { balance: number } }>();
    expect(data.balance).toBe(0);
  });
});

describe("one message of a call", () => {
  const list = async (query: string) => {
    const answer = await ask(world.app, "GET", `/v1/messages?${query}`, { key: world.key });
    return answer.json<{ data: { id: string; subject: string }[]; next_cursor: string | null }>();
  };

  it("is shown, listed and filtered like any other, in pages", async () => {
    const single = await world.send(["z@example.com"], { subject: "Single" });
    world.clock.advance(10);
    const ids = await acceptBatch(
      world,
      people(7).map((to, n) => ({
        ...item([to], { subject: `S${n}` }),
        "x-kasplo-click-tracking-id": n === 3 ? "special" : undefined,
      })),
    );
    const newestFirst = [...ids].toReversed().concat(single);
    const seen: string[] = [];
    for (let cursor: string | null = ""; cursor !== null;) {
      const page = await list(`limit=3${cursor === "" ? "" : `&cursor=${cursor}`}`);
      seen.push(...page.data.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    expect(seen).toEqual(newestFirst);
    expect((await list("tag=special")).data.map(({ subject }) => subject)).toEqual(["S3"]);
    expect((await list("recipient=p5@example.com")).data.map(({ id }) => id)).toEqual([ids[5]]);
    const one = await ask(world.app, "GET", `/v1/messages/${ids[2]}`, { key: world.key });
    expect(await one.json()).toMatchObject({
      data: { id: ids[2], subject: "S2", deliveries: [{ email: "p2@example.com" }] },
    });
    for (const end of ["007", "00a", "1ab", "abc"]) {
      const none = `${ids[0]?.slice(0, -3)}${end}`;
      const missing = await ask(world.app, "GET", `/v1/messages/${none}`, { key: world.key });
      expect([end, missing.status]).toEqual([end, 404]);
    }
  });

  it("is cancelled and rescheduled alone", async () => {
    const later = new Date(world.clock.now() + 3_600_000).toISOString();
    const ids = await acceptBatch(
      world,
      people(3).map((to) => item([to], { sendAt: later })),
    );
    const act = async (id = "", verb: string, body?: object) => {
      const path = `/v1/messages/${id}/${verb}`;
      const answer = await ask(world.app, "POST", path, { key: world.key, body });
      return (await answer.json<{ data: { result: string } }>()).data.result;
    };
    expect(await act(ids[0], "cancel")).toBe("cancelled");
    const sendAt = new Date(world.clock.now() + 60_000).toISOString();
    expect(await act(ids[1], "reschedule", { sendAt })).toBe("rescheduled");
    world.clock.advance(120_000);
    await run();
    expect((await world.peer.log()).messages.map(({ to }) => to[0])).toEqual(["p1@example.com"]);
    world.clock.advance(3_600_000);
    await run();
    const states = (await deliveries()).map(({ recipient, state }) => [
      recipient.slice(0, 2),
      state,
    ]);
    expect(inOrder(states)).toEqual([
      ["p0", "cancelled"],
      ["p1", "delivered"],
      ["p2", "delivered"],
    ]);
  });

  it("is resent alone, with its own content", async () => {
    const ids = await acceptBatch(
      world,
      people(3).map((to, n) => item([to], { text: `text-${n}` })),
    );
    await run();
    const path = `/v1/messages/${ids[1]}/resend`;
    expect((await ask(world.app, "POST", path, { key: world.key })).status).toBe(201);
    await run();
    const { messages } = await world.peer.log();
    expect(messages.at(-1)?.to).toEqual(["p1@example.com"]);
    expect(textOf(messages.at(-1)?.content)).toContain("text-1");
  });
});

describe("the bill", () => {
  const messages = people(100).map((to) => item([to]));

  it("is at most 6 rows an email for a call of 100, purge included, and half a queue operation", async () => {
    world.d1.reset();
    await acceptBatch(world, messages);
    await run();
    expect((await deliveries()).every(({ state }) => state === "delivered")).toBe(true);
    expect(await env.DB.prepare("select recipient_count as n from messages").first("n")).toBe(100);
    // Each wake-up is three operations: written, read, deleted.
    expect((3 * world.woken.length) / 100).toBeLessThanOrEqual(0.5);
    world.clock.advance(62 * DAY);
    await purge(world.app);
    expect([await countOf("deliveries"), await countOf("messages")]).toEqual([0, 0]);
    expect(world.d1.rowsWritten() / 100).toBeLessThanOrEqual(6);
  });

  it("is at most 8 rows for a tracked one: open and click of each, webhook, purge", async () => {
    await world.stop();
    const queue = tracking();
    world = await queueWorld({ keepContent: false }, queue);
    const html = '<a href="https://x/">x</a>';
    world.d1.reset();
    const ids = await acceptBatch(
      world,
      people(100).map((to) => item([to], { html })),
    );
    await run();
    world.clock.advance(60_000);
    for (const kind of ["open", "click"] as const) {
      const rest = kind === "click" ? { kind, index: 0, url: "https://x/" } : { kind };
      for (const messageId of ids) {
        const url = (await queue.links?.urlOf({ ...rest, messageId, position: 0 })) ?? "";
        await follow(world.app, url, { headers: { "User-Agent": BROWSER } });
      }
      await world.app.idle();
      const facts = queue.facts.splice(0);
      for (let n = 0; n < facts.length; n += 100) {
        await recordFacts(world.app, facts.slice(n, n + 100));
      }
    }
    world.clock.advance(62 * DAY);
    await purge(world.app);
    expect(await countOf("deliveries")).toBe(0);
    expect(world.d1.rowsWritten() / 100).toBeLessThanOrEqual(8);
  });
});
