// What is kept of a round of posts: the jobs that hold what failed or was not tried. Pure but for the
// ids and the jitter that the caller's world gives.
import type { PostOutcome } from "../lib/post-webhook.ts";
import type { WebhookEntry, WebhookJob } from "../model/webhook.ts";
import { nextWebhookTry } from "./backoff.ts";
import type { Tried } from "./post.ts";

/** Bounds of one job row: far below D1's 2 MB a row, and a round of posts is not much longer. */
const MAX_JOB_ENTRIES = 100;
const MAX_JOB_CHARACTERS = 400_000;

/** The round: whose it was, when, and how often these entries were tried before it. */
export type Round = {
  readonly webhookId: string;
  readonly now: number;
  readonly triesBefore: number;
  readonly newId: () => string;
  readonly random: () => number;
};

/**
 * The jobs that are left of a round: not tried (due now), failed (due by the schedule), failed with a
 * Retry-After (due when the most patient answer asked for). Empty when all succeeded.
 */
export function jobsLeft(tried: readonly Tried[], round: Round): readonly WebhookJob[] {
  const { now, triesBefore } = round;
  const untried = tried.filter(({ outcome }) => outcome === null).map(({ entry }) => entry);
  const failed = tried.flatMap(({ entry, outcome }) =>
    outcome === null || outcome.error === null
      ? []
      : [{ entry: keptAs(entry, outcome, outcome.error), retryAfterMs: outcome.retryAfterMs }],
  );
  const plain = failed.filter((one) => one.retryAfterMs === null);
  const asked = failed.filter((one) => one.retryAfterMs !== null);
  const patience = Math.max(...asked.map((one) => one.retryAfterMs ?? 0));
  const tries = triesBefore + 1;
  return [
    ...toJobs(untried, { tries: triesBefore, dueAt: now }, round),
    ...toJobs(entriesOf(plain), { tries, dueAt: dueAfter(round, null) }, round),
    ...toJobs(entriesOf(asked), { tries, dueAt: dueAfter(round, patience) }, round),
  ];
}

/** An entry after a failed try; of earlier ones nothing is kept. */
function keptAs(
  { id, at, event, body }: WebhookEntry,
  { sent, status, ms, answer }: PostOutcome,
  error: string,
): WebhookEntry {
  const entry = { id, at, event, body, error };
  return sent ? { ...entry, last: { at: sent.at, url: sent.url, status, ms, answer } } : entry;
}

function entriesOf(failed: readonly { readonly entry: WebhookEntry }[]): readonly WebhookEntry[] {
  return failed.map(({ entry }) => entry);
}

function dueAfter(round: Round, retryAfterMs: number | null): number | null {
  const tries = round.triesBefore + 1;
  const next = nextWebhookTry({ tries, retryAfterMs, random: round.random() });
  return next === "exhausted" ? null : round.now + next.delayMs;
}

function toJobs(
  entries: readonly WebhookEntry[],
  state: Pick<WebhookJob, "tries" | "dueAt">,
  round: Round,
): readonly WebhookJob[] {
  return inRows(entries).map((some) => ({
    id: round.newId(),
    webhookId: round.webhookId,
    ...state,
    entries: some,
    range: null,
  }));
}

/** Entries in groups that each fit into a row. */
function inRows(entries: readonly WebhookEntry[]): readonly (readonly WebhookEntry[])[] {
  const groups: WebhookEntry[][] = [];
  let characters = 0;
  for (const entry of entries) {
    const group = groups.at(-1);
    const own = sizeOf(entry);
    characters += own;
    if (group && group.length < MAX_JOB_ENTRIES && characters <= MAX_JOB_CHARACTERS) {
      group.push(entry);
    } else {
      groups.push([entry]);
      characters = own;
    }
  }
  return groups;
}

/** Characters of what may be long in an entry. */
function sizeOf({ body, last }: WebhookEntry): number {
  return body.length + (last ? last.url.length + last.answer.length : 0);
}
