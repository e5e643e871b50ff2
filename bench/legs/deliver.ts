// From the HTTP request to the relay's 250: 2,000 messages of 4 KB, accepted by 32 clients and drained by
// the queue consumer while they come. Counts what it costs: goals 3, 4 and 6. The last round has a
// webhook endpoint too. The local queue is in memory and runs one batch at a time.
import * as z from "zod";
import { type Receiver, startReceiver } from "../../test/peers/http-receiver.ts";
import type { Peer } from "../../test/peers/smtp-peer.ts";
import { rounded, spread } from "../figures.ts";
import { type Ground, type Stage, startStage } from "../ground.ts";
import type { Leg, LegResult } from "../leg.ts";
import { drive, manage, sendOf, textOf } from "../load.ts";
import { mostBeforeQuit, sinkRate, startSink, taken } from "../sink.ts";
import { within } from "../wait.ts";

const MESSAGES = 2_000;
const WARM_UP_MESSAGES = 200;
const CLIENTS = 32;
const TEXT_CHARACTERS = 4_096;
const ROUNDS = 3;
/** On a busy machine fewer rounds are begun, so that the whole benchmark ends within five minutes. */
const ROUNDS_MS = 25_000;
const MOST_CONNECTIONS = 4;
const DRAIN_DEADLINE_MS = 60_000;
const SINK_PROBE_MESSAGES = 8_000;

export const deliver: Leg = { name: "deliver", goal: "deliver", goals: ["deliver"], run };

/** Everything of the leg that runs. */
type Scene = {
  readonly ground: Ground;
  readonly stage: Stage;
  readonly sink: Peer;
  readonly hook: Receiver;
};

const countsSchema = z.object({
  d1_round_trips: z.number(),
  d1_rows_written: z.number(),
  queue_writes: z.number(),
  queue_reads: z.number(),
  queue_deletes: z.number(),
});

type Round = {
  readonly emailsPerSecond: number;
  readonly roundTrips: number;
  readonly connections: number;
  readonly d1RoundTrips: number;
  readonly rows: number;
  readonly queueOperations: number;
  readonly gate: boolean;
};

/** What holds for all rounds together. */
type Ended = {
  readonly gate: boolean;
  readonly maxConnections: number;
  readonly beforeQuit: number;
};

async function run(ground: Ground, line: (content: object) => void): Promise<LegResult> {
  const capacity = await sinkRate(MOST_CONNECTIONS, SINK_PROBE_MESSAGES, TEXT_CHARACTERS);
  const sink = await startSink();
  const hook = await startReceiver({});
  try {
    const setting = { build: "counted", relayPort: sink.port } as const;
    const stage = await startStage(ground, { ...setting, consumers: true, bare: false });
    try {
      return await measure({ ground, stage, sink, hook }, capacity, line);
    } finally {
      await stage.stop();
    }
  } finally {
    await Promise.all([sink.stop(), hook.stop()]);
  }
}

async function measure(
  scene: Scene,
  capacity: number,
  line: (content: object) => void,
): Promise<LegResult> {
  await round(scene, WARM_UP_MESSAGES, () => undefined);
  const rounds: Round[] = [];
  const end = performance.now() + ROUNDS_MS;
  for (let n = 1; n <= ROUNDS && (n === 1 || performance.now() < end); n++) {
    rounds.push(
      await round(scene, MESSAGES, (told) => line({ round: n, webhook: false, ...told })),
    );
  }
  const api = { url: scene.stage.url, apiKey: scene.ground.apiKey };
  const url = `http://127.0.0.1:${scene.hook.port}/hook`;
  await manage(api, ["POST", "/v1/webhooks", { url }], z.object({}));
  const told = await round(scene, MESSAGES, (more) =>
    line({ round: rounds.length + 1, webhook: true, ...more }),
  );
  const { requests } = scene.hook.log();
  const events = new Set(requests.map(({ headers }) => headers["webhook-id"])).size;
  const posted = events === MESSAGES && requests.length === MESSAGES;
  const { maxConnections } = scene.sink.log();
  const beforeQuit = mostBeforeQuit(scene.sink);
  const best = Math.max(...rounds.map(({ emailsPerSecond }) => emailsPerSecond));
  const gate = [...rounds, told].every((one) => one.gate) && posted;
  line({
    gate: "the sink holds each accepted message once with the body that was sent; one POST for each event",
    ok: gate,
    max_connections: maxConnections,
    max_connections_before_quit: beforeQuit,
    webhook_posts: requests.length,
    webhook_events: events,
    sink_per_s: Math.round(capacity),
    sink_headroom: rounded(capacity / best, 1),
  });
  return result(rounds, told, { gate, maxConnections, beforeQuit });
}

async function round(
  scene: Scene,
  messages: number,
  line: (content: object) => void,
): Promise<Round> {
  const { stage, sink } = scene;
  await countsOf(stage, "POST");
  const before = { ...sink.log(), taken: sink.log().messages.length, cpu: await stage.cpuMs() };
  const startedAt = Date.now();
  const accepted = await acceptAll(scene, messages);
  const acceptedAt = Date.now();
  await within(DRAIN_DEADLINE_MS, () => sink.log().messages.length >= before.taken + messages);
  await within(DRAIN_DEADLINE_MS, () => isDrained(stage));
  const counts = await countsOf(stage, "GET");
  const [cpu, after] = [await stage.cpuMs(), sink.log()];
  const got = taken(sink, before.taken);
  const lastAt = Math.max(startedAt + 1, ...got.map(({ at }) => at));
  const checked = await check(stage, accepted, got);
  const each = (count: number): number => rounded(count / messages, 4);
  const made: Round = {
    emailsPerSecond: messages / ((lastAt - startedAt) / 1000),
    roundTrips: (after.roundTrips - before.roundTrips) / messages,
    connections: after.connections.length - before.connections.length,
    d1RoundTrips: counts.d1_round_trips / messages,
    rows: counts.d1_rows_written / messages,
    queueOperations: (counts.queue_writes + counts.queue_reads + counts.queue_deletes) / messages,
    gate: checked.ok,
  };
  line({
    emails: messages,
    emails_per_s: Math.round(made.emailsPerSecond),
    accept_s: rounded((acceptedAt - startedAt) / 1000, 2),
    all_s: rounded((lastAt - startedAt) / 1000, 2),
    smtp_round_trips: after.roundTrips - before.roundTrips,
    smtp_round_trips_per_email: each(after.roundTrips - before.roundTrips),
    connections_opened: made.connections,
    ...counts,
    d1_round_trips_per_email: each(counts.d1_round_trips),
    d1_rows_written_per_email: each(counts.d1_rows_written),
    queue_operations_per_email: rounded(made.queueOperations, 4),
    workerd_cpu_ms_per_email:
      cpu === null || before.cpu === null ? null : rounded((cpu - before.cpu) / messages, 2),
    ...checked,
  });
  return made;
}

function result(rounds: readonly Round[], told: Round, end: Ended): LegResult {
  const { gate, maxConnections, beforeQuit } = end;
  const failed = gate ? "" : "; GATE FAILED";
  const n = `${rounds.length} × ${MESSAGES} emails`;
  const row = (number: string, what: string, of: (round: Round) => number, digits: number) => {
    const { median, min, max } = spread(rounds.map(of));
    const range = `${min.toFixed(digits)}–${max.toFixed(digits)}`;
    const withHook = of(told).toFixed(digits);
    return { number, what, median, measured: median.toFixed(digits), range, n, withHook };
  };
  const rows = row("3", "D1 rows written per email, accept to delivered", (one) => one.rows, 3);
  const calls = row("3", "D1 round trips per email", (one) => one.d1RoundTrips, 3);
  const queue = row("4", "queue operations per email, no retries", (one) => one.queueOperations, 3);
  const trips = row(
    "6",
    `SMTP round trips per message, first MAIL to QUIT`,
    (one) => one.roundTrips,
    3,
  );
  const rate = row(
    "deliver",
    "end-to-end emails/s, HTTP request to 250, no proxy",
    (one) => one.emailsPerSecond,
    0,
  );
  const figure = (
    { number, what, measured, range, n, withHook }: typeof rows,
    verdict: string,
  ) => ({
    number,
    what,
    measured: `${measured} (with a webhook ${withHook})`,
    range,
    n,
    verdict: `${verdict}${failed}`,
  });
  const ratios = spread(rounds.map((one) => one.roundTrips));
  return {
    end: {
      goal: deliver.goal,
      ratio: rounded(ratios.median, 4),
      min: rounded(ratios.min, 4),
      max: rounded(ratios.max, 4),
      rounds: rounds.length,
      gate,
    },
    figures: [
      figure(
        rows,
        rows.median <= 12 ? "good (≤ 12); opens, clicks and purge not in it" : "above 12",
      ),
      figure(calls, "a count"),
      figure(queue, queue.median <= 7 ? "good (≤ 7)" : "above 7"),
      figure(trips, trips.median <= 1.1 ? "good (≤ 1.1)" : "above 1.1"),
      figure(rate, "a count; beside its peers in the leg relays"),
      {
        number: "connections",
        what: `most SMTP connections open at the same time, as the sink sees it; ${beforeQuit} that had not said QUIT`,
        measured: String(maxConnections),
        range: `${maxConnections}`,
        n: `${rounds.length + 1} rounds`,
        verdict: maxConnections <= MOST_CONNECTIONS ? "good (≤ 4)" : "above 4",
      },
    ],
  };
}

/** Posts so many emails through 32 clients; the text that each accepted message must carry, by its id. */
async function acceptAll(
  { ground, stage }: Scene,
  messages: number,
): Promise<ReadonlyMap<string, string>> {
  const accepted = new Map<string, string>();
  const texts = new Map<string, string>();
  let sent = 0;
  await drive({
    url: stage.url,
    clients: CLIENTS,
    next() {
      if (sent === messages) return null;
      sent += 1;
      const text = textOf(`Order ${crypto.randomUUID()}`, TEXT_CHARACTERS);
      const recipient = `reader${sent}@example.com`;
      const post = sendOf({ apiKey: ground.apiKey, recipient, text });
      texts.set(post.body, text);
      return post;
    },
    onAnswer({ status, messageId, body }, post) {
      if (status !== 200 || messageId === null) throw new Error(`not accepted: ${status} ${body}`);
      accepted.set(messageId, texts.get(post.body) ?? "");
    },
  });
  return accepted;
}

async function countsOf(
  stage: Stage,
  method: "GET" | "POST",
): Promise<z.infer<typeof countsSchema>> {
  const answer = await fetch(new URL("/bench/counts", stage.url), { method });
  return countsSchema.parse(await answer.json());
}

const countRow = z.object({ n: z.number() });

/** No delivery is due or leased, no endpoint is behind the event log, no wake-up waits in a queue. */
async function isDrained(stage: Stage): Promise<boolean> {
  const found = await stage.sql(
    `select (select count(*) from deliveries where due_at is not null or lease_id is not null)
       + (select count(*) from webhooks
          where cursor < (select coalesce(max(position), 0) from event_log)) as n`,
    [],
  );
  if (z.array(countRow).parse(found)[0]?.n !== 0) return false;
  const { queue_writes: writes, queue_deletes: deletes } = await countsOf(stage, "GET");
  return deletes >= writes;
}

/** Compares what was accepted with what the sink took and what the database says. */
async function check(
  stage: Stage,
  accepted: ReadonlyMap<string, string>,
  got: readonly { readonly id: string; readonly body: string }[],
) {
  const ids = new Set(got.map(({ id }) => id));
  const lost = [...accepted.keys()].filter((id) => !ids.has(id)).length;
  const phantom = [...ids].filter((id) => !accepted.has(id)).length;
  const duplicated = got.length - ids.size;
  const changed = got.filter(({ id, body }) => accepted.get(id) !== body).length;
  const found = await stage.sql(
    `select count(*) as n from deliveries where state = 'delivered'
       and message_id in (select value from json_each(?1))`,
    [JSON.stringify([...accepted.keys()])],
  );
  const delivered = z.array(countRow).parse(found)[0]?.n ?? 0;
  const ok = lost + phantom + duplicated + changed === 0 && delivered === accepted.size;
  return { ok, accepted: accepted.size, delivered, lost, phantom, duplicated, changed };
}
