// Wake-ups: what is put on which queue, and which queue messages are understood.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Job } from "../../src/model/job.ts";
import { parseJob, wakeOver } from "../../src/queue/wake.ts";

/** A queue that keeps what it is sent, or refuses it. */
function queueOf(sent: unknown[], refuse = false): Queue<Job> {
  const unknown = () => Promise.reject(new Error("not used"));
  return {
    send(job, options) {
      if (refuse) return Promise.reject(new Error("queue down"));
      sent.push([job, options?.delaySeconds ?? 0]);
      return Promise.resolve({ metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } });
    },
    sendBatch: unknown,
    metrics: unknown,
  };
}

/** A world in which nothing waits for anything. */
const STILL = { now: () => 0, wait: () => Promise.resolve() };

describe("wakeOver", () => {
  it("tells each lane, endpoints and background work over a queue of its own", async () => {
    const transactional: unknown[] = [];
    const marketing: unknown[] = [];
    const webhook: unknown[] = [];
    const background: unknown[] = [];
    const wake = wakeOver({
      queues: {
        lanes: { transactional: queueOf(transactional), marketing: queueOf(marketing) },
        webhook: queueOf(webhook),
        jobs: queueOf(background),
      },
      ...STILL,
    });
    await wake.lane("transactional");
    await wake.lane("marketing", 90);
    await wake.events();
    await wake.endpoint("id");
    await wake.background("exports");
    expect(background).toEqual([[{ kind: "background", work: "exports" }, 0]]);
    expect(transactional).toEqual([[{ kind: "lane", lane: "transactional" }, 0]]);
    expect(marketing).toEqual([[{ kind: "lane", lane: "marketing" }, 90]]);
    expect(webhook).toEqual([
      [{ kind: "events" }, 0],
      [{ kind: "endpoint", webhookId: "id" }, 0],
    ]);
    const jobs = [...transactional, ...marketing, ...webhook, ...background].map(
      (one) => Array.isArray(one) && parseJob(one[0]),
    );
    expect(jobs.every(Boolean)).toBe(true);
  });

  it("tells its caller when a queue refuses", async () => {
    const down = queueOf([], true);
    const lanes = { transactional: down, marketing: down };
    const wake = wakeOver({ queues: { lanes, webhook: down, jobs: down }, ...STILL });
    const calls = [wake.lane("marketing"), wake.events(), wake.endpoint("id")];
    for (const call of [...calls, wake.background("exports")]) {
      await expect(call).rejects.toThrow("queue down");
    }
  });
});

describe("parseJob", () => {
  it.each([
    null,
    undefined,
    "lane",
    {},
    [],
    { kind: "lane" },
    { kind: "lane", lane: "bulk" },
    { kind: "endpoint" },
    { kind: "endpoint", webhookId: 1 },
    { kind: "background" },
    { kind: "background", work: "laundry" },
    { kind: "delivery", id: "x" },
  ])("does not understand %j of another version", (body) => {
    expect(parseJob(body)).toBeNull();
  });

  it("understands a message that says more than it needs to", () => {
    expect(parseJob({ kind: "events", since: 5 })).toEqual({ kind: "events" });
  });
});

describe("wake-ups that come close together", () => {
  type Event = { readonly at: number; readonly what: "asked" | "sent" };

  /** Asks at these times, in milliseconds, on a clock of its own; answers what happened, in order. */
  async function story(times: readonly number[], isLost: (n: number) => boolean = () => false) {
    let time = 0;
    const events: Event[] = [];
    const sleepers: { readonly until: number; readonly wake: () => void }[] = [];
    const sent: unknown[] = [];
    const queue = queueOf(sent);
    const noted: Queue<Job> = {
      ...queue,
      send(job, options) {
        events.push({ at: time, what: "sent" });
        return queue.send(job, options);
      },
    };
    const wake = wakeOver({
      queues: { lanes: { transactional: noted, marketing: noted }, webhook: noted, jobs: noted },
      now: () => time,
      wait: (ms) => new Promise((wake) => sleepers.push({ until: time + ms, wake })),
    });
    const end = Math.max(...times) + 5_000;
    for (let n = 0; time < end; time++) {
      for (const [index, one] of sleepers.entries()) {
        if (one.until === time && !isLost(index)) one.wake();
      }
      for (; times[n] === time; n++) {
        events.push({ at: time, what: "asked" });
        void wake.lane("transactional");
      }
      await Promise.resolve();
      await Promise.resolve();
    }
    return events;
  }

  it("are sent at once, then once for all that came meanwhile", async () => {
    expect(await story([10, 20, 30, 200])).toEqual([
      { at: 10, what: "asked" },
      { at: 10, what: "sent" },
      { at: 20, what: "asked" },
      { at: 30, what: "asked" },
      { at: 60, what: "sent" },
      { at: 200, what: "asked" },
      { at: 200, what: "sent" },
    ]);
  });

  it("each find one that is sent no earlier than they asked, and no later than 50 ms", async () => {
    const times = fc.array(fc.integer({ min: 0, max: 600 }), { minLength: 1, maxLength: 30 });
    const sorted = times.map((list) => list.toSorted((a, b) => a - b));
    await fc.assert(
      fc.asyncProperty(sorted, async (list) => {
        const events = await story(list);
        for (const [index, { at, what }] of events.entries()) {
          const next = events.slice(index).find((event) => event.what === "sent");
          if (what === "asked") expect(next?.at ?? Infinity).toBeLessThanOrEqual(at + 50);
        }
        const sends = events.filter(({ what }) => what === "sent").length;
        expect(sends).toBeLessThanOrEqual(Math.ceil(600 / 50) + 2);
      }),
      { numRuns: 60 },
    );
  });

  it("are sent by a later one when who waited for them was broken off", async () => {
    const events = await story([10, 20, 30, 1_200], (n) => n === 0);
    expect(events.filter(({ what }) => what === "sent").map(({ at }) => at)).toEqual([10, 1_200]);
  });
});
