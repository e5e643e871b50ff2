// How often the account's object is asked for tokens, and whether anybody gets more than the limit: goal 10's
// first two figures. A hot key far below its limit, then 100 clients that race for one of 50 a second.
import * as z from "zod";
import { rounded, spread } from "../figures.ts";
import { type Ground, type Stage, startStage } from "../ground.ts";
import type { Leg, LegResult } from "../leg.ts";
import { drive, manage, sendOf } from "../load.ts";

const ROUNDS = 5;
const ROUND_MS = 5_000;

/** A key that may send 1,000 a second: the goal is meant for such. */
const HOT = { clients: 32, limits: { per_second: 1_000, burst: 5_000 } };
const RACE = { clients: 100, limits: { per_second: 50, burst: 100 } };

/** Nobody listens here: the Worker needs a relay in its settings and does not call it. */
const NO_RELAY_PORT = 1025;

export const quota: Leg = { name: "quota", goal: 10, goals: [10], run };

const countsSchema = z.object({ quota_calls: z.number() });
const keySchema = z.object({ data: z.object({ id: z.string(), key: z.string() }) });
const countRow = z.object({ n: z.number() });

async function run(ground: Ground, line: (content: object) => void): Promise<LegResult> {
  const setting = { build: "counted", relayPort: NO_RELAY_PORT, bare: false } as const;
  const stage = await startStage(ground, { ...setting, consumers: false });
  try {
    const hot: Round[] = [];
    const races: Round[] = [];
    for (let n = 1; n <= ROUNDS; n++) {
      for (const [what, load, rounds] of [
        ["hot key", HOT, hot],
        ["race", RACE, races],
      ] as const) {
        const round = await measure(ground, stage, load);
        rounds.push(round);
        line({ round: n, what, ...round });
      }
    }
    return result(hot, races);
  } finally {
    await stage.stop();
  }
}

type Load = typeof HOT;
type Round = {
  readonly accepted: number;
  readonly refused: number;
  readonly others: number;
  readonly stored: number;
  readonly seconds: number;
  readonly callsPerAccept: number;
  readonly overAdmission: number;
};

/** One round with a key of its own, whose bucket is at rest. */
async function measure(ground: Ground, stage: Stage, { clients, limits }: Load): Promise<Round> {
  const api = { url: stage.url, apiKey: ground.apiKey };
  const wanted = { name: "bench", scopes: ["send"], limits };
  const { data: key } = await manage(api, ["POST", "/v1/keys", wanted], keySchema);
  await fetch(new URL("/bench/counts", stage.url), { method: "POST" });
  const answers = new Map<number, number>();
  const post = sendOf({ apiKey: key.key, recipient: "reader@example.com", text: "Hello" });
  const end = performance.now() + ROUND_MS;
  const { ms } = await drive({
    url: stage.url,
    clients,
    next: () => (performance.now() < end ? post : null),
    onAnswer: ({ status }) => answers.set(status, (answers.get(status) ?? 0) + 1),
  });
  const counts = await fetch(new URL("/bench/counts", stage.url));
  const { quota_calls: calls } = countsSchema.parse(await counts.json());
  const accepted = answers.get(200) ?? 0;
  const refused = answers.get(429) ?? 0;
  const rows = await stage.sql("select count(*) as n from messages where key_id = ?1", [key.id]);
  const allowed = limits.burst + (limits.per_second * ms) / 1_000;
  return {
    accepted,
    refused,
    others: [...answers.values()].reduce((sum, n) => sum + n, 0) - accepted - refused,
    stored: z.array(countRow).parse(rows)[0]?.n ?? 0,
    seconds: rounded(ms / 1_000, 2),
    callsPerAccept: rounded(calls / accepted, 4),
    overAdmission: Math.max(0, accepted - Math.floor(allowed)),
  };
}

function result(hot: readonly Round[], races: readonly Round[]): LegResult {
  const all = [...hot, ...races];
  const honest = all.every(({ accepted, stored, others }) => accepted === stored && others === 0);
  const raced = races.every(({ refused }) => refused > 0);
  const over = Math.max(...all.map(({ overAdmission }) => overAdmission));
  const gate = honest && raced && over === 0;
  const calls = spread(hot.map(({ callsPerAccept }) => callsPerAccept));
  const sum = (rounds: readonly Round[], of: "accepted" | "refused") =>
    rounds.reduce((total, round) => total + round[of], 0);
  const inRace = spread(races.map(({ callsPerAccept }) => callsPerAccept));
  return {
    end: {
      goal: quota.goal,
      ratio: calls.median,
      min: calls.min,
      max: calls.max,
      rounds: hot.length,
      gate,
    },
    figures: [
      {
        number: "10",
        what: "calls to the quota's Durable Object per accept, hot key of 1,000 a second, 32 clients, one isolate",
        measured: `${calls.median} (in the race of a key of 50 a second ${inRace.median})`,
        range: `${calls.min}–${calls.max}`,
        n: `${hot.length} × ${ROUND_MS / 1_000} s, ${sum(hot, "accepted")} sends`,
        verdict: `${calls.median <= 0.05 ? "good (≤ 0.05)" : "above 0.05"}${gate ? "" : "; GATE FAILED"}`,
      },
      {
        number: "10",
        what: "sends let in beyond burst + rate × t in a race of 100 clients (50 a second, burst 100, rested)",
        measured: String(over),
        range: `${over}`,
        n: `${races.length} × ${ROUND_MS / 1_000} s, ${sum(races, "accepted")} let in, ${sum(races, "refused")} refused`,
        verdict: over === 0 ? "good (0)" : "LIMIT BROKEN",
      },
    ],
  };
}
