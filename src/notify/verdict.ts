// What a round of posts means for the endpoint and for the jobs that it worked on. Pure.
import { FAILING_LIMIT_MS, type Webhook, type WebhookJob } from "../model/webhook.ts";
import type { Tried } from "./post.ts";
import { type LogEntry, reached } from "./reading.ts";
import { jobsLeft, type Round } from "./retry.ts";

/** What a round says about its endpoint. */
export type Verdict = {
  readonly posts: number;
  readonly failed: number;
  readonly failingSince: number | null;
  /** Why the endpoint is given up, or null. */
  readonly disable: string | null;
};

/** RFC 9110 §15.5.11: the receiver wants no more, ever (decision 5). */
const GONE = 410;

/** Judges the endpoint by everything that was tried in a round. */
export function verdict(webhook: Webhook, round: readonly Tried[], now: number): Verdict {
  const outcomes = round.flatMap(({ outcome }) => (outcome === null ? [] : [outcome]));
  const failed = outcomes.filter((outcome) => outcome.error !== null).length;
  const succeeded = outcomes.length - failed;
  const before = webhook.failingSince;
  const failingSince = succeeded > 0 ? null : failed > 0 ? (before ?? now) : before;
  const gone = outcomes.some((outcome) => outcome.status === GONE);
  const tooLong = failed > 0 && failingSince !== null && now - failingSince >= FAILING_LIMIT_MS;
  const disable = gone
    ? "the receiver answered 410 Gone"
    : tooLong
      ? `every try has failed since ${new Date(failingSince).toISOString()}`
      : null;
  return { posts: outcomes.length, failed, failingSince, disable };
}

/** What became of the jobs that a round worked on. */
export type Afterwards = {
  readonly changed: readonly WebhookJob[];
  readonly finished: readonly string[];
  readonly added: readonly WebhookJob[];
};

/** A due job and the entries that it asked to post; `end` is where its piece of the log ends. */
type Asked = {
  readonly job: WebhookJob;
  readonly piece: readonly LogEntry[];
  readonly end: number;
};

/** `tried` holds the outcomes of all pieces, one after the other. */
export function afterwards(
  asked: readonly Asked[],
  tried: readonly Tried[],
  round: Omit<Round, "triesBefore">,
): Afterwards {
  const changed: WebhookJob[] = [];
  const finished: string[] = [];
  const added: WebhookJob[] = [];
  let start = 0;
  for (const { job, piece, end } of asked) {
    const own = tried.slice(start, start + piece.length);
    start += piece.length;
    // Not begun: the job stays as it is, and due.
    if (piece.length > 0 && own.every(({ outcome }) => outcome === null)) continue;
    if (job.range === null) {
      const [first, ...others] = jobsLeft(own, { ...round, triesBefore: job.tries });
      if (first) changed.push({ ...first, id: job.id });
      else finished.push(job.id);
      added.push(...others);
      continue;
    }
    const { position, handled } = reached(piece, own, end);
    if (position >= job.range.to) finished.push(job.id);
    else changed.push({ ...job, range: { from: position, to: job.range.to } });
    added.push(...jobsLeft(handled, { ...round, triesBefore: 0 }));
  }
  return { changed, finished, added };
}
