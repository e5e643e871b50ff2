// Goal 1: accepted sends a second through POST /v1/send-email, beside a route in the same workerd that
// does one D1 insert of the same row. Nothing is delivered: nobody listens to the delivery queue.
import { rounded, spread } from "../figures.ts";
import { type Ground, type Stage, startStage } from "../ground.ts";
import type { Leg, LegResult } from "../leg.ts";
import type { Answer, Sent } from "../http-client.ts";
import { drive, sendOf } from "../load.ts";
import { everyAnswerHasItsRow } from "../stored.ts";

const CLIENTS = 32;
const BODY_BYTES = 2_048;
const ROUNDS = 5;
const ROUND_MS = 10_000;
const WARM_UP_MS = 2_000;
const HELLO_MS = 1_500;

/** Nobody listens here: the Worker needs a relay in its settings and does not call it. */
const NO_RELAY_PORT = 1025;

export const accept: Leg = { name: "accept", goal: 1, goals: [1], run };

async function run(ground: Ground, line: (content: object) => void): Promise<LegResult> {
  const setting = { build: "production", relayPort: NO_RELAY_PORT } as const;
  const stage = await startStage(ground, { ...setting, consumers: false, bare: true });
  try {
    return await measure(ground, stage, line);
  } finally {
    await stage.stop();
  }
}

type Round = { readonly ours: number; readonly bare: number; readonly cpu: number | null };

async function measure(
  ground: Ground,
  stage: Stage,
  line: (content: object) => void,
): Promise<LegResult> {
  const accepted: string[] = [];
  const refused = new Map<string, number>();
  const note = (status: number, body: string): void => {
    const what = `${status} ${body.slice(0, 200)}`;
    refused.set(what, (refused.get(what) ?? 0) + 1);
  };
  let sent = 0;
  const ours = (ms: number) =>
    forSome(
      ms,
      stage.url,
      () => sendNumber((sent += 1), ground.apiKey),
      (answer) => {
        if (answer.status === 200 && answer.messageId !== null) accepted.push(answer.messageId);
        else note(answer.status, answer.body);
      },
    );
  const bare = (ms: number, path = "/insert") =>
    forSome(
      ms,
      stage.bareUrl,
      () => ({ ...sendNumber((sent += 1), ground.apiKey), path }),
      (answer) => {
        if (answer.status !== 200) note(answer.status, answer.body);
      },
    );

  await bare(WARM_UP_MS);
  await ours(WARM_UP_MS);
  const hello = await bare(HELLO_MS, "/hello");
  const rounds: Round[] = [];
  for (let n = 1; n <= ROUNDS; n++) {
    const bareRate = await bare(ROUND_MS);
    const [cpuBefore, before] = [await stage.cpuMs(), accepted.length];
    const oursRate = await ours(ROUND_MS);
    const cpuAfter = await stage.cpuMs();
    const cpu =
      cpuBefore === null || cpuAfter === null
        ? null
        : (cpuAfter - cpuBefore) / (accepted.length - before);
    rounds.push({ ours: oursRate, bare: bareRate, cpu });
    line({
      round: n,
      accepted_per_s: Math.round(oursRate),
      bare_inserts_per_s: Math.round(bareRate),
      ratio: rounded(oursRate / bareRate, 3),
      workerd_cpu_ms_per_email: cpu === null ? null : rounded(cpu, 2),
    });
  }
  const gate = await everyAnswerHasItsRow(stage, accepted);
  line({
    gate: "every 200 has its message, content and delivery, and nothing else has one",
    ...gate,
    refused: Object.fromEntries(refused),
    hello_per_s: Math.round(hello),
    generator_headroom: rounded(hello / Math.max(...rounds.map((round) => round.ours)), 1),
  });
  return result(rounds, gate.ok && refused.size === 0, accepted.length);
}

function result(rounds: readonly Round[], gate: boolean, accepted: number): LegResult {
  const ratio = spread(rounds.map((round) => round.ours / round.bare));
  const rate = spread(rounds.map((round) => round.ours));
  const bareRate = spread(rounds.map((round) => round.bare));
  const [min, max] = [ratio.min.toFixed(2), ratio.max.toFixed(2)];
  return {
    end: {
      goal: accept.goal,
      ratio: rounded(ratio.median, 3),
      min: rounded(ratio.min, 3),
      max: rounded(ratio.max, 3),
      rounds: rounds.length,
      gate,
    },
    figures: [
      {
        number: "1",
        what: "accepted sends/s (2 KB, 32 clients) ÷ bare route with one D1 insert, same workerd, no proxy",
        measured: `${ratio.median.toFixed(2)} (${Math.round(rate.median)}/s ÷ ${Math.round(bareRate.median)}/s)`,
        range: `${min}–${max}`,
        n: `${rounds.length} × 10 s, ${accepted} sends`,
        verdict: `${ratio.median >= 0.8 ? "good" : "below 0.8"}${gate ? "" : "; GATE FAILED"}`,
      },
    ],
  };
}

/** Requests a second over about so many milliseconds; what was begun is finished. */
async function forSome(
  ms: number,
  url: string,
  next: () => Sent,
  onAnswer: (answer: Answer) => void,
): Promise<number> {
  const end = performance.now() + ms;
  let answers = 0;
  const load = await drive({
    url,
    clients: CLIENTS,
    next: () => (performance.now() < end ? next() : null),
    onAnswer(answer) {
      answers += 1;
      onAnswer(answer);
    },
  });
  return answers / (load.ms / 1000);
}

/** A request whose body has exactly BODY_BYTES; all are as long, so that the text is made once. */
function sendNumber(n: number, apiKey: string): Sent {
  const number = String(n).padStart(9, "0");
  const email = { apiKey, recipient: `reader${number}@example.com`, idempotencyKey: `order-${n}` };
  return sendOf({ ...email, text: TEXT });
}

/** The text that makes a body of BODY_BYTES: without line ends, each of its characters is one byte. */
const TEXT = "x".repeat(
  BODY_BYTES -
    sendOf({ apiKey: "", recipient: "reader000000000@example.com", text: "" }).body.length,
);
