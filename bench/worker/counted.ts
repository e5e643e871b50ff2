// The Worker with eyes: every call to D1, every queue operation and every lease of tokens is counted on its
// way to the real thing. `GET /bench/counts` tells the counts, POST also begins anew. `POST /bench/clock` puts its
// clock forward, `POST /bench/cron` runs the cron: what happens weeks later is measured too. Nothing else differs.
import type { Env } from "../../src/app.ts";
import type { Ask, Grant } from "../../src/check/quota.ts";
import production, {
  LiveFeed as ProductionFeed,
  Quota as ProductionQuota,
  WebhookTail as ProductionTail,
} from "../../src/index.ts";
import { faultyD1, type FaultyD1 } from "../../test/support/faults.ts";

/** A queue operation is billed for each 64 KB begun of a message that is written, read or deleted. */
const OPERATION_BYTES = 64 * 1024;

const databases: FaultyD1[] = [];
const envs = new WeakMap<Env, Env>();
let quotaCalls = 0;
let queue = { writes: 0, reads: 0, deletes: 0 };

/** Milliseconds that this Worker's clock is ahead. */
let ahead = 0;
const realNow = Date.now;
Date.now = () => realNow() + ahead;

/** The Worker's objects of webhook endpoints, counted. */
export class WebhookTail extends ProductionTail {
  constructor(state: DurableObjectState, env: Env) {
    super(state, counted(env));
  }
}

/** The object of the live feed, counted. */
export class LiveFeed extends ProductionFeed {
  constructor(state: DurableObjectState, env: Env) {
    super(state, counted(env));
  }
}

/** The account's object, counted. */
export class Quota extends ProductionQuota {
  override lease(ask: Ask): Grant {
    quotaCalls += 1;
    return super.lease(ask);
  }
}

/** The objects of paces, as they are. */
export { Pace } from "../../src/index.ts";

// oxlint-disable-next-line import/no-default-export -- a Worker's entry
export default {
  async fetch(request, env, context) {
    const { pathname, searchParams } = new URL(request.url);
    switch (pathname) {
      case "/bench/counts": {
        const told = counts();
        if (request.method === "POST") reset();
        return Response.json(told);
      }
      case "/bench/clock":
        ahead += Number(searchParams.get("ms"));
        return Response.json({ now: Date.now() });
      case "/bench/cron": {
        const run = { scheduledTime: Date.now(), cron: "* * * * *", noRetry() {} };
        await production.scheduled(run, counted(env), context);
        return Response.json({ now: Date.now() });
      }
      default:
        return production.fetch(request, counted(env), context);
    }
  },

  async queue(batch, env, context) {
    const operations = sum(batch.messages.map((message) => operationsOf(message.body)));
    queue.reads += operations;
    await production.queue(batch, counted(env), context);
    queue.deletes += operations;
  },

  async scheduled(controller, env, context) {
    await production.scheduled(controller, counted(env), context);
  },
} satisfies ExportedHandler<Env>;

/** The same bindings, counted; the same object for the same Env, as the Worker keeps things by it. */
function counted(env: Env): Env {
  const known = envs.get(env);
  if (known) return known;
  const database = faultyD1(env.DB);
  databases.push(database);
  const made: Env = {
    ...env,
    DB: database.db,
    TRANSACTIONAL_QUEUE: countedQueue(env.TRANSACTIONAL_QUEUE),
    MARKETING_QUEUE: countedQueue(env.MARKETING_QUEUE),
    WEBHOOK_QUEUE: countedQueue(env.WEBHOOK_QUEUE),
    JOB_QUEUE: countedQueue(env.JOB_QUEUE),
    TRACK_QUEUE: countedQueue(env.TRACK_QUEUE),
  };
  envs.set(env, made);
  return made;
}

function countedQueue<T>(real: Queue<T>): Queue<T> {
  return {
    send(job, options) {
      queue.writes += operationsOf(job);
      return real.send(job, options);
    },
    sendBatch(messages, options) {
      const all = [...messages];
      queue.writes += sum(all.map(({ body }) => operationsOf(body)));
      return real.sendBatch(all, options);
    },
    metrics: () => real.metrics(),
  };
}

function counts() {
  return {
    d1_round_trips: sum(databases.map((database) => database.calls().length)),
    d1_rows_read: sum(databases.map((database) => database.rowsRead())),
    d1_rows_written: sum(databases.map((database) => database.rowsWritten())),
    queue_writes: queue.writes,
    queue_reads: queue.reads,
    queue_deletes: queue.deletes,
    quota_calls: quotaCalls,
  };
}

function reset(): void {
  for (const database of databases) database.reset();
  queue = { writes: 0, reads: 0, deletes: 0 };
  quotaCalls = 0;
}

function operationsOf(body: unknown): number {
  const bytes = new TextEncoder().encode(JSON.stringify(body)).length;
  return Math.max(1, Math.ceil(bytes / OPERATION_BYTES));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
