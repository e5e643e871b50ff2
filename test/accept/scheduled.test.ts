// Scheduled sends (decisions 15, 17): sent when they are due and not before, called back or dated anew while
// nothing can have left, exactly.
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { QUEUE_LIFETIME_MS } from "../../src/model/delivery.ts";
import { consume } from "../../src/queue/consume.ts";
import { sweep } from "../../src/queue/sweep.ts";
import { bytesOf } from "../peers/client.ts";
import { countOf, deliveries } from "../support/ledger.ts";
import { HOUR, MINUTE, queueWorld, type QueueWorld, START } from "../support/queue-world.ts";
import { ask, email } from "../support/world.ts";

const DAY = 24 * HOUR;

let world: QueueWorld;
beforeEach(async () => {
  world = await queueWorld();
});
afterEach(() => world.stop());

async function scheduled(sendAt: unknown, to = ["a@example.com"]): Promise<string> {
  const answer = await world.post({ ...email({}, to), sendAt });
  if (answer.status !== 200) throw new Error(await answer.text());
  await world.app.idle();
  return answer.headers.get("X-Message-Id") ?? "";
}

const iso = (time: number) => new Date(time).toISOString();

async function call(id: string, what: string, body?: object): Promise<unknown> {
  const options = { key: world.key, ...(body ? { body } : {}) };
  const answer = await ask(world.app, "POST", `/v1/messages/${id}/${what}`, options);
  const { data } = await answer.json<{ data: { result: unknown } }>();
  return data.result;
}

const states = async () => (await deliveries()).map(({ state }) => state);

/** The sweep wakes for what is due soon; then the consumer works when the delay is over. */
async function wakeUps(): Promise<readonly number[]> {
  world.woken.length = 0;
  await sweep(world.app);
  return world.woken.map(({ delaySeconds }) => delaySeconds);
}

describe("a scheduled send", () => {
  it("leaves when it is due, woken to the second, with that date on it", async () => {
    const due = START + DAY + 30_000;
    const id = await scheduled(iso(due));
    expect(world.woken).toEqual([]);
    await consume(world.app);
    expect(await states()).toEqual(["queued"]);
    const shown = await ask(world.app, "GET", `/v1/messages/${id}`, { key: world.key });
    expect(await shown.json()).toMatchObject({
      data: {
        created_at: iso(START),
        send_at: iso(due),
        deliveries: [{ next_attempt_at: iso(due) }],
      },
    });
    world.clock.advance(DAY - 2 * MINUTE);
    expect(await wakeUps()).toEqual([]);
    world.clock.advance(MINUTE);
    expect(await wakeUps()).toEqual([90]);
    world.clock.advance(90_000 - 1);
    await consume(world.app);
    expect(await states()).toEqual(["queued"]);
    world.clock.advance(1);
    await consume(world.app);
    expect(await states()).toEqual(["delivered"]);
    const { messages } = await world.peer.log();
    const text = new TextDecoder().decode(bytesOf(messages[0]?.content ?? ""));
    expect(text).toContain(`Date: ${new Date(due).toUTCString().replace("GMT", "+0000")}\r\n`);
  });

  it("of the next seconds wakes its lane by itself; of the past leaves at once", async () => {
    await scheduled(START / 1000 + 20);
    await scheduled(iso(START - DAY), ["b@example.com"]);
    expect(world.woken.map(({ delaySeconds }) => delaySeconds)).toEqual([20, 0]);
    await consume(world.app);
    expect((await states()).toSorted()).toEqual(["delivered", "queued"]);
  });

  it("has its queue lifetime from then on", async () => {
    await scheduled(iso(START + 30 * DAY));
    const row = await env.DB.prepare("select due_at, expires_at from deliveries").first();
    expect(row).toEqual({
      due_at: START + 30 * DAY,
      expires_at: START + 30 * DAY + QUEUE_LIFETIME_MS,
    });
  });

  it("is stopped by a suppression that came meanwhile", async () => {
    await scheduled(iso(START + DAY));
    const body = { email: "a@example.com" };
    await ask(world.app, "POST", "/v1/suppressions", { key: world.key, body });
    world.clock.advance(DAY);
    await consume(world.app);
    expect(await states()).toEqual(["suppressed"]);
  });

  it.each([
    ["tomorrow"],
    ["2026-12-01"],
    ["2026-12-01T10:00:00"],
    [START + DAY],
    [iso(START + 367 * DAY)],
    [true],
    [-5],
  ])("at %j is refused, naming sendAt", async (sendAt) => {
    const answer = await world.post({ ...email(), sendAt });
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { statusCode: 1002, message: expect.stringMatching(/^sendAt: /) },
    ]);
    expect(await countOf("messages")).toBe(0);
  });

  it("stands in the flat form too, beside anything", async () => {
    const flat = { from: "sender@edgepost.test", to: "a@example.com", subject: "x", text: "x" };
    const answer = await world.post({ ...flat, sendAt: String(START / 1000 + 3_600) });
    expect(answer.status).toBe(200);
    expect((await deliveries())[0]?.state).toBe("queued");
    expect(await env.DB.prepare("select send_at from messages").first("send_at")).toBe(
      START + HOUR,
    );
  });
});

describe("cancel", () => {
  it("calls all of a message back, again too, and it is never sent", async () => {
    const id = await scheduled(iso(START + HOUR), ["a@example.com", "b@example.com"]);
    expect([await call(id, "cancel"), await call(id, "cancel")]).toEqual([
      "cancelled",
      "cancelled",
    ]);
    world.clock.advance(DAY);
    await consume(world.app);
    expect([await states(), (await world.peer.log()).messages]).toEqual([
      ["cancelled", "cancelled"],
      [],
    ]);
    expect(await call(id, "reschedule", { sendAt: iso(START + 2 * DAY) })).toBe("too_late");
  });

  it("is too late once any of it left or may have, and changes nothing then", async () => {
    const sent = await scheduled(null, ["a@example.com"]);
    await consume(world.app);
    expect(await call(sent, "cancel")).toBe("too_late");
    const partly = await scheduled(null, ["b@example.com", "c@example.com"]);
    await env.DB.prepare(
      "update deliveries set state = 'sending', lease_id = 'x', lease_until = 1 where recipient = 'b@example.com'",
    ).run();
    expect(await call(partly, "cancel")).toBe("too_late");
    expect((await states()).toSorted()).toEqual(["delivered", "queued", "sending"]);
  });

  it("stops retries of what no relay took", async () => {
    await world.peer.setRules([{ at: "rcpt", do: { reply: "451 4.3.0 later" } }]);
    const id = await scheduled(null);
    await consume(world.app);
    expect(await states()).toEqual(["deferred"]);
    expect(await call(id, "cancel")).toBe("cancelled");
    expect(await states()).toEqual(["cancelled"]);
  });

  it("refunds credits of what was never tried", async () => {
    const credits = { key: world.key, body: { amount: 5 } };
    await ask(world.app, "POST", "/v1/account/credits", credits);
    const id = await scheduled(iso(START + HOUR), ["a@example.com", "b@example.com"]);
    await call(id, "cancel");
    await call(id, "cancel");
    const answer = await ask(world.app, "GET", "/v1/account/credits", { key: world.key });
    expect(await answer.json()).toMatchObject({ data: { balance: 5 } });
  });

  it("and a claim at the same time never both succeed", async () => {
    for (let round = 0; round < 5; round++) {
      const id = await scheduled(null, [`r${round}@example.com`]);
      const [result] = await Promise.all([call(id, "cancel"), consume(world.app)]);
      const { messages } = await world.peer.log();
      const left = messages.some(({ to }) => to.includes(`r${round}@example.com`));
      expect(left).toBe(result === "too_late");
    }
  });
});

describe("reschedule", () => {
  it("dates a message anew, earlier or later, with a lifetime of its own", async () => {
    const id = await scheduled(iso(START + DAY));
    const sooner = START + 20_000;
    expect(await call(id, "reschedule", { sendAt: iso(sooner) })).toBe("rescheduled");
    expect(await call(id, "reschedule", { sendAt: iso(sooner) })).toBe("rescheduled");
    await world.app.idle();
    expect(world.woken.at(-1)).toMatchObject({ delaySeconds: 20 });
    world.clock.advance(20_000);
    await consume(world.app);
    expect(await states()).toEqual(["delivered"]);
    expect(await call(id, "reschedule", { sendAt: iso(START + DAY) })).toBe("too_late");
    expect(await env.DB.prepare("select send_at from messages").first("send_at")).toBe(sooner);
  });

  it.each([[{}], [{ sendAt: null }], [{ sendAt: "soon" }], [{ sendAt: iso(START + 400 * DAY) }]])(
    "%j is refused and names sendAt",
    async (body) => {
      const id = await scheduled(iso(START + DAY));
      const path = `/v1/messages/${id}/reschedule`;
      const answer = await ask(world.app, "POST", path, { key: world.key, body });
      expect([answer.status, await answer.json()]).toMatchObject([
        400,
        { error: { field: "sendAt" } },
      ]);
    },
  );
});
