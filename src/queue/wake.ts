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

/** The wake-ups of a deployment, over its queues. */
export function wakeOver(queues: {
  readonly lanes: Readonly<Record<MailClass, Queue<Job>>>;
  readonly webhook: Queue<Job>;
  readonly jobs: Queue<Job>;
}): Wake {
  return {
    async lane(lane, delaySeconds = 0) {
      await queues.lanes[lane].send({ kind: "lane", lane }, { delaySeconds });
    },
    async events() {
      await queues.webhook.send({ kind: "events" });
    },
    async endpoint(webhookId) {
      await queues.webhook.send({ kind: "endpoint", webhookId });
    },
    async background(work) {
      await queues.jobs.send({ kind: "background", work });
    },
  };
}

/** Reads a queue message; null for one that an older or newer version sent. */
export function parseJob(body: unknown): Job | null {
  const parsed = jobSchema.safeParse(body);
  return parsed.success ? parsed.data : null;
}
