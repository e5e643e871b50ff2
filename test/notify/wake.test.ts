// A batch of the webhooks queue: which objects of endpoints are woken, each once.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { Job } from "../../src/model/job.ts";
import { wakeFollowers } from "../../src/notify/wake.ts";
import { faultyD1 } from "../support/faults.ts";
import { emptyLedger } from "../support/ledger.ts";
import { testApp } from "../support/world.ts";

beforeEach(emptyLedger);

async function givenEndpoint(id: string, state = "enabled"): Promise<void> {
  await env.DB.prepare(
    `insert into webhooks (id, url, events, format, secret, cursor, state, created_at, updated_at)
     values (?1, 'https://hooks.example.com', null, 'kasplo', 's', 0, ?2, 0, 0)`,
  )
    .bind(id, state)
    .run();
}

async function wokenBy(jobs: readonly Job[]) {
  const woken: string[] = [];
  const d1 = faultyD1(env.DB);
  const app = testApp({
    db: d1.db,
    wakeTail: (id) => Promise.resolve(void woken.push(id)),
  });
  await wakeFollowers(app, jobs);
  return { woken: woken.toSorted(), calls: d1.calls().length };
}

describe("wakeFollowers", () => {
  it("wakes every enabled endpoint when the log grew, each once, after one look", async () => {
    for (const id of ["a", "b"]) await givenEndpoint(id);
    await givenEndpoint("off", "disabled");
    const jobs: Job[] = [
      { kind: "events" },
      { kind: "endpoint", webhookId: "a" },
      { kind: "events" },
      { kind: "lane", lane: "marketing" },
    ];
    expect(await wokenBy(jobs)).toEqual({ woken: ["a", "b"], calls: 1 });
  });

  it("wakes the live feed when the log grew, only while somebody watches", async () => {
    const fed = { times: 0 };
    const app = testApp({ wakeFeed: () => Promise.resolve(void (fed.times += 1)) });
    const watchedUntil = (time: number) =>
      env.DB.prepare("insert or replace into live_feed (id, watched_until) values (1, ?1)")
        .bind(time)
        .run();
    await wakeFollowers(app, [{ kind: "events" }]);
    await watchedUntil(Date.now() - 1);
    await wakeFollowers(app, [{ kind: "events" }]);
    expect(fed.times).toBe(0);
    await watchedUntil(Date.now() + 60_000);
    await wakeFollowers(app, [{ kind: "events" }, { kind: "events" }]);
    await wakeFollowers(app, [{ kind: "endpoint", webhookId: "a" }]);
    expect(fed.times).toBe(1);
    await env.DB.prepare("delete from live_feed").run();
  });

  it("wakes a named endpoint without asking the database, disabled or not", async () => {
    await givenEndpoint("off", "disabled");
    const job: Job = { kind: "endpoint", webhookId: "off" };
    expect(await wokenBy([job, job])).toEqual({ woken: ["off"], calls: 0 });
  });

  it("wakes nobody for nothing", async () => {
    await givenEndpoint("a");
    expect(await wokenBy([])).toEqual({ woken: [], calls: 0 });
  });

  it("fails when one cannot be woken, so that the queue tells again", async () => {
    for (const id of ["a", "b"]) await givenEndpoint(id);
    const app = testApp({
      wakeTail: (id) => (id === "a" ? Promise.reject(new Error("down")) : Promise.resolve()),
    });
    await expect(wakeFollowers(app, [{ kind: "events" }])).rejects.toThrow("down");
  });
});
