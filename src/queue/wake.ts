// The port behind app.wake: tells a lane, an endpoint or background work that there is something to do, now
// or after a delay. A wake-up that is lost costs time, never work, so callers do not wait for it.
import { type BackgroundWork, type Job, jobSchema } from "../model/job.ts";
import type { MailClass } from "../model/message.ts";

/** Tells others that there is work for them. Every call may throw; the sweeper makes up for it. */
export type Wake = {
  readonly lane: (lane: MailClass, delaySeconds?: number) => Promise<void>;
  readonly events: () => Promise<void>;
  readonly endpoint: (webhookId: string) => Promise<void>;
  readonly background: (work: BackgroundWork) => Promise<void>;
};

/** What wake-ups need of the world. */
export type WakeWorld = {
  readonly queues: {
    readonly lanes: Readonly<Record<MailClass, Queue<Job>>>;
    readonly webhook: Queue<Job>;
    readonly jobs: Queue<Job>;
  };
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<void>;
};

/** The wake-ups of an isolate, over the deployment's queues. */
export function wakeOver(world: WakeWorld): Wake {
  const { queues } = world;
  const lanes = {
    transactional: seldom(world, () => wakeLane("transactional", 0)),
    marketing: seldom(world, () => wakeLane("marketing", 0)),
  };
  const events = seldom(world, () => queues.webhook.send({ kind: "events" }));
  const wakeLane = (lane: MailClass, delaySeconds: number) =>
    queues.lanes[lane].send({ kind: "lane", lane }, { delaySeconds });
  return {
    async lane(lane, delaySeconds = 0) {
      if (delaySeconds > 0) await wakeLane(lane, delaySeconds);
      else await lanes[lane]();
    },
    events,
    async endpoint(webhookId) {
      await queues.webhook.send({ kind: "endpoint", webhookId });
    },
    async background(work) {
      await queues.jobs.send({ kind: "background", work });
    },
  };
}

/** After a wake-up the next one waits so long, for all that comes meanwhile: a queue message is billed three times. */
const TOGETHER_MS = 50;

/** The invocation that waited was broken off: the next one sends what it would have. */
const BROKEN_OFF_MS = TOGETHER_MS + 1_000;

/**
 * The first wake-up is sent at once. What comes soon after shares the one that follows: it is sent later than all of
 * them asked, so it finds their work. The promise of who waits for it is kept when it is sent, those of the
 * others at once.
 */
function seldom({ now, wait }: WakeWorld, send: () => Promise<unknown>): () => Promise<void> {
  let sentAt = Number.NEGATIVE_INFINITY;
  let waitsSince: number | null = null;
  return async () => {
    const asked = now();
    if (waitsSince !== null && asked - waitsSince < BROKEN_OFF_MS) return;
    const pause = sentAt + TOGETHER_MS - asked;
    if (pause > 0) {
      waitsSince = asked;
      await wait(pause);
      waitsSince = null;
    }
    sentAt = now();
    await send();
  };
}

/** Reads a queue message; null for one that an older or newer version sent. */
export function parseJob(body: unknown): Job | null {
  const parsed = jobSchema.safeParse(body);
  return parsed.success ? parsed.data : null;
}
