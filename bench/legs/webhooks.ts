// How long a customer waits to be told: from the relay's 250 to the POST, at a healthy endpoint alone
// and beside two dead ones (one refuses connections, one hangs 5 s and then hangs up).
import { setTimeout as sleep } from "node:timers/promises";
import { Webhook as Verifier } from "standardwebhooks";
import * as z from "zod";
import type { Receiver } from "../../test/peers/http-receiver.ts";
import { startReceiver } from "../../test/peers/http-receiver.ts";
import type { Peer } from "../../test/peers/smtp-peer.ts";
import { median, percentile, rounded, spread } from "../figures.ts";
import { freePort } from "../../test/peers/free-port.ts";
import { type Ground, type Stage, startStage } from "../ground.ts";
import type { Leg, LegResult } from "../leg.ts";
import { Connections } from "../http-client.ts";
import { manage, sendOf, textOf } from "../load.ts";
import { startSink, taken } from "../sink.ts";
import { within } from "../wait.ts";

const ROUNDS = 5;
const EMAILS_A_ROUND = 200;
const EMAIL_EVERY_MS = 50;
const WARM_UP_EMAILS = 20;
const HANG_MS = 5_000;

/** After the last send of a round; then what is missing counts as lost. */
const ARRIVAL_DEADLINE_MS = 15_000;

/** A switched endpoint is noticed with the next events. */
const SWITCH_MS = 300;

/** What is good: p95 beside dead endpoints ÷ alone, and the first POST after the event. */
const GOOD_RATIO = 1.5;
const GOOD_FIRST_POST_MS = 2_000;

export const webhooks: Leg = { name: "webhooks", goal: "webhooks", goals: ["webhooks"], run };

/** Everything of the leg that runs. */
type Scene = {
  readonly ground: Ground;
  readonly stage: Stage;
  readonly sink: Peer;
  readonly healthy: Receiver;
  readonly hanging: Receiver;
};

async function run(ground: Ground, line: (content: object) => void): Promise<LegResult> {
  const sink = await startSink();
  const healthy = await startReceiver({});
  const hanging = await startReceiver({ replies: [{ delay: HANG_MS, drop: "close" }] });
  try {
    const setting = { build: "production", relayPort: sink.port } as const;
    const stage = await startStage(ground, { ...setting, consumers: true, bare: false });
    try {
      return await measure({ ground, stage, sink, healthy, hanging }, line);
    } finally {
      await stage.stop();
    }
  } finally {
    await Promise.all([sink, healthy, hanging].map((server) => server.stop()));
  }
}

async function measure(scene: Scene, line: (content: object) => void): Promise<LegResult> {
  const secret = await createEndpoint(scene, scene.healthy.port);
  const hung = await createEndpoint(scene, scene.hanging.port);
  const refusing = await createEndpoint(scene, await freePort());
  const dead = [hung, refusing];
  const accepted: string[] = [];
  const latencies = async (emails: number) => {
    const from = accepted.length;
    accepted.push(...(await send(scene, emails)));
    await arrival(scene, accepted);
    return latenciesOf(scene, accepted.slice(from));
  };

  await switchTo(scene, dead, "disabled");
  await latencies(WARM_UP_EMAILS);
  const rounds: { alone: readonly number[]; beside: readonly number[]; ratio: number }[] = [];
  for (let n = 1; n <= ROUNDS; n++) {
    await switchTo(scene, dead, "disabled");
    const alone = await latencies(EMAILS_A_ROUND);
    await switchTo(scene, dead, "enabled");
    const beside = await latencies(EMAILS_A_ROUND);
    const ratio = percentile(beside, 0.95) / percentile(alone, 0.95);
    rounds.push({ alone, beside, ratio });
    line({
      round: n,
      alone_p95_ms: percentile(alone, 0.95),
      beside_p95_ms: percentile(beside, 0.95),
      alone_p50_ms: median(alone),
      beside_p50_ms: median(beside),
      ratio: rounded(ratio, 3),
    });
  }
  const told = check(scene, secret.secret, accepted);
  const failing = await Promise.all(dead.map((one) => isFailing(scene, one.id)));
  const hangs = scene.hanging.log().requests.length;
  const gate = told.ok && failing.every(Boolean) && hangs > 0;
  line({
    gate: "each event was posted once and its signature verifies; both dead endpoints were tried",
    ...told,
    ok: gate,
    posts_to_hanging: hangs,
  });
  return result(rounds, gate, line);
}

function result(
  rounds: readonly { alone: readonly number[]; beside: readonly number[]; ratio: number }[],
  gate: boolean,
  line: (content: object) => void,
): LegResult {
  const ratio = spread(rounds.map((round) => round.ratio));
  const all = rounds.flatMap((round) => [...round.alone, ...round.beside]);
  const first = { ...spread(all), p95: percentile(all, 0.95) };
  line({ event_to_first_post_ms: { ...first, n: all.length } });
  const failed = gate ? "" : "; GATE FAILED";
  const [min, max] = [rounded(ratio.min, 3), rounded(ratio.max, 3)];
  const end = {
    goal: webhooks.goal,
    ratio: rounded(ratio.median, 3),
    min,
    max,
    rounds: rounds.length,
  };
  return {
    end: { ...end, gate },
    figures: [
      {
        number: "webhooks",
        what: "p95 of event to POST, healthy endpoint beside two dead ones ÷ alone",
        measured: `${ratio.median.toFixed(2)} (${median(rounds.map(({ beside }) => percentile(beside, 0.95)))} ms ÷ ${median(rounds.map(({ alone }) => percentile(alone, 0.95)))} ms)`,
        range: `${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)}`,
        n: `${rounds.length} × 2 × ${EMAILS_A_ROUND} emails, one each ${EMAIL_EVERY_MS} ms`,
        verdict: `${ratio.median <= GOOD_RATIO ? "good (≤ 1.5)" : "above 1.5"}${failed}`,
      },
      {
        number: "webhooks",
        what: "the relay's 250 to the first POST, ms",
        measured: `median ${first.median}, p95 ${first.p95}`,
        range: `${first.min}–${first.max}`,
        n: `${all.length} events`,
        verdict: `${first.max < GOOD_FIRST_POST_MS ? "good (all < 2 s)" : "not all below 2 s"}${failed}`,
      },
    ],
  };
}

const created = z.object({ data: z.object({ id: z.string(), secret: z.string() }) });
const shown = z.object({
  data: z.object({ state: z.string(), failing_since: z.string().nullable() }),
});

type Endpoint = z.infer<typeof created>["data"];

function apiOf({ ground, stage }: Scene) {
  return { url: stage.url, apiKey: ground.apiKey };
}

async function createEndpoint(scene: Scene, port: number): Promise<Endpoint> {
  const body = { url: `http://127.0.0.1:${port}/hook`, events: ["delivery_attempt"] };
  return (await manage(apiOf(scene), ["POST", "/v1/webhooks", body], created)).data;
}

async function switchTo(
  scene: Scene,
  endpoints: readonly Endpoint[],
  state: "enabled" | "disabled",
): Promise<void> {
  for (const { id } of endpoints) {
    await manage(apiOf(scene), ["PATCH", `/v1/webhooks/${id}`, { state }], shown);
  }
  await sleep(SWITCH_MS);
}

async function isFailing(scene: Scene, id: string): Promise<boolean> {
  const answer = await manage(apiOf(scene), ["GET", `/v1/webhooks/${id}`, null], shown);
  return answer.data.failing_since !== null;
}

/** Sends at an even pace, whatever the answers take; gives the ids of what was accepted. */
async function send({ ground, stage }: Scene, emails: number): Promise<readonly string[]> {
  const connections = new Connections(stage.url);
  const start = performance.now();
  const answers: ReturnType<Connections["ask"]>[] = [];
  for (let n = 0; n < emails; n++) {
    await sleep(Math.max(0, start + n * EMAIL_EVERY_MS - performance.now()));
    const recipient = `reader${n}@example.com`;
    answers.push(
      connections.ask(sendOf({ apiKey: ground.apiKey, recipient, text: textOf("", 1_000) })),
    );
  }
  const ids = (await Promise.all(answers)).map(({ status, messageId, body }) => {
    if (status !== 200 || messageId === null) throw new Error(`not accepted: ${status} ${body}`);
    return messageId;
  });
  connections.close();
  return ids;
}

/** Waits until the healthy endpoint has so many posts; those that never come are found by the gate. */
async function arrival({ healthy }: Scene, accepted: readonly string[]): Promise<void> {
  await within(ARRIVAL_DEADLINE_MS, () => healthy.log().requests.length >= accepted.length);
}

const bodySchema = z.object({ click_tracking_id: z.string() });

/** The message that a POST is about. */
function messageOf(body: string): string {
  return bodySchema.parse(JSON.parse(body)).click_tracking_id.split(":")[0] ?? "none";
}

function latenciesOf({ sink, healthy }: Scene, ids: readonly string[]): readonly number[] {
  const delivered = new Map(taken(sink, 0).map(({ id, at }) => [id, at]));
  const wanted = new Set(ids);
  const told = new Map<string, number>();
  for (const { body, at } of healthy.log().requests) {
    const id = messageOf(body);
    if (wanted.has(id) && !told.has(id)) told.set(id, at);
  }
  return [...told].flatMap(([id, at]) => {
    const from = delivered.get(id);
    return from === undefined ? [] : [at - from];
  });
}

/** Compares what was accepted with what the healthy endpoint was told. */
function check({ healthy }: Scene, secret: string, accepted: readonly string[]) {
  const verifier = new Verifier(secret);
  const { requests } = healthy.log();
  let verified = 0;
  for (const { headers, body } of requests) {
    try {
      verifier.verify(body, { ...headers });
      verified += 1;
    } catch {
      // Counted: what is missing from `verified` fails the gate.
    }
  }
  const told = new Set(requests.map(({ body }) => messageOf(body)));
  const lost = accepted.filter((id) => !told.has(id)).length;
  const duplicated = requests.length - told.size;
  const ok = lost === 0 && duplicated === 0 && verified === requests.length;
  return { ok, events: accepted.length, posts: requests.length, lost, duplicated, verified };
}
