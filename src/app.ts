// The composition root: the platform's Env in, one App out. Everything else receives App and is
// testable alone; only here, in index.ts, *.do.ts and socket.ts does the platform show.
import { type Admit, admitOver, type Places } from "./check/admit.ts";
import type { Quota } from "./check/quota.do.ts";
import type { Pace } from "./deliver/throttle.do.ts";
import { dial } from "./deliver/smtp/socket.ts";
import type { Dial } from "./deliver/smtp/transaction.ts";
import { uuidv7 } from "./lib/id.ts";
import { consoleLog, type Log, reasonOf } from "./lib/log.ts";
import { type Config, parseConfig } from "./model/config.ts";
import type { Fact } from "./model/fact.ts";
import type { Job } from "./model/job.ts";
import type { FileLinks, Links } from "./model/link.ts";
import type { LiveAsk } from "./model/live-feed.ts";
import type { ReturnPaths } from "./model/return-path.ts";
import { returnPathsOf } from "./inbound/verp.ts";
import { gathering } from "./track/gather.ts";
import { fileLinksOf, linksOf } from "./track/token.ts";
import { type Wake, wakeOver } from "./queue/wake.ts";
import { keepUsage } from "./record/usage.ts";
import { meteredD1 } from "./meter/d1.ts";
import { type Meter, newMeter } from "./meter/meter.ts";
import { meteredPace, meteredQuota, type PaceDoor } from "./meter/objects.ts";
import { meteredQueue } from "./meter/queue.ts";
import { meteredR2 } from "./meter/r2.ts";
import type { LiveFeed } from "./notify/live.do.ts";
import type { WebhookTail } from "./notify/tail.do.ts";

/** The bindings of wrangler.toml. Variables and secrets are read through Config only. */
export type Env = {
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
};

/** The world as the stages see it. */
export type App = {
  readonly config: Config;
  /** What is asked of the platform is counted here, by what this App hands out. */
  readonly meter: Meter;
  /** Lets what this isolate counted be kept, now and then. */
  readonly keepUsage: () => void;
  readonly db: D1Database;
  readonly blobs: R2Bucket;
  /** Epoch milliseconds; the only clock. */
  readonly now: () => number;
  /** A new UUIDv7. */
  readonly newId: () => string;
  /** 0 ≤ x < 1, for jitter only. */
  readonly random: () => number;
  readonly wake: Wake;
  /** Asks an endpoint's object to look for work; it answers before it works. */
  readonly wakeTail: (webhookId: string) => Promise<void>;
  /** Tells the live feed that the log grew; it answers before it looks. */
  readonly wakeFeed: () => Promise<void>;
  /** Opens the live feed, as a WebSocket or a stream of server-sent events; 503 when too many watch. */
  readonly watch: (ask: LiveAsk, how: { readonly upgrade: boolean }) => Promise<Response>;
  /** Lets recipients in, or says which limit is reached. */
  readonly quota: Admit;
  /** The pace of a pool to a group of recipient domains. */
  readonly throttle: PaceDoor;
  /** Signs and reads the links of mail; null without PUBLIC_URL. */
  readonly links: Links | null;
  /** Signs and reads the links of finished exports. */
  readonly fileLinks: FileLinks;
  /** Makes and reads the return paths of deliveries. */
  readonly returnPaths: ReturnPaths;
  /** Hands over an open or a click; it is queued and recorded with others, soon. */
  readonly track: (fact: Fact) => Promise<void>;
  readonly dial: Dial;
  readonly fetch: (request: Request) => Promise<Response>;
  /** Lets work go on after the answer; a failure is logged under `what`. */
  readonly background: (what: string, work: Promise<unknown>) => void;
  readonly log: Log;
};

/** Works as one invocation of the Worker, which is counted, and keeps what was counted when it is time. */
export async function invoked<T>(
  env: Env,
  context: ExecutionContext,
  work: (app: App) => Promise<T>,
): Promise<T> {
  const app = makeApp(env, context);
  app.meter.count("worker_requests");
  try {
    return await work(app);
  } finally {
    app.keepUsage();
  }
}

/** Builds the App of one invocation. Throws when the configuration is wrong. */
export function makeApp(env: Env, context: { waitUntil(work: Promise<unknown>): void }): App {
  const { places, ...settings } = settingsOf(env);
  const { meter } = settings;
  function background(what: string, work: Promise<unknown>): void {
    context.waitUntil(
      work.catch((error: unknown) => consoleLog("warn", what, { reason: reasonOf(error) })),
    );
  }
  return {
    ...settings,
    keepUsage() {
      const work = keepUsage(settings, Date.now());
      if (work) background("keep_usage_failed", work);
    },
    now: () => Date.now(),
    newId: () => uuidv7(Date.now()),
    random: () => Math.random(),
    async wakeTail(webhookId) {
      meter.count("object_requests");
      await env.WEBHOOK_TAIL.getByName(webhookId).wake(webhookId);
    },
    async wakeFeed() {
      meter.count("object_requests");
      await env.LIVE_FEED.getByName(ACCOUNT_OBJECT).wake();
    },
    watch(ask, { upgrade }) {
      meter.count("object_requests");
      const url = `https://live/?ask=${encodeURIComponent(JSON.stringify(ask))}`;
      const headers: HeadersInit = upgrade ? { Upgrade: "websocket" } : {};
      return env.LIVE_FEED.getByName(ACCOUNT_OBJECT).fetch(url, { headers });
    },
    dial,
    fetch: (request) => fetch(request),
    quota: admitOver(
      {
        ...meteredQuota(() => env.QUOTA.getByName(ACCOUNT_OBJECT), meter),
        now: () => Date.now(),
        wait: sleep,
        background,
        log: consoleLog,
      },
      places,
    ),
    throttle: meteredPace(({ poolId, group }) => env.PACE.getByName(`${poolId} ${group}`), meter),
    background,
    log: consoleLog,
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The name of an object that there is one of: one deployment is one account. */
const ACCOUNT_OBJECT = "account";

type Settings = Pick<
  App,
  "config" | "meter" | "db" | "blobs" | "wake" | "track" | "links" | "fileLinks" | "returnPaths"
> & {
  /** Tokens that this isolate was leased. */
  readonly places: Places;
};

const known = new WeakMap<Env, Settings>();

/** Parses the variables, imports the keys, makes room for tokens and sets up the meter, once per isolate. */
function settingsOf(env: Env): Settings {
  const settings = known.get(env);
  if (settings) return settings;
  const config = parseConfig({ ...env });
  const meter = newMeter();
  const trackQueue = meteredQueue(env.TRACK_QUEUE, meter);
  const parsed = {
    config,
    meter,
    db: meteredD1(env.DB, meter),
    blobs: meteredR2(env.CONTENT, meter),
    wake: wakeOver({ queues: queuesOf(env, meter), now: () => Date.now(), wait: sleep }),
    track: gathering({
      send: (facts) => trackQueue.send(facts),
      now: () => Date.now(),
      wait: sleep,
    }),
    links: linksOf(config),
    fileLinks: fileLinksOf(config),
    returnPaths: returnPathsOf(config),
    places: new Map(),
  };
  known.set(env, parsed);
  return parsed;
}

function queuesOf(env: Env, meter: Meter) {
  return {
    lanes: {
      transactional: meteredQueue(env.TRANSACTIONAL_QUEUE, meter),
      marketing: meteredQueue(env.MARKETING_QUEUE, meter),
    },
    webhook: meteredQueue(env.WEBHOOK_QUEUE, meter),
    jobs: meteredQueue(env.JOB_QUEUE, meter),
  };
}
