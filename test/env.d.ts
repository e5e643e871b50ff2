// What the test configuration binds beside wrangler.toml.
declare namespace Cloudflare {
  interface Env {
    readonly DB: D1Database;
    readonly CONTENT: R2Bucket;
    readonly DELIVERY_QUEUE: Queue<import("../src/model/job.ts").Job>;
    readonly WEBHOOK_QUEUE: Queue<import("../src/model/job.ts").Job>;
    readonly WEBHOOK_TAIL: DurableObjectNamespace<import("../src/notify/tail.do.ts").WebhookTail>;
    readonly TEST_MIGRATIONS: import("cloudflare:test").D1Migration[];
  }
}
