// What ends a place on a list: an unsubscribe, a complaint, an address that is none; of the list that the mail
// named, and never back to less.
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { receiveReports } from "../../src/inbound/receive.ts";
import {
  MEMBERSHIP_RANK,
  MEMBERSHIP_STATUSES,
  type MembershipStatus,
} from "../../src/model/contact.ts";
import { type DeliveryEvent } from "../../src/model/event.ts";
import { newHexId } from "../../src/model/list.ts";
import { consume } from "../../src/queue/consume.ts";
import { findContact } from "../../src/store/contact.ts";
import { insertJob } from "../../src/store/contact-job.ts";
import { insertList } from "../../src/store/list.ts";
import { endMemberships } from "../../src/store/contact-end.ts";
import { insertSuppressions } from "../../src/store/suppression.ts";
import { unsubscribe } from "../../src/store/suppression-unsubscribe.ts";
import { writeJobs } from "../support/contact-jobs.ts";
import { queueWorld, type QueueWorld } from "../support/queue-world.ts";

const { DB } = env;

let world: QueueWorld;
beforeEach(async () => {
  world = await queueWorld({
    rules: [{ at: "rcpt", match: "bad@", do: { reply: "550 5.1.1 No such user" } }],
  });
});
afterEach(() => world.stop());

async function givenList(name: string, emails: readonly string[]) {
  const list = await insertList(DB, { listId: newHexId(), name, settings: {}, createdAt: 1 });
  if (!list) throw new Error("no list");
  const none = { all: {}, list: {} };
  const contacts = emails.map((email) => ({
    email,
    firstName: null,
    lastName: null,
    fields: none,
  }));
  await insertJob(DB, list.id, { update: false, tagIds: [], defaults: none, contacts }, 1);
  await writeJobs(DB, 1);
  return list;
}

/** The statuses of an address, by list. */
async function statusesOf(email: string) {
  const card = await findContact(DB, { email });
  return Object.fromEntries(
    (card?.memberships ?? []).map(({ listId, status }) => [listId, status]),
  );
}

function anEvent(name: DeliveryEvent["name"], email: string, listId: string): DeliveryEvent {
  const id = world.app.newId();
  const about = { id, at: 5, messageId: id, position: 0, email, tags: "", sendId: "", listId };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only the name counts here
  return { ...about, mailClass: "marketing", name } as DeliveryEvent;
}

describe("a place on the list that the mail named", () => {
  it("ends when the relay says that the address is none, and only there", async () => {
    const news = await givenList("News", ["bad@example.com", "good@example.com"]);
    const other = await givenList("Other", ["bad@example.com"]);
    await world.send(["bad@example.com", "good@example.com"], { metadata: { listId: "NEWS" } });
    await consume(world.app);
    expect(await statusesOf("bad@example.com")).toEqual({
      [news.id]: "bounced",
      [other.id]: "active",
    });
    expect(await statusesOf("good@example.com")).toEqual({ [news.id]: "active" });
  });

  it.each([
    ["complaint", { kind: "complaint", reply: "abuse" }, "scomp"],
    ["bounce", { kind: "bounce", code: 10, reply: "550 5.1.1", host: "mx.test" }, "bounced"],
    ["soft bounce", { kind: "bounce", code: 22, reply: "552 5.2.2", host: "mx.test" }, "active"],
  ] as const)("after a %s that is reported later is as it says", async (_name, said, status) => {
    const list = await givenList("News", ["ann@example.com"]);
    const messageId = await world.send(["ann@example.com"], { metadata: { listId: list.listId } });
    await consume(world.app);
    const place = { by: "place", messageId, position: 0 } as const;
    await receiveReports(world.app, [{ place, at: world.clock.now(), said }]);
    expect(await statusesOf("ann@example.com")).toEqual({ [list.id]: status });
  });

  it("ends by an unsubscribe, also of who is unsubscribed already, and not without a list", async () => {
    const [news, other] = [
      await givenList("News", ["ann@example.com"]),
      await givenList("Other", ["ann@example.com"]),
    ];
    const wish = (listId: string) =>
      unsubscribe(DB, anEvent("unsubscribe", "Ann@example.com", listId), "link");
    expect(await wish("marketing")).toBe(true);
    expect(Object.values(await statusesOf("ann@example.com"))).toEqual(["active", "active"]);
    expect(await wish(String(news.id))).toBe(false);
    expect(await wish("no such list")).toBe(false);
    expect(await statusesOf("ann@example.com")).toEqual({
      [news.id]: "unsubscribed",
      [other.id]: "active",
    });
  });

  it("of each status ends in the higher of both", async () => {
    const list = await givenList("News", ["ann@example.com"]);
    const address = "ann@example.com";
    const ends = [
      ["bounce_bad_address", "bounce", "bounced"],
      ["unsubscribe", "unsubscribe", "unsubscribed"],
      ["spam_complaint", "complaint", "scomp"],
    ] as const;
    for (const [name, scope, after] of ends) {
      await insertSuppressions(DB, [{ entry: address, scope, reason: "" }], { keyId: "k", now: 1 });
      for (const before of MEMBERSHIP_STATUSES) {
        await DB.prepare("update memberships set status = ?1").bind(before).run();
        await DB.batch([...endMemberships(DB, [anEvent(name, address, "news")])]);
        const higher: MembershipStatus =
          MEMBERSHIP_RANK[before] > MEMBERSHIP_RANK[after] ? before : after;
        expect([name, before, await statusesOf(address)]).toEqual([
          name,
          before,
          { [list.id]: higher },
        ]);
      }
    }
    const all = ends.map(([name]) => anEvent(name, address, "news"));
    await DB.prepare("update memberships set status = 'active'").run();
    await DB.batch([...endMemberships(DB, all)]);
    expect(await statusesOf(address)).toEqual({ [list.id]: "scomp" });
  });

  it("stays when the address is not suppressed: then the event was not recorded", async () => {
    const list = await givenList("News", ["ann@example.com"]);
    await DB.batch([...endMemberships(DB, [anEvent("spam_complaint", "ann@example.com", "news")])]);
    expect(await statusesOf("ann@example.com")).toEqual({ [list.id]: "active" });
  });

  it("costs mail without a list no statement", () => {
    const events = [
      anEvent("spam_complaint", "ann@example.com", "marketing"),
      anEvent("unsubscribe", "ann@example.com", ""),
      anEvent("open", "ann@example.com", "news"),
    ];
    expect(endMemberships(DB, events)).toEqual([]);
  });
});
