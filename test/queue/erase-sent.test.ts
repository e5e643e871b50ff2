// What was sent to an erased address: mail that waits, is being sent, and what comes back of it later.
import PostalMime from "postal-mime";
import { env } from "cloudflare:workers";
import { md5Hex } from "../../src/lib/digest.ts";
import { receiveReports } from "../../src/inbound/receive.ts";
import { consume } from "../../src/queue/consume.ts";
import { workOnErasures } from "../../src/queue/erase.ts";
import { sweep } from "../../src/queue/sweep.ts";
import { claimDue } from "../../src/store/delivery-claim.ts";
import { recordFacts } from "../../src/track/consume.ts";
import { bytesOf } from "../peers/client.ts";
import { describe, expect, it } from "vitest";
import { CANARY, whereCanaryStands, WRITTEN } from "../support/canary.ts";
import { drain, events, states } from "../support/ledger.ts";
import { HOUR, SECOND } from "../support/queue-world.ts";
import { follow } from "../support/tracking.ts";
import { eraseWorld, sendToBoth } from "../support/erase-world.ts";

const { given, native, erase, stateOf, finish, shown } = eraseWorld();

describe("mail that waits", () => {
  it("is cancelled, visibly; others get theirs, in which the address does not stand", async () => {
    const world = await given();
    const { peer } = world;
    const id = await sendToBoth(world, { text: `for bob and ${WRITTEN}` });
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
    const world = await given({
      rules: [{ at: "rcpt", match: "once", do: { reply: "451 4.7.1 later" } }],
    });
    await native("POST", "/v1/account/credits", { amount: 10 }, 201);
    await world.send(["once@example.com"]);
    await consume(world.app);
    await world.app.idle();
    await sendToBoth(world);
    const balance = async () =>
      (await native<{ balance: number }>("GET", "/v1/account/credits")).balance;
    expect(await balance()).toBe(7);
    for (const address of [WRITTEN, "once@example.com"]) await erase(address);
    expect(await balance()).toBe(8);
  });

  it("is cancelled while it waits for another try", async () => {
    const world = await given({ rules: [{ at: "rcpt", do: { reply: "451 4.7.1 later" } }] });
    const { peer } = world;
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
    const world = await given({ rules: [{ at: "dot", do: { reply, delay: 400 } }] });
    const { peer } = world;
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
    const world = await given();
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
    const world = await given();
    const { queue } = world;
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
    const world = await given();
    const { queue } = world;
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
    const md5 = md5Hex(CANARY);
    expect(found).toMatchObject({ entry: `md5:${md5}`, scope: "unsubscribe" });
  });

  it("suppressions go on as MD5 entries, with their story", async () => {
    const world = await given();
    const add = (scope: string, reason: string) =>
      native("POST", "/v1/suppressions", { email: WRITTEN, scope, reason }, 201);
    await add("complaint", `complained, says ${WRITTEN}`);
    await add("global", "once");
    const path = `/v1/suppressions/${WRITTEN}`;
    await native("DELETE", path, { scope: "global", reason: `asked by ${WRITTEN}` });
    await erase();
    await finish();
    const md5 = md5Hex(CANARY);
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
    const world = await given();
    const { peer } = world;
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
});
