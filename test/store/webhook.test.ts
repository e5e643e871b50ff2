import { beforeEach, describe, expect, it } from "vitest";
import type { App } from "../../src/app.ts";
import { signingSecrets, type WebhookEntry, type WebhookJob } from "../../src/model/webhook.ts";
import { commitPass, type PassOutcome, readTailWork } from "../../src/store/webhook-job.ts";
import { readProgress } from "../../src/store/webhook-progress.ts";
import { listFailures } from "../../src/store/webhook-failure.ts";
import { findEvent, insertReplay, insertRetry, retryKept } from "../../src/store/webhook-replay.ts";
import {
  deleteWebhook,
  endpointsToWake,
  findWebhook,
  insertWebhook,
  followersOfLog,
  listWebhooks,
  rotateSecret,
  updateWebhook,
} from "../../src/store/webhook.ts";
import { seal } from "../../src/lib/seal.ts";
import {
  anEvent,
  emptyTables,
  jobsOf,
  logEvents,
  putWebhook,
  stored,
  testApp,
} from "../notify/world.ts";

const NOW = 1_760_000_000_000;
const URL_1 = "https://hooks.example.com/one";

let app: App;
beforeEach(async () => {
  await emptyTables();
  app = testApp({ now: () => NOW });
});

const entry = (id: string, body = "{}"): WebhookEntry => ({
  id,
  at: NOW,
  event: "bounce_all",
  body,
  error: "answered 500",
});

/** A pass that changed nothing but what is given. */
const pass = (webhookId: string, changes: Partial<PassOutcome> = {}): PassOutcome => ({
  webhookId,
  now: NOW,
  cursor: null,
  failingSince: null,
  disable: null,
  changed: [],
  finished: [],
  added: [],
  ...changes,
});

const jobOf = (webhookId: string, changes: Partial<WebhookJob> = {}): WebhookJob => ({
  id: app.newId(),
  webhookId,
  dueAt: NOW + 5_000,
  tries: 1,
  entries: [entry("e1")],
  range: null,
  ...changes,
});

describe("webhooks", () => {
  it("start at the head of the log", async () => {
    expect((await putWebhook(app, URL_1)).cursor).toBe(0);
    const head = await logEvents([anEvent(NOW)]);
    expect((await putWebhook(app, URL_1)).cursor).toBe(head);
  });

  it("are at most so many", async () => {
    const row = { url: URL_1, events: null, format: "kasplo" as const, sealedSecret: "x" };
    const put = () => insertWebhook(app.db, { ...row, id: app.newId(), createdAt: NOW }, 2);
    expect([await put(), await put(), await put()].map((made) => made !== null)).toEqual([
      true,
      true,
      false,
    ]);
    expect(await listWebhooks(app.db)).toHaveLength(2);
  });

  it("change only in what is given", async () => {
    const made = await putWebhook(app, URL_1, ["click"]);
    const now = NOW + 1;
    const moved = await updateWebhook(app.db, { id: made.id, url: "https://b.example/", now });
    expect(moved).toMatchObject({ url: "https://b.example/", events: ["click"], updatedAt: now });
    const all = await updateWebhook(app.db, { id: made.id, events: null, now });
    expect(all).toMatchObject({ url: "https://b.example/", events: null, state: "enabled" });
    const off = await updateWebhook(app.db, { id: made.id, state: "disabled", now });
    expect(off).toMatchObject({ state: "disabled", disabledReason: "disabled by request" });
    expect(await updateWebhook(app.db, { id: "none", now })).toBeNull();
  });

  it("exhaust what waits when they are disabled, and forget replays", async () => {
    const made = await putWebhook(app, URL_1);
    await commitPass(app.db, pass(made.id, { added: [jobOf(made.id)] }));
    await insertReplay(app.db, {
      jobId: app.newId(),
      webhookId: made.id,
      from: 0,
      to: NOW,
      now: NOW,
    });
    await updateWebhook(app.db, { id: made.id, state: "disabled", now: NOW });
    expect(await jobsOf(made.id)).toMatchObject([{ due_at: null, tries: 1 }]);
  });

  it("keep their cursor when they are enabled already", async () => {
    const made = await putWebhook(app, URL_1);
    await logEvents([anEvent(NOW)]);
    const same = await updateWebhook(app.db, { id: made.id, state: "enabled", now: NOW });
    expect(same?.cursor).toBe(made.cursor);
  });

  it("sign with both secrets for a day after a rotation, then with the new one", async () => {
    const made = await putWebhook(app, URL_1);
    const sealedSecret = await seal(app.config.encryptionKey, `webhook:${made.id}`, "whsec_bmV3");
    const previousUntil = NOW + 1_000;
    const rotated = await rotateSecret(app.db, {
      id: made.id,
      sealedSecret,
      previousUntil,
      now: NOW,
    });
    if (!rotated) throw new Error("not found");
    const secrets = (now: number) => signingSecrets(app.config.encryptionKey, rotated, now);
    expect(await secrets(NOW + 999)).toEqual(["whsec_bmV3", made.secret]);
    expect(await secrets(NOW + 1_000)).toEqual(["whsec_bmV3"]);
    expect(rotated.sealedSecret).not.toContain("bmV3");
  });

  it("go with everything that waits for them", async () => {
    const [made, other] = [await putWebhook(app, URL_1), await putWebhook(app, URL_1)];
    await commitPass(app.db, pass(made.id, { added: [jobOf(made.id)] }));
    await commitPass(app.db, pass(other.id, { added: [jobOf(other.id)] }));
    expect(await deleteWebhook(app.db, made.id)).toBe(true);
    expect(await deleteWebhook(app.db, made.id)).toBe(false);
    expect(await findWebhook(app.db, made.id)).toBeNull();
    expect(await jobsOf(made.id)).toEqual([]);
    expect(await jobsOf(other.id)).toHaveLength(1);
  });
});

describe("endpointsToWake", () => {
  it("names those behind the log and those with a job that is due, unless disabled", async () => {
    const behind = await putWebhook(app, URL_1);
    const off = await putWebhook(app, URL_1);
    await updateWebhook(app.db, { id: off.id, state: "disabled", now: NOW });
    const head = await logEvents([anEvent(NOW)]);
    const due = await putWebhook(app, URL_1);
    await commitPass(app.db, pass(due.id, { cursor: head, added: [jobOf(due.id)] }));
    expect(await endpointsToWake(app.db, NOW)).toEqual([behind.id]);
    expect(await endpointsToWake(app.db, NOW + 5_000)).toEqual([behind.id, due.id]);
    expect((await followersOfLog(app.db, app.now())).webhookIds).toEqual([behind.id, due.id]);
  });

  it("names nobody when the log is empty", async () => {
    await putWebhook(app, URL_1);
    expect(await endpointsToWake(app.db, NOW)).toEqual([]);
  });
});

describe("commitPass", () => {
  it("never moves the cursor back", async () => {
    const made = await putWebhook(app, URL_1);
    await commitPass(app.db, pass(made.id, { cursor: 100 }));
    await commitPass(app.db, pass(made.id, { cursor: 50, failingSince: NOW }));
    expect(await stored(app, made.id)).toMatchObject({ cursor: 100, failingSince: NOW });
  });

  it("changes nothing the second time", async () => {
    const made = await putWebhook(app, URL_1);
    const outcome = pass(made.id, { cursor: 7, failingSince: NOW, added: [jobOf(made.id)] });
    await commitPass(app.db, outcome);
    await commitPass(app.db, outcome);
    expect(await jobsOf(made.id)).toHaveLength(1);
  });

  it("keeps failures of an endpoint that was disabled meanwhile, waiting for nothing", async () => {
    const made = await putWebhook(app, URL_1);
    await updateWebhook(app.db, { id: made.id, state: "disabled", now: NOW });
    await commitPass(app.db, pass(made.id, { added: [jobOf(made.id)] }));
    expect(await jobsOf(made.id)).toMatchObject([{ due_at: null }]);
    expect((await stored(app, made.id)).state).toBe("disabled");
  });

  it("leaves nothing behind for an endpoint that was deleted meanwhile", async () => {
    const made = await putWebhook(app, URL_1);
    await deleteWebhook(app.db, made.id);
    await commitPass(app.db, pass(made.id, { cursor: 5, added: [jobOf(made.id)] }));
    expect(await jobsOf(made.id)).toEqual([]);
  });
});

describe("readTailWork", () => {
  it("reads a bounded piece of a large log", async () => {
    const made = await putWebhook(app, URL_1);
    for (let row = 0; row < 6; row++) {
      await logEvents(Array.from({ length: 100 }, () => anEvent(NOW)));
    }
    const work = await readTailWork(app.db, made.id, NOW);
    const events = work?.log.flatMap((row) => row.events) ?? [];
    expect(events.length).toBeGreaterThanOrEqual(100);
    expect(events.length).toBeLessThan(500);
  });

  it("tells when the next job is due", async () => {
    const made = await putWebhook(app, URL_1);
    await commitPass(app.db, pass(made.id, { added: [jobOf(made.id)] }));
    expect(await readTailWork(app.db, made.id, NOW)).toMatchObject({
      jobs: [],
      nextDueAt: NOW + 5_000,
    });
    expect(await readTailWork(app.db, made.id, NOW + 5_000)).toMatchObject({
      jobs: [{ tries: 1, entries: [entry("e1")], range: null }],
      nextDueAt: null,
    });
    expect(await readTailWork(app.db, "none", NOW)).toBeNull();
  });
});

describe("failures and replays", () => {
  it.each([
    ["asc", ["a1", "b1", "c1", "d10", "e10"]],
    ["desc", ["e10", "d10", "c1", "b1", "a1"]],
  ] as const)("are listed page by page, in order (%s)", async (order, expected) => {
    const made = await putWebhook(app, URL_1);
    const ids = ["a", "b", "c", "d", "e"];
    const jobs = [
      jobOf(made.id, { entries: ids.slice(0, 3).map((id) => entry(id)) }),
      jobOf(made.id, { entries: ids.slice(3).map((id) => entry(id)), dueAt: null, tries: 10 }),
    ];
    await commitPass(app.db, pass(made.id, { added: jobs }));
    const seen: string[] = [];
    let after: Parameters<typeof listFailures>[1]["after"] = null;
    do {
      const page = await listFailures(app.db, { webhookId: made.id, order, after, limit: 2 });
      seen.push(...page.failures.map(({ entry: { id }, tries }) => `${id}${tries}`));
      after = page.next;
    } while (after);
    expect(seen).toEqual(expected);
  });

  it("move a kept event into a job of its own with exactly its bytes", async () => {
    const made = await putWebhook(app, URL_1);
    const body = '{"message":"Grüße \\"x\\" \\u2028 🎉 1.0e5/é"}';
    const kept = jobOf(made.id, {
      entries: [entry("a"), entry("b", body)],
      dueAt: null,
      tries: 10,
    });
    await commitPass(app.db, pass(made.id, { added: [kept] }));
    const ask = { webhookId: made.id, eventId: "b", now: NOW };
    expect(await retryKept(app.db, { ...ask, jobId: app.newId() })).toBe(true);
    const work = await readTailWork(app.db, made.id, NOW);
    expect(work?.jobs).toMatchObject([{ tries: 0, entries: [entry("b", body)] }]);
    expect(await jobsOf(made.id)).toHaveLength(2);
    expect(await retryKept(app.db, { ...ask, eventId: "a", jobId: app.newId() })).toBe(true);
    expect(await jobsOf(made.id)).toMatchObject([{ tries: 0 }, { tries: 0 }]);
    expect(await retryKept(app.db, { ...ask, eventId: "zz", jobId: app.newId() })).toBe(false);
  });

  it("are counted up to a bound, which is told", async () => {
    const made = await putWebhook(app, URL_1);
    const waiting = Array.from({ length: 99 }, () => jobOf(made.id, { entries: [entry("a")] }));
    const exhausted = jobOf(made.id, { entries: [entry("b"), entry("c")], dueAt: null, tries: 10 });
    await commitPass(app.db, pass(made.id, { added: [exhausted, ...waiting] }));
    const counts = { waiting: 99, exhausted: 2, isAll: true, nextTryAt: NOW + 5_000 };
    expect(await readProgress(app.db, made.id)).toMatchObject({ ...counts, replays: [] });
    await commitPass(app.db, pass(made.id, { added: [jobOf(made.id, { entries: [entry("d")] })] }));
    const bounded = { waiting: 100, exhausted: 0, isAll: false };
    expect(await readProgress(app.db, made.id)).toMatchObject(bounded);
    expect(await readProgress(app.db, "none")).toBeNull();
  });

  it("find an event of the log by its id alone", async () => {
    const events = [anEvent(NOW), anEvent(NOW, "bounce_all"), anEvent(NOW + 50)];
    await logEvents(events.slice(0, 2));
    await logEvents(events.slice(2));
    for (const event of events) expect(await findEvent(app.db, event.id)).toEqual(event);
    expect(await findEvent(app.db, anEvent(NOW).id)).toBeNull();
  });

  it("leave to the cursor what it has not reached", async () => {
    const made = await putWebhook(app, URL_1);
    await commitPass(app.db, pass(made.id, { cursor: NOW * 1000 + 5 }));
    const ask = { webhookId: made.id, now: NOW, from: NOW - 10, to: NOW + 10 };
    await insertReplay(app.db, { ...ask, jobId: app.newId() });
    const work = await readTailWork(app.db, made.id, NOW);
    expect(work?.jobs).toMatchObject([
      { range: { from: (NOW - 10) * 1000 - 1, to: NOW * 1000 + 5 }, entries: [] },
    ]);
  });

  it("ask for one entry at once", async () => {
    const made = await putWebhook(app, URL_1);
    await insertRetry(app.db, {
      jobId: app.newId(),
      webhookId: made.id,
      entry: entry("x"),
      now: NOW,
    });
    expect((await readTailWork(app.db, made.id, NOW))?.jobs).toMatchObject([
      { tries: 0, entries: [entry("x")] },
    ]);
  });
});
