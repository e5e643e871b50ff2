// Erasing an address (I12, promise (f)): what is left of it, of others' mail, and of what waits.
import PostalMime from "postal-mime";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { workOnExports } from "../../src/export/work.ts";
import { md5Hex } from "../../src/lib/digest.ts";
import { receiveReports } from "../../src/inbound/receive.ts";
import { consume } from "../../src/queue/consume.ts";
import { workOnErasures } from "../../src/queue/erase.ts";
import { countStats } from "../../src/record/stats.ts";
import { purge } from "../../src/queue/purge.ts";
import { sweep } from "../../src/queue/sweep.ts";
import { claimDue } from "../../src/store/delivery-claim.ts";
import { recordFacts } from "../../src/track/consume.ts";
import { bytesOf } from "../peers/client.ts";
import type { SmtpScript } from "../peers/script.ts";
import {
  CANARY,
  givenCanary,
  personalColumns,
  QUOTING,
  whereCanaryStands,
  WRITTEN,
} from "../support/canary.ts";
import { countOf, deliveries, drain, events, states } from "../support/ledger.ts";
import { copyOfTables } from "../support/copy.ts";
import { DAY, emptyBlobs } from "../support/past.ts";
import {
  HOUR,
  MINUTE,
  people,
  queueWorld,
  type QueueWorld,
  SECOND,
} from "../support/queue-world.ts";
import { follow, tracking } from "../support/tracking.ts";
import { ask } from "../support/world.ts";

let world: QueueWorld;
let queue: ReturnType<typeof tracking>;

beforeEach(emptyBlobs);
afterEach(() => world.stop());

async function given(script: SmtpScript = {}): Promise<QueueWorld> {
  queue = tracking();
  world = await queueWorld(script, { ...queue, wakeTail: () => Promise.resolve() });
  return world;
}

async function native<T>(method: string, path: string, body?: unknown, status = 200): Promise<T> {
  const asked = { key: world.key, ...(body === undefined ? {} : { body }) };
  const answer = await ask(world.app, method, path, asked);
  expect([path, answer.status]).toEqual([path, status]);
  const { data } = await answer.json<{ data: T }>();
  return data;
}

const at = (address: string) => `/v1/recipients/${encodeURIComponent(address)}`;

/** Asks for an erasure, and lets the background begin. */
async function erase(address = WRITTEN): Promise<void> {
  await native("DELETE", at(address), undefined, 202);
  await workOnErasures(world.app);
}

async function stateOf(address = CANARY): Promise<string> {
  const { state } = await native<{ state: string }>("GET", `${at(address)}/erasure`);
  return state;
}

/** Lets the time pass that an erasure waits for what is under way, and does the rest of it. */
async function finish(): Promise<void> {
  world.clock.advance(MINUTE);
  await sweep(world.app);
  await workOnErasures(world.app);
}

/** The deliveries of a message as people see them. */
async function shown(id: string): Promise<readonly Record<string, unknown>[]> {
  const message = await native<{ deliveries: Record<string, unknown>[] }>(
    "GET",
    `/v1/messages/${id}`,
  );
  return message.deliveries;
}

const toBoth = (change: Record<string, unknown> = {}) =>
  world.send([], {
    recipients: { to: [{ email: "bob@example.com" }], cc: [{ email: WRITTEN }] },
    ...change,
  });

describe("an erasure", () => {
  it("leaves no byte of the address, in no spelling, in no place", async () => {
    await given(QUOTING);
    await givenCanary(world, queue);
    const places = await whereCanaryStands();
    // Every column in which it stood is marked in schema.sql, and it stood in every one that is.
    expect(places.filter((place) => /^\w+\.\w+$/.test(place))).toEqual(
      personalColumns().toSorted(),
    );
    expect(places.filter((place) => place.startsWith("r2 ")).length).toBe(3);
    await erase();
    expect([await stateOf(), await countOf("deliveries")]).toEqual(["running", 5]);
    await finish();
    expect(await whereCanaryStands()).toEqual([]);
    expect(await stateOf()).toBe("done");
    expect(world.logged).not.toContain("erase_failed");
  });

  it("leaves others' mail whole: their deliveries, events, texts and files", async () => {
    const { app, key } = await given();
    const { shared, alone, large, mime, other } = await givenCanary(world, queue);
    await erase();
    await finish();
    expect(await shown(shared)).toMatchObject([
      { email: "bob@example.com", state: "delivered", attempts: [{ result: "success" }] },
      {
        click_tracking_id: `${shared}:1`,
        email: null,
        erased: true,
        state: "delivered",
        attempts: [],
      },
    ]);
    expect((await events()).filter(({ messageId }) => messageId === shared)).toMatchObject([
      { position: 0, email: "bob@example.com", name: "delivery_attempt" },
    ]);
    const raw = await ask(app, "GET", `/v1/messages/${shared}/raw?index=0`, { key });
    const mail = await PostalMime.parse(await raw.arrayBuffer());
    expect([mail.to, mail.cc, mail.subject]).toMatchObject([
      [{ address: "bob@example.com", name: "Bob" }],
      undefined,
      "To both, [erased]",
    ]);
    expect([mail.text?.trim(), mail.attachments[0]?.filename]).toEqual([
      "hello [erased]",
      "[erased].csv",
    ]);
    const csv = new TextDecoder().decode(bytesOfAttachment(mail.attachments[0]?.content));
    expect(csv).toBe("a,b\nxxxxxx.xxxx@xxxxxxx.xxx,x\n");
    const made = await ask(app, "GET", `/v1/messages/${mime}/raw?index=0`, { key });
    const read = await PostalMime.parse(await made.arrayBuffer());
    const form = "xxxxxx.xxxx@xxxxxxx.xxx";
    expect([
      read.to?.map(({ address }) => address),
      read.text?.trim(),
      read.html?.split("<")[0],
    ]).toEqual([
      [form, "bob@example.com"],
      "to xxxxxx.xxxxxxxxxxxxxx.xxx",
      `${"much ".repeat(60)}${form}`,
    ]);
    const about = await native<{ subject: string }>("GET", `/v1/messages/${other}`);
    expect(about.subject).toBe("About [erased]");

    // Nobody is left who was sent these: their contents are gone, what is counted is not.
    for (const id of [alone, large]) {
      const gone = await ask(app, "GET", `/v1/messages/${id}/raw`, { key });
      expect([gone.status, (await shown(id)).length]).toEqual([404, 1]);
    }
    const listed = await ask(app, "GET", "/v1/messages?limit=100", { key });
    const { data } = await listed.json<{ data: { id: string; states: unknown }[] }>();
    expect(data.find(({ id }) => id === shared)?.states).toEqual({ delivered: 1, erased: 1 });
    const again = await native<{ id: string }>(
      "POST",
      `/v1/messages/${shared}/resend`,
      undefined,
      201,
    );
    expect((await shown(again.id)).map(({ email }) => email)).toEqual(["bob@example.com"]);
    const erased = await ask(app, "GET", `/v1/messages/${shared}/raw?index=1`, { key });
    expect(erased.status).toBe(404);
  });

  it("never touches an address that another one ends or begins with", async () => {
    const near = [
      "jo.canary.bird@example.com",
      "canary.bird@example.com.au",
      "xcanary.bird@example.com",
    ];
    await given();
    const id = await world.send(near, { text: `Hello ${near.join(" ")}` });
    await consume(world.app);
    await erase();
    await finish();
    expect((await shown(id)).map(({ email }) => email)).toEqual(near);
    const raw = await ask(world.app, "GET", `/v1/messages/${id}/raw`, { key: world.key });
    const { text } = await PostalMime.parse(await raw.arrayBuffer());
    expect(text?.trim()).toBe(`Hello ${near.join(" ")}`);
  });

  it("of one does not keep another's from its end: many at once, in few steps", async () => {
    await given({ keepContent: false });
    const all = people(25, "many");
    await world.send(all);
    await consume(world.app);
    for (const address of all) await native("DELETE", at(address), undefined, 202);
    await workOnErasures(world.app);
    for (let run = 0; run < 3; run++) await finish();
    expect(await Promise.all(all.map(stateOf))).toEqual(all.map(() => "done"));
    const row = await env.DB.prepare("select recipients from messages").first<{
      recipients: string;
    }>();
    expect(row?.recipients).not.toContain("many");
  });
});

function bytesOfAttachment(content: ArrayBuffer | Uint8Array | string | undefined): Uint8Array {
  if (content === undefined) throw new Error("there is no attachment");
  return typeof content === "string" ? new TextEncoder().encode(content) : new Uint8Array(content);
}

it("exports that may hold the address are failed, and their files are gone", async () => {
  await given();
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

describe("mail that waits", () => {
  it("is cancelled, visibly; others get theirs, in which the address does not stand", async () => {
    const { peer } = await given();
    const id = await toBoth({ text: `for bob and ${WRITTEN}` });
    await erase();
    expect(await shown(id)).toMatchObject([
      { email: "bob@example.com", state: "queued" },
      { erased: true, state: "cancelled" },
    ]);
    await drain(world.app, world.clock);
    const { messages } = await peer.log();
    expect(messages.map(({ to }) => to)).toEqual([["bob@example.com"]]);
    const mail = await PostalMime.parse(bytesOf(messages[0]?.content ?? ""));
    expect([mail.cc, mail.text?.trim()]).toEqual([undefined, "for bob and [erased]"]);
  });

  it("and was charged is refunded, unless it was tried", async () => {
    await given({ rules: [{ at: "rcpt", match: "once", do: { reply: "451 4.7.1 later" } }] });
    await native("POST", "/v1/account/credits", { amount: 10 }, 201);
    await world.send(["once@example.com"]);
    await consume(world.app);
    await world.app.idle();
    await toBoth();
    const balance = async () =>
      (await native<{ balance: number }>("GET", "/v1/account/credits")).balance;
    expect(await balance()).toBe(7);
    for (const address of [WRITTEN, "once@example.com"]) await erase(address);
    expect(await balance()).toBe(8);
  });

  it("is cancelled while it waits for another try", async () => {
    const { peer } = await given({ rules: [{ at: "rcpt", do: { reply: "451 4.7.1 later" } }] });
    const id = await world.send([WRITTEN]);
    await consume(world.app);
    await world.app.idle();
    expect(await states()).toEqual({ deferred: 1 });
    await erase();
    expect(await shown(id)).toMatchObject([{ erased: true, state: "cancelled" }]);
    world.clock.advance(HOUR);
    await sweep(world.app);
    await consume(world.app);
    expect((await peer.log()).messages).toEqual([]);
  });

  it.each([
    ["is delivered", "250 2.0.0 Ok", "delivered"],
    ["is deferred: it is not tried again", "451 4.3.0 later", "cancelled"],
  ])("and is being handed over is let finish; when it %s", async (_how, reply, state) => {
    const { peer } = await given({ rules: [{ at: "dot", do: { reply, delay: 400 } }] });
    const id = await world.send([WRITTEN]);
    const sending = consume(world.app);
    while ((await states())["sending"] !== 1) await new Promise((go) => setTimeout(go, 10));
    await erase();
    // It is under lease: what is known of it stays until the relay has answered.
    expect([await states(), await stateOf()]).toEqual([{ sending: 1 }, "running"]);
    await sending;
    await workOnErasures(world.app);
    expect(await shown(id)).toMatchObject([{ erased: true, state }]);
    await finish();
    expect([await whereCanaryStands(), await stateOf()]).toEqual([[], "done"]);
    expect((await peer.log()).messages.length).toBe(1);
  });

  it("and was claimed by a process that died goes when its lease has ended", async () => {
    await given();
    const id = await world.send([WRITTEN]);
    const now = world.clock.now();
    const leaseUntil = now + 30 * SECOND;
    const lease = { lane: "transactional", now, leaseId: "dead", leaseUntil } as const;
    await claimDue(env.DB, { ...lease, limit: 10, alone: false });
    await erase();
    expect(await states()).toEqual({ sending: 1 });
    world.clock.advance(30 * SECOND);
    await workOnErasures(world.app);
    expect(await shown(id)).toMatchObject([{ erased: true, state: "cancelled" }]);
  });
});

describe("after an erasure", () => {
  it("opens, clicks and reports of the old mail change nothing", async () => {
    await given();
    const id = await world.send([WRITTEN]);
    await consume(world.app);
    await erase();
    const url = (await queue.links?.urlOf({ kind: "open", messageId: id, position: 0 })) ?? "";
    expect((await follow(world.app, url)).status).toBe(200);
    await world.app.idle();
    await recordFacts(world.app, queue.facts);
    const said = { kind: "bounce", code: 10, reply: `550 no ${WRITTEN}`, host: "mx" } as const;
    const place = { by: "place", messageId: id, position: 0 } as const;
    expect(await receiveReports(world.app, [{ place, at: world.clock.now(), said }])).toEqual([
      "not_found",
    ]);
    await finish();
    expect([await events(), await whereCanaryStands()]).toEqual([[], []]);
  });

  it("the unsubscribe link of the old mail still works, without a byte of the address", async () => {
    await given();
    const id = await world.send([WRITTEN]);
    await consume(world.app);
    await erase();
    await finish();
    const link = {
      kind: "unsubscribe",
      messageId: id,
      position: 0,
      address: WRITTEN,
      url: null,
    } as const;
    const one = { method: "POST", body: new URLSearchParams({ "List-Unsubscribe": "One-Click" }) };
    const url = (await queue.links?.urlOf(link)) ?? "";
    for (let n = 0; n < 2; n++) expect((await follow(world.app, url, one)).status).toBe(200);
    expect([await events(), await whereCanaryStands()]).toEqual([[], []]);
    const found = await native("GET", `/v1/suppressions/${WRITTEN}`);
    const md5 = await md5Hex(CANARY);
    expect(found).toMatchObject({ entry: `md5:${md5}`, scope: "unsubscribe" });
  });

  it("suppressions go on as MD5 entries, with their story", async () => {
    await given();
    const add = (scope: string, reason: string) =>
      native("POST", "/v1/suppressions", { email: WRITTEN, scope, reason }, 201);
    await add("complaint", `complained, says ${WRITTEN}`);
    await add("global", "once");
    const path = `/v1/suppressions/${WRITTEN}`;
    await native("DELETE", path, { scope: "global", reason: `asked by ${WRITTEN}` });
    await erase();
    await finish();
    const md5 = await md5Hex(CANARY);
    expect(await native("GET", path)).toMatchObject({
      entry: `md5:${md5}`,
      scope: "complaint",
      reason: "complained, says [erased]",
    });
    const changes = await native<{ reason: string }[]>("GET", `/v1/suppressions/${md5}/changes`);
    expect(changes.map(({ reason }) => reason)).toEqual(["once", "asked by [erased]"]);
    await expect(world.send([WRITTEN])).rejects.toThrow("1010");
    expect(await whereCanaryStands()).toEqual([]);
  });

  it("new mail is accepted and delivered, and no earlier erasure touches it", async () => {
    const { peer } = await given();
    await world.send([WRITTEN]);
    await erase();
    world.clock.advance(1);
    const id = await world.send([WRITTEN], { subject: WRITTEN });
    await finish();
    await drain(world.app, world.clock);
    expect(await stateOf()).toBe("done");
    expect(await shown(id)).toMatchObject([
      { email: "Canary.Bird@example.com", state: "delivered" },
    ]);
    expect((await peer.log()).messages.length).toBe(1);
    // Until it is asked for again.
    await erase();
    expect([await stateOf(), await shown(id)]).toMatchObject(["running", [{ erased: true }]]);
    await finish();
    expect([await stateOf(), await whereCanaryStands()]).toEqual(["done", []]);
  });

  it("that was asked for twice, one goes on, and takes what came in between", async () => {
    await given();
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

describe("a database that was restored to before an erasure", () => {
  it("is erased again within ten minutes, by the hashes in R2 (F27)", async () => {
    await given(QUOTING);
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
      ...Array(5).fill("bob@example.com"),
      CANARY,
      ...people(3, "stays"),
    ]);
    await erase();
    await finish();
    expect(await whereCanaryStands()).toEqual([]);
  });

  it("knows nothing of some: those are done when all was looked through", async () => {
    await given();
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
  await given();
  await toBoth();
  await world.send([WRITTEN]);
  await drain(world.app, world.clock);
  await erase();
  await finish();
  world.clock.advance(60 * DAY + MINUTE);
  await purge(world.app);
  expect([await countOf("messages"), await countOf("deliveries")]).toEqual([0, 0]);
});

it("costs few rows: 3 for a delivery of its own, some for the rest", async () => {
  const { d1 } = await given({ keepContent: false });
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
