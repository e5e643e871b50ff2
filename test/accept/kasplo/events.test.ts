// GET /v1/events (decision 19): the event log in the words of the webhooks, by page, in both orders.
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uuidv7 } from "../../../src/lib/id.ts";
import type { DeliveryEvent } from "../../../src/model/event.ts";
import { kasploBody } from "../../../src/notify/payload/kasplo.ts";
import { consume } from "../../../src/queue/consume.ts";
import { emptyLedger, events } from "../../support/ledger.ts";
import { startSmtpPeer } from "../../peers/client.ts";
import {
  appWithRelay,
  ask,
  email,
  givenDomain,
  givenKey,
  ownClock,
  type TestApp,
} from "../../support/world.ts";
import { expectError, pageOf, pages } from "./native.ts";

const START = Date.UTC(2026, 10, 21, 10);
const MINUTE = 60_000;

let key = "";
let app: TestApp;
let stop = () => Promise.resolve();
/** Every event of the log, oldest first. */
let log: readonly DeliveryEvent[] = [];

/** Three sends a minute apart: some recipients accepted, some bad, some asked to come later. */
beforeAll(async () => {
  await emptyLedger();
  await givenDomain("edgepost.test");
  key = (await givenKey()).secret;
  const bad = { at: "rcpt", match: "bad", do: { reply: "550 5.1.1 No such user" } } as const;
  const full = { at: "rcpt", match: "full", do: { reply: "452 4.2.2 Mailbox full" } } as const;
  const peer = await startSmtpPeer({ rules: [bad, full] });
  stop = peer.stop;
  const clock = ownClock(START);
  app = appWithRelay(peer, { now: clock.now, newId: () => uuidv7(clock.now()), log() {} });
  for (const round of ["x", "y", "z"]) {
    const to = ["ok", "bad", "full", "fine", "bad2"].map((name) => `${name}${round}@example.com`);
    const body = { ...email({}, [...to, "Same@Example.com"]), tags: `tag-${round}` };
    await ask(app, "POST", "/v1/send-email", { key, body });
    await consume(app);
    await app.idle();
    clock.advance(MINUTE);
  }
  log = await events();
  expect(log.length).toBe(3 * (6 + 4));
});
afterAll(() => stop());

type Item = Readonly<Record<string, unknown>> & { readonly id: string };

const ids = (list: readonly { readonly id: string }[]) => list.map(({ id }) => id);

describe("GET /v1/events", () => {
  it("tells each event as its webhook does, with its id and whether a machine made it", async () => {
    const { data } = await pageOf<Item>(app, key, "/v1/events?limit=100&order=asc");
    expect(data).toEqual(
      log.map((event) => ({ id: event.id, ...kasploBody(event), machine: false })),
    );
    const bodies = data.map(({ id: _id, machine: _machine, ...body }) => Object.values(body));
    expect(new Set(bodies.flat().map((value) => typeof value))).toEqual(new Set(["string"]));
  });

  it("is newest first unless asked otherwise", async () => {
    const { data } = await pageOf<Item>(app, key, "/v1/events?limit=100");
    expect(ids(data)).toEqual(ids(log.toReversed()));
  });

  const FILTERS: readonly (readonly [string, (event: DeliveryEvent) => boolean])[] = [
    ["", () => true],
    ["event=bounce_bad_address", ({ name }) => name === "bounce_bad_address"],
    ["recipient=SAME@example.com", ({ email: address }) => address === "Same@example.com"],
    ["recipient=nobody@example.com", () => false],
    ["domain=EXAMPLE.com", () => true],
    ["domain=example.org", () => false],
    ["domain=ample.com", () => false],
    ["status=failure", (event) => "status" in event && event.status === "failure"],
    ["state=delivered", (event) => "status" in event && event.status === "success"],
    ["state=deferred", (event) => "status" in event && event.status === "deferral"],
    [
      "state=bounced",
      (event) => event.name === "bounce_all" || ("status" in event && event.status === "failure"),
    ],
    ["state=bounced&event=bounce_all", ({ name }) => name === "bounce_all"],
    ["state=bounced&status=failure", (event) => "status" in event && event.status === "failure"],
    ["state=delivered&status=failure", () => false],
    ["state=expired", () => false],
    ["mail_class=transactional", () => true],
    ["mail_class=marketing", () => false],
    [
      "event=bounce_all,bounce_bad_address&domain=example.com",
      ({ name }) => name.startsWith("bounce_"),
    ],
    ["tag=tag-y", ({ tags }) => tags === "tag-y"],
    [`from=${START + MINUTE}`, ({ at }) => at >= START + MINUTE],
    [`to=${START + MINUTE}`, ({ at }) => at <= START + MINUTE],
    [
      `from=${new Date(START + MINUTE).toISOString()}&to=${START + 2 * MINUTE - 1}`,
      ({ at }) => at === START + MINUTE,
    ],
    [
      "event=delivery_attempt&tag=tag-z",
      ({ name, tags }) => name === "delivery_attempt" && tags === "tag-z",
    ],
  ];
  const cases = FILTERS.flatMap(([filter, wanted]) =>
    (["asc", "desc"] as const).flatMap((order) =>
      [1, 3, 7, 100].map((limit) => ({ filter, wanted, order, limit })),
    ),
  );

  it.each(cases)(
    "pages without gaps or repeats: ?$filter $order by $limit",
    async ({ filter, wanted, order, limit }) => {
      const expected = ids(log.filter(wanted));
      const path = `/v1/events?order=${order}&limit=${limit}&${filter}`;
      const found = await pages<Item>(app, key, path);
      expect(ids(found.flat())).toEqual(order === "asc" ? expected : expected.toReversed());
      expect(Math.max(...found.map((page) => page.length))).toBeLessThanOrEqual(limit);
    },
  );

  it("finds the events of one message", async () => {
    const messageId = log[0]?.messageId ?? "";
    const { data } = await pageOf<Item>(app, key, `/v1/events?message_id=${messageId}&order=asc`);
    expect(ids(data)).toEqual(ids(log.filter((event) => event.messageId === messageId)));
    expect((await pageOf(app, key, "/v1/events?message_id=x")).data).toEqual([]);
  });

  it("gives 25 unless asked otherwise", async () => {
    expect((await pageOf(app, key, "/v1/events")).data.length).toBe(25);
  });

  it.each([
    ["limit", "limit=0"],
    ["limit", "limit=101"],
    ["limit", "limit=x"],
    ["order", "order=up"],
    ["event", "event=opened"],
    ["state", "state=queued"],
    ["state", "state=held"],
    ["state", "state=failed"],
    ["from", "from=x"],
    ["to", "to=-1"],
    ["cursor", "cursor=x"],
    ["cursor", "cursor=1"],
    ["cursor", "cursor=-1.0"],
    ["cursor", "cursor=12345678901234567.0"],
    ["cursor", "cursor="],
    ["tag", "tag=a&tag=b"],
  ])("refuses %s in ?%s", async (field, query) => {
    const answer = await ask(app, "GET", `/v1/events?${query}`, { key });
    await expectError(answer, { status: 400, code: "invalid_request", field });
  });

  it("says which states may be asked for", async () => {
    const answer = await ask(app, "GET", "/v1/events?state=suppressed", { key });
    expect(await answer.text()).toContain(
      "must be one of deferred, delivered, bounced, expired; no event tells of another state",
    );
  });

  it.each(["cursor=0.0", "cursor=9999999999999999.999999&order=asc"])(
    "is empty beyond its ends: ?%s",
    async (query) => {
      const page = await pageOf(app, key, `/v1/events?${query}`);
      expect(page).toEqual({ data: [], next_cursor: null });
    },
  );
});

describe("a cursor of GET /v1/events", () => {
  it("goes on from the oldest when more was logged since (order=asc)", async () => {
    const before = await pageOf<Item>(app, key, "/v1/events?order=asc&limit=29");
    await ask(app, "POST", "/v1/send-email", { key, body: email({}, ["late@example.com"]) });
    await consume(app);
    await app.idle();
    const path = `/v1/events?order=asc&limit=100&cursor=${before.next_cursor}`;
    const rest = await pageOf<Item>(app, key, path);
    const all = await events();
    expect(ids([...before.data, ...rest.data])).toEqual(ids(all));
  });

  it("goes on from where a page ended although newer events came (order=desc)", async () => {
    const before = await pageOf<Item>(app, key, "/v1/events?limit=13");
    await ask(app, "POST", "/v1/send-email", { key, body: email({}, ["later@example.com"]) });
    const all = (await events()).toReversed();
    await consume(app);
    await app.idle();
    const path = `/v1/events?limit=100&cursor=${before.next_cursor}`;
    const rest = await pageOf<Item>(app, key, path);
    expect(ids([...before.data, ...rest.data])).toEqual(ids(all));
  });
});

describe("a filter that matches little", () => {
  it("ends a page before it has read the whole log, and goes on from there", async () => {
    await env.DB.prepare(
      `insert into event_log (position, events)
       with recursive n(i) as (select 1 union all select i + 1 from n where i < 1100)
       select (select max(position) from event_log) + i,
         (select events from event_log order by position limit 1) from n`,
    ).run();
    const { data } = await pageOf<Item>(app, key, "/v1/events?tag=tag-z&limit=1");
    expect(data).toEqual([]);
    const found = await pages<Item>(app, key, "/v1/events?tag=tag-z&limit=100");
    const wanted = log.filter(({ tags }) => tags === "tag-z").toReversed();
    expect([found.length, ids(found.flat())]).toEqual([2, ids(wanted)]);
  });
});
