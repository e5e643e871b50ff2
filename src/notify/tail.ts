// Reads the event log from an endpoint's cursor, posts what it subscribed to, keeps what failed. Works
// in passes: read in one round trip, post for some seconds, commit once. A pass that dies before its
// commit is done again, with the same webhook-ids.
import type { App } from "../app.ts";
import { barrier } from "../lib/barrier.ts";
import { checkUrl } from "../lib/public-address.ts";
import { SECRET_LOST, signingSecrets, type Webhook, type WebhookJob } from "../model/webhook.ts";
import type { ToldRow } from "../store/event.ts";
import { lettersOf } from "../store/message.ts";
import { commitPass, readLogPiece, readTailWork, type TailWork } from "../store/webhook-job.ts";
import { type Destination, postEntries, type Tried } from "./post.ts";
import { entriesFrom, type LogEntry, reached } from "./reading.ts";
import { jobsLeft } from "./retry.ts";
import { afterwards, verdict } from "./verdict.ts";

/** One invocation works so long, then its alarm rings again. */
const RUN_MS = 20_000;

/** New posts are started for so long in a pass: what was answered is committed soon. */
const PASS_MS = 4_000;

/** The platform allows 1,000 subrequests an invocation; a pass may add some 350 posts to these. */
const POSTS_A_RUN = 500;

/** The platform allows 6 connections at a time; one stays free for D1 and DNS. */
const IN_FLIGHT = 5;

/** Of these, retries and replays get two while fresh events wait too: neither starves the other. */
const IN_FLIGHT_RETRIES = 2;

/**
 * Works for one endpoint. Answers when to look again (epoch ms), null for not before a wake-up, or
 * "gone" when there is no such endpoint.
 */
export async function runTail(app: App, webhookId: string): Promise<number | null | "gone"> {
  const end = app.now() + RUN_MS;
  let posts = 0;
  while (app.now() < end && posts < POSTS_A_RUN) {
    const work = await readTailWork(app.db, webhookId, app.now());
    if (!work) return "gone";
    if (work.webhook.state === "disabled") return null;
    if (work.jobs.length === 0 && work.log.length === 0) return work.nextDueAt;
    const pass = await runPass(app, work);
    if (pass.disabled) return null;
    posts += pass.posts;
  }
  return app.now();
}

type PassEnd = { readonly posts: number; readonly disabled: boolean };

/** A due job and what it asks to post: its own entries, or a piece of the log. */
type Asked = {
  readonly job: WebhookJob;
  readonly piece: readonly LogEntry[];
  readonly end: number;
};

async function runPass(app: App, work: TailWork): Promise<PassEnd> {
  const { webhook } = work;
  const fresh = await entriesOfLog(app, webhook, work.log);
  const asked = await Promise.all(work.jobs.map((job) => ask(app, webhook, job)));
  const kept = asked.flatMap(({ piece }) => piece);
  const posted = await postBoth(app, webhook, { fresh, kept });
  await barrier(app.config.faultPlan, "C13");

  const now = app.now();
  const round = { webhookId: webhook.id, now, newId: app.newId, random: app.random };
  const judged = verdict(webhook, [...posted.fresh, ...posted.kept], now);
  const read = reached(fresh, posted.fresh, work.log.at(-1)?.position ?? webhook.cursor);
  const jobs = afterwards(asked, posted.kept, round);
  const spilled = jobsLeft(read.handled, { ...round, triesBefore: 0 });
  await commitPass(app.db, {
    webhookId: webhook.id,
    now,
    cursor: read.position > webhook.cursor ? read.position : null,
    failingSince: judged.failingSince,
    disable: judged.disable,
    changed: jobs.changed,
    finished: jobs.finished,
    added: [...jobs.added, ...spilled],
  });
  if (judged.failed > 0) {
    app.log("warn", "webhook.failed", { webhook: webhook.id, failed: judged.failed });
  }
  if (judged.disable !== null) {
    app.log("warn", "webhook.disabled", { webhook: webhook.id, reason: judged.disable });
  }
  return { posts: judged.posts, disabled: judged.disable !== null };
}

/** What a due job asks for. A range is read from the log a piece at a time. */
async function ask(app: App, webhook: Webhook, job: WebhookJob): Promise<Asked> {
  if (job.range === null) {
    return { job, piece: job.entries.map((entry) => ({ position: 0, entry })), end: 0 };
  }
  const log = await readLogPiece(app.db, job.range);
  const piece = await entriesOfLog(app, webhook, log);
  return { job, piece, end: log.at(-1)?.position ?? job.range.to };
}

/** The entries of log rows; only a format that tells of the message itself costs a look at it. */
async function entriesOfLog(
  app: App,
  webhook: Webhook,
  log: readonly ToldRow[],
): Promise<readonly LogEntry[]> {
  const ids = log.flatMap(({ events }) => events.map(({ messageId }) => messageId));
  const asks = webhook.format === "kasapost" && ids.length > 0;
  const letters = asks ? await lettersOf(app.db, [...new Set(ids)]) : new Map();
  return entriesFrom(log, webhook, letters);
}

type Both<T> = { readonly fresh: T; readonly kept: T };

/** Posts fresh events and kept ones side by side, each within the time of a pass. */
async function postBoth(
  app: App,
  webhook: Webhook,
  entries: Both<readonly LogEntry[]>,
): Promise<Both<readonly Tried[]>> {
  const both = entries.fresh.length > 0 && entries.kept.length > 0;
  if (entries.fresh.length + entries.kept.length === 0) return { fresh: [], kept: [] };
  const destination = await destinationOf(app, webhook);
  const until = app.now() + PASS_MS;
  let gone = false;
  const limits = {
    goOn: () => !gone && app.now() < until,
    onOutcome(outcome: { readonly status: number | null }) {
      if (outcome.status === 410) gone = true;
    },
  };
  const retries = both ? IN_FLIGHT_RETRIES : IN_FLIGHT;
  const [fresh, kept] = await Promise.all([
    postEntries(app, destination, entriesOf(entries.fresh), {
      ...limits,
      inFlight: both ? IN_FLIGHT - IN_FLIGHT_RETRIES : IN_FLIGHT,
    }),
    postEntries(app, destination, entriesOf(entries.kept), { ...limits, inFlight: retries }),
  ]);
  return { fresh, kept };
}

/** The URL is judged anew for each pass: its name may lead elsewhere than when it was saved. */
async function destinationOf(app: App, webhook: Webhook): Promise<Destination> {
  const judged = await checkUrl(app, webhook.url);
  if (!judged.ok) return { refused: judged.error.reason };
  const secrets = await signingSecrets(app.config.encryptionKey, webhook, app.now());
  if (secrets.length === 0) return { refused: SECRET_LOST };
  return { url: webhook.url, secrets, refused: null };
}

function entriesOf(some: readonly LogEntry[]): LogEntry["entry"][] {
  return some.map(({ entry }) => entry);
}
