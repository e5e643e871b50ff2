// How events find their delivery when the vendor lost the mark, and what a reader's wish does.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { receiveEvents } from "../../../src/inbound/intake/receive.ts";
import {
  type Meant,
  NOBODY,
  said,
  type VendorEvent,
} from "../../../src/inbound/intake/vendor-event.ts";
import { uuidv7 } from "../../../src/lib/id.ts";
import { markOf } from "../../../src/model/intake.ts";
import { consume } from "../../../src/queue/consume.ts";
import type { PeerRule } from "../../peers/script.ts";
import { countOf, events } from "../../support/ledger.ts";
import { MINUTE, queueWorld, type QueueWorld, START } from "../../support/queue-world.ts";
import { ask, givenDomain } from "../../support/world.ts";

const REPLY_ID = "0102019a8f3c0000-6b1f4a56-0000-4000-8000-000000000001-000000";

let world: QueueWorld;
beforeEach(async () => {
  // Message ids carry the time of the test's clock.
  world = await queueWorld({}, { newId: () => uuidv7(START) });
});
afterEach(() => world.stop());

async function delivered(to: readonly string[], reply = "250 Ok", change = {}): Promise<string> {
  const rule: PeerRule = { at: "dot", do: { reply } };
  await world.peer.setRules([rule]);
  const id = await world.send(to, change);
  await consume(world.app);
  await world.app.idle();
  world.clock.advance(MINUTE);
  return id;
}

function event(meant: Partial<Meant>, meaning = said("complaint", "x")): VendorEvent {
  return { name: "x", at: START, meant: { ...NOBODY, ...meant }, meaning };
}

/** Message and position that an event was recorded of; null when it was not. */
async function foundBy(meant: Partial<Meant>): Promise<string | null> {
  const { recorded } = await receiveEvents(world.app, [event(meant)]);
  const last = (await events()).at(-1);
  return recorded === 1 && last ? `${last.messageId}:${last.position}` : null;
}

describe("without a mark an event finds its delivery", () => {
  it.each([
    ["SES", `250 Ok ${REPLY_ID}`, REPLY_ID],
    ["SendGrid", "250 Ok: queued as nhIMmON9SFOPcT0ii4nt2A", "nhIMmON9SFOPcT0ii4nt2A"],
    ["Postfix", "250 2.0.0 Ok: queued as 4F2aBcDeFz", "4F2aBcDeFz"],
    ["Exim", "250 OK id=1tA2bC-00000001AbC-1dEf", "1tA2bC-00000001AbC-1dEf"],
    ["parentheses", "250 Message Queued (0A1B2C3D-4E5F.1)", "0A1B2C3D-4E5F.1"],
    ["a sentence", "250 2.6.0 Queued as 0A1B2C3D.", "0A1B2C3D"],
  ])("by the id in the reply of %s", async (_name, reply, id) => {
    await delivered(["a@example.com"], "250 Ok another-id-000");
    const sent = await delivered(["b@example.com", "A@example.com"], reply);
    const meant = {
      replyIds: ["not-that-one", id],
      addresses: ["forwarded@x.example", "a@EXAMPLE.com"],
    };
    expect(await foundBy(meant)).toBe(`${sent}:1`);
  });

  it("by a whole id only, of a message that was taken, for its recipient", async () => {
    await delivered(["a@example.com"], `250 Ok ${REPLY_ID}x`);
    await delivered(["b@example.com"], `250 Ok ${REPLY_ID}`);
    await delivered(["c@example.com"], `550 5.7.1 ${REPLY_ID}`);
    for (const address of ["a@example.com", "c@example.com", "d@example.com"]) {
      expect(await foundBy({ replyIds: [REPLY_ID], addresses: [address] })).toBeNull();
    }
    for (const id of ["", "Ok", "250", "%", `${REPLY_ID}"`, "x".repeat(201)]) {
      expect(await foundBy({ replyIds: [id], addresses: ["b@example.com"] })).toBeNull();
    }
  });

  it("by its Message-ID and address", async () => {
    const id = await delivered(["a@example.com", "b@example.com"]);
    const messageId = `<${id}@edgepost.test>`;
    expect(await foundBy({ messageId, addresses: ["B@example.com"] })).toBe(`${id}:1`);
    expect(await foundBy({ messageId, addresses: ["c@example.com"] })).toBeNull();
    expect(await foundBy({ messageId })).toBeNull();
    expect(await foundBy({ messageId: "<x@eu-west-1.amazonses.com>" })).toBeNull();
  });

  it("by its return path, in any case, when it is ours", async () => {
    await givenDomain("edgepost.test", { bounceDomain: "bounce.edgepost.test" });
    const id = await delivered(["a@example.com", "b@example.com"]);
    const { messages } = await world.peer.log();
    const returnPath = messages.find(({ to }) => to.includes("b@example.com"))?.from ?? "";
    expect(returnPath).toMatch(/^b\+[a-z2-7]+@bounce\.edgepost\.test$/);
    const foreign = { messageId: "<x@eu-west-1.amazonses.com>", replyIds: ["another-id"] };
    expect(await foundBy({ ...foreign, returnPath: returnPath.toUpperCase() })).toBe(`${id}:1`);
    const changed = returnPath.replace(/.@/, (end) => (end === "a@" ? "b@" : "a@"));
    for (const other of [changed, "sender@edgepost.test", "b+@bounce.edgepost.test", ""]) {
      expect(await foundBy({ returnPath: other })).toBeNull();
    }
  });

  it("by the mark first, whatever else it says", async () => {
    const one = await delivered(["a@example.com"], `250 Ok ${REPLY_ID}`);
    const two = await delivered(["a@example.com"]);
    const rest = { replyIds: [REPLY_ID], addresses: ["a@example.com"] };
    expect(await foundBy({ mark: markOf(two, 0), ...rest })).toBe(`${two}:0`);
    expect(await foundBy({ mark: "tampered_0", ...rest })).toBe(`${one}:0`);
  });
});

describe("a wish for no more mail", () => {
  const wish = said("unsubscribe", "unsubscribed at SendGrid");
  const scope = async (address: string) => {
    const path = `/v1/suppressions/${encodeURIComponent(address)}`;
    const answer = await ask(world.app, "GET", path, { key: world.key });
    return answer.status === 404 ? null : (await answer.json<{ data: object }>()).data;
  };

  it("is an unsubscribe of ours, once", async () => {
    const id = await delivered(["a@example.com"]);
    const asked = [event({ mark: markOf(id, 0) }, wish)];
    expect(await receiveEvents(world.app, asked)).toMatchObject({ recorded: 1 });
    expect(await receiveEvents(world.app, asked)).toMatchObject({ recorded: 0, known: 1 });
    expect(await scope("a@example.com")).toMatchObject({
      scope: "unsubscribe",
      reason: "unsubscribed at SendGrid",
    });
    const told = (await events()).filter(({ name }) => name === "unsubscribe");
    expect(told).toMatchObject([{ messageId: id, email: "a@example.com", at: START }]);
  });

  it("of many is one transaction with one log row; of one address it counts once", async () => {
    const id = await delivered(["a@example.com", "b@example.com", "c@example.com"]);
    const again = await delivered(["b@example.com"]);
    const asked = [markOf(id, 0), markOf(id, 1), markOf(again, 0), markOf(id, 2)].map((mark) =>
      event({ mark }, wish),
    );
    await receiveEvents(world.app, asked.slice(0, 1));
    const before = await countOf("event_log");
    world.d1.reset();
    expect(await receiveEvents(world.app, asked)).toMatchObject({ recorded: 2, known: 2 });
    // A log row; a delivery and a suppression of each.
    expect([world.d1.calls().length, world.d1.rowsWritten()]).toEqual([2, 5]);
    expect((await countOf("event_log")) - before).toBe(1);
    const told = (await events()).filter(({ name }) => name === "unsubscribe");
    expect(told.map(({ email }) => email)).toEqual([
      "a@example.com",
      "b@example.com",
      "c@example.com",
    ]);
  });

  it("about mail that is not ours changes nothing", async () => {
    const asked = [event({ mark: markOf(world.app.newId(), 0) }, wish), event({}, wish)];
    expect(await receiveEvents(world.app, asked)).toMatchObject({ recorded: 0, not_found: 2 });
    expect((await events()).length).toBe(0);
  });
});

describe("a report's time", () => {
  it("is never before the mail, nor in the future", async () => {
    const id = await delivered(["a@example.com", "b@example.com"]);
    const of = (position: number, at: number) => ({ ...event({ mark: markOf(id, position) }), at });
    await receiveEvents(world.app, [of(0, 1_000), of(1, START + 100 * MINUTE)]);
    const told = (await events()).filter(({ name }) => name === "spam_complaint");
    expect(told.map(({ at }) => at)).toEqual([START, START + MINUTE]);
  });
});

describe("a received report", () => {
  it("leaves a trace and fires nothing", async () => {
    const id = await delivered(["a@example.com"]);
    const before = (await events()).length;
    world.d1.reset();
    const report = event({ mark: markOf(id, 0) }, said("received", "250 OK"));
    expect(await receiveEvents(world.app, [report])).toMatchObject({ recorded: 1 });
    expect([(await events()).length - before, world.d1.rowsWritten()]).toEqual([0, 1]);
    const read = await ask(world.app, "GET", `/v1/messages/${id}`, { key: world.key });
    const { data } = await read.json<{ data: { timeline: unknown[] } }>();
    expect(data.timeline.at(-1)).toMatchObject({ event: "received", reply: "250 OK" });
  });
});
