// Goals 5 and 6: one connection to a relay. Messages a second of 4 KB, made beforehand, to Postfix's smtp-sink:
// our client in workerd beside Postfix's smtp-source and beside worker-mailer in the same workerd. Then, 20 ms
// away, how many round trips each message takes, counted by the test peer, which also compares every byte.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { runWrangler } from "../../dev/wrangler.ts";
import { missing } from "../../test/node/support/packages.ts";
import { startDelayProxy } from "../delay-proxy.ts";
import { rounded, spread } from "../figures.ts";
import { freePort } from "../../test/peers/free-port.ts";
import { type Ground, type Stage, startStage } from "../ground.ts";
import type { Figure, Leg, LegResult } from "../leg.ts";
import { textOf } from "../load.ts";
import { npmPackage } from "../scratch.ts";
import { startSink, taken } from "../sink.ts";
import { type CountingSink, smtpSource, startCountingSink } from "../smtp-peers.ts";

const ROUNDS = 5;
/** On a busy machine fewer rounds are begun, so that the leg ends within five minutes. */
const ROUNDS_MS = 150_000;
const TEXT_CHARACTERS = 4_096;
const WORKER_MAILER = "1.2.1";

/** Messages of one turn; worker-mailer keeps a timer for each reply, and workerd takes 10,000 of them. */
const MESSAGES = { ours: 60_000, source: 40_000, workerMailer: 1_500 } as const;
/** Turns of worker-mailer in a round, each over a new connection. */
const WORKER_MAILER_TURNS = 4;

const ROUND_TRIP_MS = 20;
const DELAYED = { ours: 200, source: 60, workerMailer: 40 } as const;

type Client = keyof typeof MESSAGES;

export const smtp: Leg = { name: "smtp", goal: 5, goals: [5, 6], run };

async function run(ground: Ground, line: (content: object) => void): Promise<LegResult> {
  const scratch = mkdtempSync(join(tmpdir(), "edgepost-bench-smtp-"));
  try {
    const mailer = await npmPackage(scratch, "worker-mailer", WORKER_MAILER);
    const lacking = [await missing("postfix"), mailer.missing].find((one) => one !== null);
    if (lacking !== undefined) throw new Error(`skipped: ${lacking}`);
    const bundle = await build(scratch, mailer.missing === null ? mailer.folder : "");
    const setting = { build: { bundle }, relayPort: await freePort() };
    const stage = await startStage(ground, { ...setting, consumers: false, bare: false });
    try {
      const sink = await startCountingSink(scratch);
      const rounds = await race(stage, sink, line).finally(sink.stop);
      return result(rounds, await farAway(stage, line));
    } finally {
      await stage.stop();
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function build(scratch: string, mailer: string): Promise<string> {
  const folder = join(scratch, "bundle");
  const entry = join("bench", "worker", "smtp.ts");
  const alias = ["--alias", `worker-mailer:${join(mailer, "dist", "index.mjs")}`];
  await runWrangler(["deploy", entry, "--dry-run", "--outdir", folder, ...alias], folder);
  return join(folder, "smtp.js");
}

type Round = Readonly<Record<Client, number>> & { readonly gate: boolean };

/** Each client in turn, so many rounds; messages a second. */
async function race(
  stage: Stage,
  sink: CountingSink,
  line: (content: object) => void,
): Promise<readonly Round[]> {
  let gate = true;
  const rate = async (client: Client, turns: number, messages: number): Promise<number> => {
    const [start, before] = [performance.now(), sink.messages()];
    for (let turn = 0; turn < turns; turn++) await send(stage, client, sink.port, messages);
    const seconds = (performance.now() - start) / 1000;
    gate &&= sink.messages() - before === turns * messages;
    return (turns * messages) / seconds;
  };
  for (const client of CLIENTS) await rate(client, 1, MESSAGES.workerMailer);
  const rounds: Round[] = [];
  const end = performance.now() + ROUNDS_MS;
  for (let n = 1; n <= ROUNDS && (n === 1 || performance.now() < end); n++) {
    const ours = await rate("ours", 1, MESSAGES.ours);
    const source = await rate("source", 1, MESSAGES.source);
    const workerMailer = await rate("workerMailer", WORKER_MAILER_TURNS, MESSAGES.workerMailer);
    rounds.push({ ours, source, workerMailer, gate });
    line({
      round: n,
      ours_per_s: Math.round(ours),
      smtp_source_per_s: Math.round(source),
      worker_mailer_per_s: Math.round(workerMailer),
      gate: "the sink counts each message once",
      ok: gate,
    });
  }
  return rounds;
}

const CLIENTS = ["ours", "source", "workerMailer"] as const;

const acceptedSchema = z.object({ accepted: z.number() });

async function send(stage: Stage, client: Client, port: number, messages: number): Promise<void> {
  if (client === "source") return smtpSource(port, messages, TEXT_CHARACTERS);
  const path = client === "ours" ? "/ours" : "/worker-mailer";
  const body = JSON.stringify({ port, messages, text: TEXT });
  const response = await fetch(new URL(path, stage.url), { method: "POST", body });
  const answer = await response.text();
  if (!response.ok) throw new Error(`${client}: ${response.status} ${answer.slice(0, 300)}`);
  const { accepted } = acceptedSchema.parse(JSON.parse(answer));
  if (accepted !== messages) throw new Error(`${client}: ${accepted} of ${messages} accepted`);
}

const TEXT = textOf("Your order", TEXT_CHARACTERS);

type Far = Readonly<Record<Client, { readonly roundTrips: number; readonly perSecond: number }>> & {
  readonly gate: boolean;
};

/** Round trips per message, first MAIL to QUIT, as the peer counts them behind a way of 20 ms. */
async function farAway(stage: Stage, line: (content: object) => void): Promise<Far> {
  const [ours, source, workerMailer] = [
    await fromAfar(stage, "ours"),
    await fromAfar(stage, "source"),
    await fromAfar(stage, "workerMailer"),
  ];
  const gate = ours.gate && source.gate && workerMailer.gate;
  const gateText = "each message once; ours with the bytes that were sent";
  line({ round_trip_ms: ROUND_TRIP_MS, ours, source, workerMailer, gate: gateText, ok: gate });
  return { ours, source, workerMailer, gate };
}

async function fromAfar(stage: Stage, client: Client) {
  const peer = await startSink();
  const proxy = await startDelayProxy(peer.port, ROUND_TRIP_MS);
  const messages = DELAYED[client];
  try {
    const start = performance.now();
    await send(stage, client, proxy.port, messages);
    const perSecond = messages / ((performance.now() - start) / 1000);
    const got = taken(peer, 0);
    const unique = new Set(got.map(({ id }) => id)).size;
    // Only ours has ids of our own; the others' bytes are their own business.
    const whole =
      client !== "ours" || (unique === messages && got.every(({ body }) => body === TEXT));
    const roundTrips = rounded(peer.log().roundTrips / messages, 4);
    return { roundTrips, perSecond: rounded(perSecond, 1), gate: got.length === messages && whole };
  } finally {
    proxy.stop();
    await peer.stop();
  }
}

function result(rounds: readonly Round[], far: Far): LegResult {
  const gate = rounds.every((round) => round.gate) && far.gate;
  const failed = gate ? "" : "; GATE FAILED";
  const rate = (client: Client) => Math.round(spread(rounds.map((round) => round[client])).median);
  const against = (peer: Client, name: string, good: number, moonshot: number): Figure => {
    const ratio = spread(rounds.map((round) => round.ours / round[peer]));
    const level = ratio.median >= moonshot ? `moonshot (≥ ${moonshot})` : `good (≥ ${good})`;
    return {
      number: "5",
      what: `SMTP deliveries/s on one connection (4 KB, made beforehand) ÷ ${name}`,
      measured: `${ratio.median.toFixed(2)} (${rate("ours")}/s ÷ ${rate(peer)}/s)`,
      range: `${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)}`,
      n: `${ROUNDS} × ${MESSAGES.ours} messages`,
      verdict: `${ratio.median >= good ? level : `below ${good}`}${failed}`,
    };
  };
  const { ours, source, workerMailer } = far;
  const first = spread(rounds.map((round) => round.ours / round.source));
  const [ratio, min, max] = [first.median, first.min, first.max].map((one) => rounded(one, 3));
  const trips = { ratio: ours.roundTrips, min: ours.roundTrips, max: ours.roundTrips, rounds: 1 };
  return {
    end: {
      goal: 5,
      ratio: ratio ?? null,
      min: min ?? null,
      max: max ?? null,
      rounds: ROUNDS,
      gate,
    },
    others: [{ goal: 6, ...trips, gate }],
    figures: [
      against("source", "smtp-source -d -s 1, same smtp-sink", 1, 2),
      against("workerMailer", `worker-mailer ${WORKER_MAILER}, same workerd`, 3, 5),
      {
        number: "6",
        what: `SMTP round trips per message ${ROUND_TRIP_MS} ms away, first MAIL to QUIT, as the peer counts`,
        measured: `${ours.roundTrips} (smtp-source ${source.roundTrips}, worker-mailer ${workerMailer.roundTrips})`,
        range: "a count",
        n: `${DELAYED.ours} messages, ${ours.perSecond}/s`,
        verdict: `${tripsVerdict(ours.roundTrips)}${failed}`,
      },
    ],
  };
}

function tripsVerdict(roundTrips: number): string {
  if (roundTrips <= 1.01) return "moonshot (≤ 1.01 without CHUNKING)";
  return roundTrips <= 1.1 ? "good (≤ 1.1)" : "above 1.1";
}
