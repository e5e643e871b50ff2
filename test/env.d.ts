// What the test configuration binds beside wrangler.toml.
import type { D1Migration } from "cloudflare:test";
import type { Fact } from "../src/model/fact.ts";
import type { Job } from "../src/model/job.ts";
import type { Quota } from "../src/check/quota.do.ts";
import type { Pace } from "../src/deliver/throttle.do.ts";
import type { LiveFeed } from "../src/notify/live.do.ts";
import type { WebhookTail } from "../src/notify/tail.do.ts";

declare global {
  namespace Cloudflare {
    interface Env {
      readonly DB: D1Database;
      readonly CONTENT: R2Bucket;
      readonly TRANSACTIONAL_QUEUE: Queue<Job>;
      readonly MARKETING_QUEUE: Queue<Job>;
      readonly WEBHOOK_QUEUE: Queue<Job>;
      readonly TRACK_QUEUE: Queue<readonly Fact[]>;
      readonly JOB_QUEUE: Queue<Job>;
      readonly WEBHOOK_TAIL: DurableObjectNamespace<WebhookTail>;
      readonly LIVE_FEED: DurableObjectNamespace<LiveFeed>;
      readonly QUOTA: DurableObjectNamespace<Quota>;
      readonly PACE: DurableObjectNamespace<Pace>;
      readonly TEST_MIGRATIONS: D1Migration[];
      readonly REQUESTS_PER_OPERATION: string;
    }
  }
}
