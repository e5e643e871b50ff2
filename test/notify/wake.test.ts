// A batch of the webhooks queue: which objects of endpoints are woken, each once.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { Job } from "../../src/model/job.ts";
import { wakeEndpoints } from "../../src/notify/wake.ts";
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
  await wakeEndpoints(app, jobs);
  return { woken: woken.toSorted(), calls: d1.calls().length };
}

describe("wakeEndpoints", () => {
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
    await expect(wakeEndpoints(app, [{ kind: "events" }])).rejects.toThrow("down");
  });
});
