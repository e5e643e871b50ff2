// Wake-ups: what is put on which queue, and which queue messages are understood.
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

describe("wakeOver", () => {
  it("tells each lane, endpoints and background work over a queue of its own", async () => {
    const transactional: unknown[] = [];
    const marketing: unknown[] = [];
    const webhook: unknown[] = [];
    const background: unknown[] = [];
    const wake = wakeOver({
      lanes: { transactional: queueOf(transactional), marketing: queueOf(marketing) },
      webhook: queueOf(webhook),
      jobs: queueOf(background),
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
    const wake = wakeOver({
      lanes: { transactional: down, marketing: down },
      webhook: down,
      jobs: down,
    });
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
