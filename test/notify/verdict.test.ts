import { describe, expect, it } from "vitest";
import { notSent } from "../../src/lib/post-webhook.ts";
import type { Webhook, WebhookJob } from "../../src/model/webhook.ts";
import type { Tried } from "../../src/notify/post.ts";
import { reached } from "../../src/notify/reading.ts";
import { afterwards, verdict } from "../../src/notify/verdict.ts";

const NOW = 1_700_000_000_000;
const DAY = 24 * 3_600_000;

const WEBHOOK: Webhook = {
  id: "w",
  url: "https://hooks.example.com/",
  events: null,
  format: "kasplo",
  sealedSecret: "",
  sealedPrevious: null,
  previousUntil: null,
  cursor: 0,
  state: "enabled",
  disabledReason: null,
  failingSince: null,
  createdAt: 0,
  updatedAt: 0,
};

const tried = (status: number | null, id = "e"): Tried => ({
  entry: { id, at: NOW, event: "bounce_all", body: "{}", error: "" },
  outcome:
    status === null
      ? null
      : { ...notSent(""), status, error: status < 300 ? null : `answered ${status}` },
});

describe("verdict", () => {
  const failingSince = NOW - 5 * DAY;

  it.each([
    ["a success", null, [200], { failingSince: null, disable: null, failed: 0, posts: 1 }],
    ["a first failure", null, [500], { failingSince: NOW, disable: null, failed: 1, posts: 1 }],
    ["a later failure", NOW - DAY, [500], { failingSince: NOW - DAY, disable: null }],
    [
      "one success among failures",
      failingSince,
      [500, 204, 500],
      { failingSince: null, failed: 2 },
    ],
    ["nothing tried", NOW - DAY, [null], { failingSince: NOW - DAY, posts: 0, disable: null }],
    ["failures 1 ms short of 5 days", failingSince + 1, [500], { disable: null }],
    ["5 days of nothing tried", failingSince, [], { disable: null }],
    ["410 among successes", null, [200, 410], { disable: "the receiver answered 410 Gone" }],
  ])("judges %s", (_what, since, statuses, expected) => {
    const round = statuses.map((status) => tried(status));
    expect(verdict({ ...WEBHOOK, failingSince: since }, round, NOW)).toMatchObject(expected);
  });

  it("gives up after 5 days of failures only", () => {
    const { disable } = verdict({ ...WEBHOOK, failingSince }, [tried(500)], NOW);
    expect(disable).toBe("every try has failed since 2023-11-09T22:13:20.000Z");
  });
});

const at = (position: number, id: string) => ({ position, entry: tried(200, id).entry });

const outcomes = (...statuses: readonly (number | null)[]) =>
  statuses.map((status, index) => tried(status, "abcde"[index]));

describe("reached", () => {
  const entries = [at(1, "a"), at(1, "b"), at(4, "c"), at(4, "d"), at(7, "e")];

  it("is the end of the log when all was tried, also when nothing had to be", () => {
    expect(reached(entries, outcomes(200, 500, 200, 200, 200), 9).position).toBe(9);
    expect(reached([], [], 9)).toEqual({ position: 9, handled: [] });
  });

  it("leaves rows that were not begun, and takes over the rest of the one that was", () => {
    const round = outcomes(200, 200, 200, null, null);
    const { position, handled } = reached(entries, round, 9);
    expect(position).toBe(4);
    expect(handled.map(({ entry }) => entry.id)).toEqual(["a", "b", "c", "d"]);
  });

  it("ends with a row that was tried to its end", () => {
    const { position, handled } = reached(entries, outcomes(200, 200, null, null, null), 9);
    expect(position).toBe(1);
    expect(handled).toHaveLength(2);
  });
});

describe("afterwards", () => {
  const job = (id: string, range: WebhookJob["range"] = null): WebhookJob => ({
    id,
    webhookId: "w",
    dueAt: NOW,
    tries: 1,
    entries: [],
    range,
  });
  const round = { webhookId: "w", now: NOW, newId: () => "new", random: () => 0.5 };

  it("finishes a job whose entries all got through, and keeps the failures of another in it", () => {
    const asked = [
      { job: job("j1"), piece: [at(0, "a")], end: 0 },
      { job: job("j2"), piece: [at(0, "b"), at(0, "c")], end: 0 },
    ];
    const left = afterwards(asked, [tried(200, "a"), tried(500, "b"), tried(200, "c")], round);
    expect(left.finished).toEqual(["j1"]);
    expect(left.changed).toMatchObject([{ id: "j2", tries: 2, entries: [{ id: "b" }] }]);
    expect(left.added).toEqual([]);
  });

  it("leaves a job alone that was not begun", () => {
    const asked = [{ job: job("j1"), piece: [at(0, "a")], end: 0 }];
    const left = afterwards(asked, [tried(null, "a")], round);
    expect(left).toEqual({ changed: [], finished: [], added: [] });
  });

  it("moves a range on, keeps its failures apart, and finishes it at its end", () => {
    const range = { from: 0, to: 9 };
    const piece = [at(3, "a"), at(5, "b")];
    const some = afterwards(
      [{ job: job("r", range), piece, end: 6 }],
      [tried(200), tried(500)],
      round,
    );
    expect(some.changed).toMatchObject([{ id: "r", range: { from: 6, to: 9 }, tries: 1 }]);
    expect(some.added).toMatchObject([{ id: "new", tries: 1, entries: [{ id: "e" }] }]);
    const empty = afterwards([{ job: job("r", range), piece: [], end: 9 }], [], round);
    expect(empty).toEqual({ changed: [], finished: ["r"], added: [] });
  });
});
