import { describe, expect, it } from "vitest";
import { notSent } from "../../src/lib/post-webhook.ts";
import type { WebhookEntry } from "../../src/model/webhook.ts";
import type { Tried } from "../../src/notify/post.ts";
import { jobsLeft } from "../../src/notify/retry.ts";

const NOW = 1_700_000_000_000;
const SENT = { at: NOW - 9, url: "https://hooks.example.com/", headers: {} };

const entry = (id: string, body = "{}"): WebhookEntry => ({
  id,
  at: NOW,
  event: "bounce_all",
  body,
  error: "",
});
const good = (id: string): Tried => ({
  entry: entry(id),
  outcome: { status: 200, error: null, sent: SENT, answer: "", retryAfterMs: null, ms: 1 },
});
const bad = (id: string, retryAfterMs: number | null = null): Tried => ({
  entry: entry(id),
  outcome: { status: 500, error: "answered 500", sent: SENT, answer: "no", retryAfterMs, ms: 1 },
});
const untried = (id: string): Tried => ({ entry: entry(id), outcome: null });

function left(tried: readonly Tried[], triesBefore = 0) {
  let ids = 0;
  const round = { webhookId: "w", now: NOW, triesBefore, random: () => 0.5 };
  const jobs = jobsLeft(tried, { ...round, newId: () => `job-${++ids}` });
  return jobs.map(({ dueAt, tries, entries }) => ({
    due: dueAt === null ? null : dueAt - NOW,
    tries,
    ids: entries.map(({ id }) => id),
  }));
}

describe("jobsLeft", () => {
  it("keeps nothing of a round that succeeded", () => {
    expect(left([good("a"), good("b")])).toEqual([]);
    expect(left([])).toEqual([]);
  });

  it("keeps failures together, and those that asked for time apart", () => {
    expect(left([bad("a"), good("b"), bad("c"), bad("d", 30_000), bad("e", 60_000)])).toEqual([
      { due: 5_000, tries: 1, ids: ["a", "c"] },
      { due: 60_000, tries: 1, ids: ["d", "e"] },
    ]);
  });

  it("does not count a try for what was not tried", () => {
    expect(left([bad("a"), untried("b")], 3)).toEqual([
      { due: 0, tries: 3, ids: ["b"] },
      { due: 2 * 3_600_000, tries: 4, ids: ["a"] },
    ]);
  });

  it("remembers the last try of what failed, and forgets an earlier one when nothing was sent", () => {
    const round = { webhookId: "w", now: NOW, triesBefore: 0, random: () => 0.5, newId: () => "j" };
    const [job] = jobsLeft([bad("a")], round);
    const last = { at: SENT.at, url: SENT.url, status: 500, ms: 1, answer: "no" };
    expect(job?.entries).toEqual([{ ...entry("a"), error: "answered 500", last }]);
    const outcome = { ...notSent("the host name is gone") };
    const [next] = jobsLeft([{ entry: { ...entry("a"), last }, outcome }], round);
    expect(next?.entries).toEqual([{ ...entry("a"), error: "the host name is gone" }]);
  });

  it("exhausts after the tenth try, whatever Retry-After says", () => {
    expect(left([bad("a"), bad("b", 1_000)], 9)).toEqual([
      { due: null, tries: 10, ids: ["a"] },
      { due: null, tries: 10, ids: ["b"] },
    ]);
  });

  it("keeps the last error with the entry", () => {
    const round = { webhookId: "w", now: NOW, triesBefore: 0, random: () => 0.5 };
    const [job] = jobsLeft([bad("a")], { ...round, newId: () => "job" });
    expect(job?.entries[0]?.error).toBe("answered 500");
  });

  it("splits what does not fit into one row", () => {
    const many = Array.from({ length: 250 }, (_, index) => bad(String(index)));
    expect(left(many).map(({ ids }) => ids.length)).toEqual([100, 100, 50]);
    const wide = Array.from({ length: 5 }, (_, index) => ({
      ...bad(String(index)),
      entry: entry(String(index), "x".repeat(150_000)),
    }));
    expect(left(wide).map(({ ids }) => ids.length)).toEqual([2, 2, 1]);
  });
});
