// Lanes: transactional and marketing mail wait in queues of their own, and a run serves what it was woken for.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { MailClass } from "../../src/model/message.ts";
import { consume } from "../../src/queue/consume.ts";
import { deliveries } from "../support/ledger.ts";
import { people, queueWorld, type QueueWorld } from "../support/queue-world.ts";
import { ask, email, givenKey } from "../support/world.ts";

let world: QueueWorld;
beforeEach(async () => {
  world = await queueWorld();
});
afterEach(() => world.stop());

const marketing = { metadata: { mailClass: "marketing" } };
const inState = async (state: string) =>
  (await deliveries())
    .filter((delivery) => delivery.state === state)
    .map(({ recipient }) => recipient);

describe("a lane", () => {
  it("is all that a run serves: a flood of the other is not looked at", async () => {
    await world.send(people(150, "news"), marketing);
    await world.send(["urgent@example.com"]);
    await consume(world.app, ["transactional"]);
    expect(await inState("delivered")).toEqual(["urgent@example.com"]);
    expect(await inState("queued")).toHaveLength(150);
    expect(world.woken.filter(({ lane }) => lane === "marketing")).toHaveLength(1);
    await consume(world.app, ["marketing"]);
    expect(await inState("delivered")).toHaveLength(151);
  });

  it("is woken again by the run that leaves some of it, and no other is", async () => {
    await world.send(people(150, "news"), marketing);
    await world.send(["urgent@example.com"]);
    await world.app.idle();
    world.woken.length = 0;
    // The first claim brings 100; then the run's time is over.
    const late = { ...world.app, now: () => world.clock.now() };
    await world.peer.setRules([{ at: "dot", do: { reply: "250 2.0.0 Ok" } }]);
    let sent = 0;
    const dial: typeof late.dial = (...where) => {
      sent += 1;
      if (sent === 1) world.clock.advance(21_000);
      return world.app.dial(...where);
    };
    await consume({ ...late, dial }, ["marketing"]);
    await world.app.idle();
    expect(new Set(world.woken.map(({ lane }) => lane))).toEqual(new Set(["marketing"]));
    expect((await inState("queued")).length).toBeGreaterThan(0);
    expect(await inState("queued")).toContain("urgent@example.com");
  });
});

describe("the lane of a message", () => {
  it.each([
    [null, undefined, "transactional"],
    [null, "marketing", "marketing"],
    ["marketing", undefined, "marketing"],
    ["marketing", "marketing", "marketing"],
    ["transactional", undefined, "transactional"],
  ] as const)("of a key for %s that asks for %s is %s", async (own, wanted, lane) => {
    expect((await sendWith(own, wanted)).status).toBe(200);
    await world.app.idle();
    expect(world.woken.map((woken) => woken.lane)).toEqual([lane]);
    await consume(world.app, [lane === "marketing" ? "transactional" : "marketing"]);
    expect(await inState("queued")).toEqual(["ann@example.com"]);
    await consume(world.app, [lane]);
    expect(await inState("delivered")).toEqual(["ann@example.com"]);
  });

  it.each([
    ["transactional", "marketing"],
    ["marketing", "transactional"],
  ] as const)("of a key for %s is never %s: nothing is accepted", async (own, wanted) => {
    const answer = await sendWith(own, wanted);
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({
      statusCode: 1004,
      message: `this API key may not send ${wanted} mail; leave mailClass out or use a key that may`,
    });
    await world.app.idle();
    expect([await deliveries(), world.woken]).toEqual([[], []]);
  });
});

/** Posts one email with a key of its own, made for a mail class or for both (null). */
async function sendWith(own: MailClass | null, wanted: MailClass | undefined): Promise<Response> {
  const { secret } = await givenKey({ mailClass: own });
  const body = { ...email({}, ["ann@example.com"]), metadata: { mailClass: wanted } };
  return ask(world.app, "POST", "/v1/send-email", { key: secret, body });
}
