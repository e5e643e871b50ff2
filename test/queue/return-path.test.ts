// The envelope sender that the relay sees: of Edgepost's where the sender's domain has a bounce domain and
// the relay may have it, else the From address. Costs nothing in D1.
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { consume } from "../../src/queue/consume.ts";
import { insertRelay } from "../../src/store/relay.ts";
import { people, queueWorld, type QueueWorld } from "../support/queue-world.ts";
import { givenDomain } from "../support/world.ts";

let world: QueueWorld;
afterEach(async () => {
  await world.stop();
  await givenDomain("edgepost.test");
});

async function given(bounceDomain: string | null): Promise<QueueWorld> {
  world = await queueWorld();
  await givenDomain("edgepost.test", bounceDomain === null ? {} : { bounceDomain });
  return world;
}

async function run(): Promise<readonly { from: string; to: string }[]> {
  await consume(world.app);
  await world.app.idle();
  const { messages } = await world.peer.log();
  return messages.map(({ from, to }) => ({ from, to: to[0] ?? "" }));
}

describe("the return path", () => {
  it("names each delivery of its own, also when envelopes are sent ahead", async () => {
    const { app, send, clock } = await given("bounce.edgepost.test");
    const id = await send(people(10));
    const mails = await run();
    expect(mails.every(({ from }) => /^b\+[a-z2-7]+@bounce\.edgepost\.test$/.test(from))).toBe(
      true,
    );
    const places = await Promise.all(
      mails.map(async ({ from }) => app.returnPaths.read(from, clock.now())),
    );
    expect(places).toEqual(
      people(10).map((_, position) => ({ kind: "place", messageId: id, position })),
    );
    expect(mails.map(({ to }) => to)).toEqual(people(10));
  });

  it("is the From address of a domain that has no bounce domain", async () => {
    const { send } = await given(null);
    await send(["a@example.com"]);
    expect((await run())[0]?.from).toBe("sender@edgepost.test");
  });

  it("is the From address at a relay that switches it off", async () => {
    const { send, peer } = await given("bounce.edgepost.test");
    const { host, port } = peer;
    const login = { host, port, tls: "none", username: null, sealedPassword: null } as const;
    await insertRelay(env.DB, { id: "r", name: "r", ...login, verp: false, createdAt: 1 });
    await send(people(3));
    const froms = (await run()).map(({ from }) => from);
    expect(froms).toEqual(people(3).map(() => "sender@edgepost.test"));
  });

  it("is stored nowhere and costs no round trip and no row more", async () => {
    const costs = [];
    for (const bounceDomain of [null, "bounce.edgepost.test"]) {
      const { send, d1 } = await given(bounceDomain);
      await send(people(5));
      d1.reset();
      await run();
      costs.push([d1.calls().length, d1.rowsWritten()]);
      await world.stop();
    }
    expect(costs[1]).toEqual(costs[0]);
  });
});
