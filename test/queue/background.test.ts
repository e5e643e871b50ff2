// Background work: what a batch of wake-ups asks for is done once, and the sweeper wakes what nobody woke.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { workOnExports } from "../../src/export/work.ts";
import { workInBackground } from "../../src/queue/background.ts";
import { workOnErasures } from "../../src/queue/erase.ts";
import { sweep } from "../../src/queue/sweep.ts";
import { exportWorld, filesLeft, givenEvents } from "../support/export-world.ts";
import { emptyBlobs } from "../support/past.ts";
import { countOf, emptyLedger } from "../support/ledger.ts";
import { ask, givenKey, ownClock, testApp } from "../support/world.ts";

const DAY = 24 * 60 * 60 * 1000;
const EXPORTS = { kind: "background", work: "exports" } as const;

describe("a batch of wake-ups", () => {
  it("does each kind once, and nothing for others", async () => {
    let runs = 0;
    const work = () => Promise.resolve(void (runs += 1));
    const workers = { exports: work, erasures: work, contacts: work, imports: work };
    await workInBackground(testApp(), [EXPORTS, { kind: "events" }, EXPORTS], workers);
    expect(runs).toBe(1);
    await workInBackground(testApp(), [{ kind: "lane", lane: "marketing" }], workers);
    expect(runs).toBe(1);
  });

  it("is brought again by the queue when one kind could not be done; the others were", async () => {
    const logged: string[] = [];
    const app = testApp({ log: (_level, event) => void logged.push(event) });
    let exported = 0;
    const workers = {
      erasures: () => Promise.reject(new Error("D1 is down")),
      exports: () => Promise.resolve(void (exported += 1)),
      contacts: () => Promise.resolve(),
      imports: () => Promise.resolve(),
    };
    const jobs = [EXPORTS, { kind: "background", work: "erasures" }] as const;
    await expect(workInBackground(app, jobs, workers)).rejects.toThrow("D1 is down");
    expect([logged, exported]).toEqual([["background_failed"], 1]);
  });
});

describe("the sweep", () => {
  it("wakes erasures that have something to do, and lets those wait that must", async () => {
    await emptyLedger();
    const woken: string[] = [];
    const background = (work: string) => Promise.resolve(void woken.push(work));
    const clock = ownClock(Date.UTC(2026, 10, 21, 10));
    const plain = testApp({ now: clock.now, log: () => undefined });
    const app = { ...plain, wake: { ...plain.wake, background } };
    const { secret } = await givenKey();
    await sweep(app);
    await ask(app, "DELETE", "/v1/recipients/ann@example.com", { key: secret });
    await app.idle();
    expect(woken.splice(0)).toEqual(["erasures"]);
    await sweep(app);
    expect(woken.splice(0)).toEqual(["erasures"]);
    await workOnErasures(app);
    await sweep(app);
    expect(woken).toEqual([]);
    clock.advance(60_000);
    await sweep(app);
    expect(woken.splice(0)).toEqual(["erasures"]);
    await workOnErasures(app);
    await sweep(app);
    expect(woken).toEqual([]);
    // Else the ledger reminds the next test of it.
    await emptyBlobs();
  });

  it("wakes exports that wait, also those whose maker died, and none that are under way or done", async () => {
    const woken: string[] = [];
    const world = await exportWorld();
    const background = (work: string) => Promise.resolve(void woken.push(work));
    const app = { ...world.app, wake: { ...world.app.wake, background } };
    await sweep(app);
    expect(woken).toEqual([]);
    await world.order({ kind: "events", format: "csv" });
    await sweep(app);
    expect(woken).toEqual(["exports"]);
    await env.DB.prepare("update exports set state = 'running', lease_until = ?1")
      .bind(world.clock.now() + 1)
      .run();
    await sweep(app);
    expect(woken).toHaveLength(1);
    world.clock.advance(1);
    await sweep(app);
    expect(woken).toHaveLength(2);
    await world.drain();
    await sweep(app);
    expect(woken).toHaveLength(2);
  });

  it("removes what has expired, file and row, and not a minute earlier", async () => {
    const world = await exportWorld();
    await givenEvents(10);
    const { id } = await world.order({ kind: "events", format: "csv" });
    await world.drain();
    const expires = Date.parse((await world.get(id)).expires_at);
    world.clock.advance(expires - world.clock.now() - 1);
    await sweep(world.app);
    expect([(await filesLeft()).length, await countOf("exports")]).toEqual([1, 1]);
    world.clock.advance(1);
    await sweep(world.app);
    expect([(await filesLeft()).length, await countOf("exports")]).toEqual([0, 0]);
  });

  it("removes one that was cancelled while R2 did not answer, and its parts", async () => {
    const world = await exportWorld();
    await givenEvents(1_300, { characters: 4_000 });
    await world.order({ kind: "events", format: "csv" });
    world.r2.plan({ on: ({ name }) => name === "complete", mode: "before" });
    await workOnExports(world.app);
    await env.DB.prepare("update exports set state = 'cancelled'").run();
    world.r2.plan({ on: ({ name }) => name === "abort", mode: "before" });
    await expect(sweep(world.app)).rejects.toThrow("injected");
    expect(await countOf("exports")).toBe(1);
    world.r2.plan(null);
    await sweep(world.app);
    expect([await filesLeft(), await countOf("exports")]).toEqual([[], 0]);
  });

  it("looks once an hour for objects that no export holds", async () => {
    const world = await exportWorld();
    await givenEvents(10);
    await world.order({ kind: "events", format: "csv" });
    await world.drain();
    const [kept = ""] = await filesLeft();
    await env.CONTENT.put(`${kept}-rest`, "x");
    await env.CONTENT.put("exports/0194dfd7-1111-7000-8000-000000000001/x", "x");
    await sweep(world.app);
    expect(await filesLeft()).toHaveLength(3);
    const at = Math.floor(world.clock.now() / DAY) * DAY + 23 * 60 * 60 * 1000 + 17 * 60 * 1000;
    world.clock.advance(at - world.clock.now());
    await sweep(world.app);
    expect(await filesLeft()).toEqual([kept]);
  });
});
