// Goal 2: emails accepted a second through POST /v1/send-email/batch, 100 to a call, beside single sends of the
// same emails by the same clients. Nothing is delivered: nobody listens to the delivery queue.
import * as z from "zod";
import { rounded, spread } from "../figures.ts";
import { type Ground, type Stage, startStage } from "../ground.ts";
import type { Leg, LegResult } from "../leg.ts";
import type { Answer, Sent } from "../http-client.ts";
import { drive, sendOf, textOf } from "../load.ts";

const CLIENTS = 32;
const CALL_EMAILS = 100;
const TEXT_CHARACTERS = 1_500;
const ROUNDS = 5;
const ROUND_MS = 10_000;
const WARM_UP_MS = 2_000;
const GOOD = 15;

/** Nobody listens here: the Worker needs a relay in its settings and does not call it. */
const NO_RELAY_PORT = 1025;

export const batch: Leg = { name: "batch", goal: 2, goals: [2], run };

/** One way of sending: how many emails a request holds, and how many of its answer were accepted. */
type Way = { readonly next: () => Sent; readonly accepted: (answer: Answer) => number };

const callAnswer = z.object({ data: z.array(z.object({ status: z.string() })) });
const countRow = z.object({ n: z.number() });

async function run(ground: Ground, line: (content: object) => void): Promise<LegResult> {
  const setting = { build: "production", relayPort: NO_RELAY_PORT, bare: false } as const;
  const stage = await startStage(ground, { ...setting, consumers: false });
  try {
    return await measure(ground, stage, line);
  } finally {
    await stage.stop();
  }
}

async function measure(
  ground: Ground,
  stage: Stage,
  line: (content: object) => void,
): Promise<LegResult> {
  let total = 0;
  let number = 0;
  const text = textOf("Your order has left.", TEXT_CHARACTERS);
  const email = () =>
    sendOf({ apiKey: ground.apiKey, recipient: `reader${(number += 1)}@example.com`, text });
  const single: Way = { next: email, accepted: ({ status }) => (status === 200 ? 1 : 0) };
  const calls: Way = {
    next() {
      const emails = Array.from({ length: CALL_EMAILS }, email);
      const body = `{"messages":[${emails.map((one) => one.body).join(",")}]}`;
      return { ...email(), path: "/v1/send-email/batch", body };
    },
    accepted: ({ status, body }) =>
      status === 200 ? callAnswer.parse(JSON.parse(body)).data.length : 0,
  };
  const rate = async (way: Way, ms: number): Promise<number> => {
    const end = performance.now() + ms;
    let emails = 0;
    const load = await drive({
      url: stage.url,
      clients: CLIENTS,
      next: () => (performance.now() < end ? way.next() : null),
      onAnswer: (answer) => void (emails += way.accepted(answer)),
    });
    total += emails;
    return emails / (load.ms / 1000);
  };
  for (const way of [single, calls]) await rate(way, WARM_UP_MS);
  const rounds: { readonly single: number; readonly batch: number }[] = [];
  for (let n = 1; n <= ROUNDS; n++) {
    const round = { single: await rate(single, ROUND_MS), batch: await rate(calls, ROUND_MS) };
    rounds.push(round);
    line({
      round: n,
      single_per_s: Math.round(round.single),
      batch_per_s: Math.round(round.batch),
      ratio: rounded(round.batch / round.single, 2),
    });
  }
  const [row] = z
    .array(countRow)
    .parse(await stage.sql("select count(*) as n from deliveries where lane <> ?1", ["none"]));
  const gate = row?.n === total;
  line({ gate: "every accepted email has its delivery", accepted: total, deliveries: row?.n });
  return result(rounds, gate, total);
}

function result(
  rounds: readonly { readonly single: number; readonly batch: number }[],
  gate: boolean,
  accepted: number,
): LegResult {
  const ratio = spread(rounds.map((round) => round.batch / round.single));
  const rates = spread(rounds.map((round) => round.batch));
  return {
    end: {
      goal: batch.goal,
      ratio: rounded(ratio.median, 2),
      min: rounded(ratio.min, 2),
      max: rounded(ratio.max, 2),
      rounds: rounds.length,
      gate,
    },
    figures: [
      {
        number: "2",
        what: `emails accepted/s by calls of ${CALL_EMAILS} ÷ by single sends (2 KB, ${CLIENTS} clients, no proxy)`,
        measured: `${ratio.median.toFixed(1)} (${Math.round(rates.median)}/s)`,
        range: `${ratio.min.toFixed(1)}–${ratio.max.toFixed(1)}`,
        n: `${rounds.length} × 10 s each, ${accepted} emails`,
        verdict: `${ratio.median >= GOOD ? "good" : `below ${GOOD}`}${gate ? "" : "; GATE FAILED"}`,
      },
    ],
  };
}
