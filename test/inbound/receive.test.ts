// The road back on the real database: reports find their delivery and are recorded exactly once.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { receiveReports } from "../../src/inbound/receive.ts";
import type { Report, ReportPlace, Said } from "../../src/model/report.ts";
import { consume } from "../../src/queue/consume.ts";
import { recordFacts } from "../../src/track/consume.ts";
import { countOf, deliveries, events } from "../support/ledger.ts";
import { MINUTE, people, queueWorld, type QueueWorld, START } from "../support/queue-world.ts";
import { BROWSER } from "../support/tracking.ts";
import { ask } from "../support/world.ts";

let world: QueueWorld;
beforeEach(async () => {
  world = await queueWorld();
});
afterEach(() => world.stop());

async function delivered(to: readonly string[]): Promise<string> {
  const id = await world.send(to);
  await consume(world.app);
  await world.app.idle();
  world.clock.advance(MINUTE);
  return id;
}

const BAD: Said = { kind: "bounce", code: 10, reply: "550 5.1.1 No such user", host: "mx.example" };
const COMPLAINT: Said = { kind: "complaint", reply: "abuse" };

function at(messageId: string, position = 0): ReportPlace {
  return { by: "place", messageId, position };
}

function report(place: ReportPlace, said: Said = BAD): Report {
  return { place, at: START, said };
}

/** Names of all events but attempts. */
async function told(): Promise<readonly string[]> {
  const names = (await events()).map(({ name }) => name);
  return names.filter((name) => name !== "delivery_attempt");
}

async function suppressed(address: string): Promise<unknown> {
  const path = `/v1/suppressions/${encodeURIComponent(address)}`;
  const answer = await ask(world.app, "GET", path, { key: world.key });
  return answer.status === 404 ? null : (await answer.json<{ data: unknown }>()).data;
}

describe("a late report", () => {
  it("is one log row, one delivery and one suppression", async () => {
    const id = await delivered(["a@example.com"]);
    const rows = await countOf("event_log");
    world.d1.reset();
    expect(await receiveReports(world.app, [report(at(id))])).toEqual(["recorded"]);
    expect([world.d1.calls().length, world.d1.rowsWritten()]).toEqual([2, 3]);
    expect([(await countOf("event_log")) - rows, await told()]).toEqual([
      1,
      ["bounce_all", "bounce_bad_address"],
    ]);
    expect(await suppressed("a@example.com")).toMatchObject({
      scope: "bounce",
      reason: "550 5.1.1 No such user",
      evidence: { message_id: id, event: "bounce_bad_address" },
    });
    const read = await ask(world.app, "GET", `/v1/messages/${id}`, { key: world.key });
    const { data } = await read.json<{ data: { deliveries: unknown[]; timeline: unknown[] } }>();
    expect(data.deliveries[0]).toMatchObject({ state: "bounced" });
    expect(data.timeline.at(-1)).toMatchObject({
      event: "bounce",
      click_tracking_id: `${id}:0`,
      code: 10,
      reply: "550 5.1.1 No such user",
    });
  });

  it("said again, alone or among others, writes nothing", async () => {
    const id = await delivered(people(2));
    await receiveReports(world.app, [report(at(id)), report(at(id), COMPLAINT)]);
    world.d1.reset();
    const again = [report(at(id), COMPLAINT), report(at(id))];
    expect(await receiveReports(world.app, again)).toEqual(["known", "known"]);
    expect(world.d1.rowsWritten()).toBe(0);
    const mixed = [report(at(id)), report(at(id, 1), COMPLAINT), report(at(id, 1), COMPLAINT)];
    expect(await receiveReports(world.app, mixed)).toEqual(["known", "recorded", "known"]);
    expect(await suppressed("p1@example.com")).toMatchObject({ scope: "complaint" });
  });

  it("of hundreds of deliveries is one log row per hundred", async () => {
    const ids = [await delivered(people(150)), await delivered(people(50, "q"))];
    const rows = await countOf("event_log");
    const places = ids.flatMap((id, n) =>
      Array.from({ length: n === 0 ? 150 : 50 }, (_, place) => at(id, place)),
    );
    const soft: Said = { kind: "bounce", code: 52, reply: "spam", host: "" };
    const outcomes = await receiveReports(
      world.app,
      places.map((place) => report(place, soft)),
    );
    expect(new Set(outcomes)).toEqual(new Set(["recorded"]));
    expect((await countOf("event_log")) - rows).toBe(2);
    expect(new Set((await deliveries()).map(({ state }) => state))).toEqual(new Set(["bounced"]));
  });

  it("counts once when D1 commits and does not say so, and throws when it does nothing", async () => {
    const id = await delivered(["a@example.com"]);
    world.d1.plan({ on: ({ kind }) => kind === "batch", mode: "before" });
    await expect(receiveReports(world.app, [report(at(id))])).rejects.toThrow("injected");
    world.d1.plan({ on: ({ kind }) => kind === "batch", mode: "after", times: 1 });
    await receiveReports(world.app, [report(at(id))]);
    expect(await told()).toEqual(["bounce_all", "bounce_bad_address"]);
  });

  it("counts once when many say it at once, while the reader reads", async () => {
    const id = await delivered(["a@example.com"]);
    const open = { messageId: id, position: 0, at: START + MINUTE, ip: "", prefetch: false };
    const fact = { ...open, kind: "open" as const, userAgent: BROWSER, id: world.app.newId() };
    const outcomes = await Promise.all([
      ...[1, 2, 3].map(() => receiveReports(world.app, [report(at(id))])),
      recordFacts(world.app, [fact]),
    ]);
    expect(outcomes.flat().filter((outcome) => outcome === "recorded")).toHaveLength(1);
    expect((await told()).toSorted()).toEqual(["bounce_all", "bounce_bad_address", "open"]);
  });

  it("of an attempt that is not over is to come again", async () => {
    const id = await world.send(["a@example.com"]);
    expect(await receiveReports(world.app, [report(at(id))])).toEqual(["too_early"]);
    expect([await told(), await suppressed("a@example.com")]).toEqual([[], null]);
  });
});

describe("a delivery is found", () => {
  const byId = (messageId: string, recipient: string | null): ReportPlace => ({
    by: "message_id",
    messageId,
    recipient,
  });

  it("by Message-ID alone only where there is one recipient", async () => {
    const one = await delivered(["Ünï@example.com"]);
    const two = await delivered(people(2));
    const places = [byId(one, null), byId(two, null), byId(world.app.newId(), null)];
    const outcomes = await receiveReports(
      world.app,
      places.map((place) => report(place, COMPLAINT)),
    );
    expect(outcomes).toEqual(["recorded", "not_found", "not_found"]);
  });

  it("by Message-ID and address, whatever the case", async () => {
    const id = await delivered(["Ünï@example.com", "b@example.com"]);
    const places = [
      byId(id, "ÜNÏ@example.com"),
      byId(id, "B@example.com"),
      byId(id, "c@x.example"),
    ];
    const outcomes = await receiveReports(
      world.app,
      places.map((place) => report(place, COMPLAINT)),
    );
    expect(outcomes).toEqual(["recorded", "recorded", "not_found"]);
  });

  it("never where there is none", async () => {
    const id = await delivered(["a@example.com"]);
    const places = [at(id, 1), at(id, 65_535), at(world.app.newId()), at("x'; --")];
    const outcomes = await receiveReports(
      world.app,
      places.map((place) => report(place)),
    );
    expect(new Set(outcomes)).toEqual(new Set(["not_found"]));
    expect(await told()).toEqual([]);
  });
});
