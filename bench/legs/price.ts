// Goals 9, 3 and 4: what an email costs by the platform's price list, the rows that it writes and its queue
// operations, from the Worker's own meter (/v1/account/usage), over
// its whole life: accept, attempt, webhook, open, click, and the purge 61 days later, for which the Worker's clock
// is put forward. The meter is held against what is counted on the way to the bindings.
import PostalMime from "postal-mime";
import * as z from "zod";
import { startReceiver } from "../../test/peers/http-receiver.ts";
import type { Peer } from "../../test/peers/smtp-peer.ts";
import { rounded } from "../figures.ts";
import { type Ground, type Stage, startStage } from "../ground.ts";
import type { Answer, Sent } from "../http-client.ts";
import type { Leg, LegResult } from "../leg.ts";
import { drive, manage, sendOf, textOf } from "../load.ts";
import { type Plan, PRICE_ROUNDS, priceResult, type Round } from "../price-figures.ts";
import { startSink } from "../sink.ts";
import { within } from "../wait.ts";

const CLIENTS = 32;
const DEADLINE_MS = 60_000;
const TEXT_LENGTH = 2_000;

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
/** An instance keeps what it counted 30 s after the last time at the earliest. */
const KEPT_AFTER_MS = 31 * SECOND_MS;
/** Contents go after 7 days, all else after 60. */
const CONTENT_AGE_MS = 8 * DAY_MS;
const AGE_MS = 54 * DAY_MS;
/** A purge that came to its end starts again an hour later; each goes through some thousand rows. */
const WALK_AGAIN_MS = 61 * 60 * SECOND_MS;
const MAX_CRONS = 20;

/** The meter may lack what was counted since it was kept last: some calls of the last email. */
const MOST_APART = 20;

const PLANS: readonly Plan[] = [
  {
    name: "single_followed",
    what: "sent alone, told by webhook, opened and clicked once",
    calls: 500,
    emails: 1,
    followed: true,
  },
  { name: "single", what: "sent alone", calls: 500, emails: 1, followed: false },
  {
    name: "hundred",
    what: "accepted in calls of 100",
    calls: 20,
    emails: 100,
    followed: false,
  },
  {
    name: "hundred_followed",
    what: "accepted in calls of 100, told by webhook, opened and clicked once",
    calls: 20,
    emails: 100,
    followed: true,
  },
];

export const price: Leg = { name: "price", goal: 9, goals: [9, 3, 4], run };

const operation = z.object({ count: z.number(), usd: z.number() });
const usageSchema = z.object({
  data: z.object({
    usd: z.number(),
    operations: z.record(z.string(), operation),
    own: z.object({ d1_rows_written: z.number() }),
  }),
});
type Usage = z.output<typeof usageSchema>["data"];

const countsSchema = z.object({
  d1_rows_read: z.number(),
  d1_rows_written: z.number(),
  queue_writes: z.number(),
  queue_reads: z.number(),
  queue_deletes: z.number(),
});
const createdSchema = z.object({ data: z.object({ id: z.string() }) });
const nowSchema = z.object({ now: z.number() });

async function run(ground: Ground, line: (content: object) => void): Promise<LegResult> {
  const all = new Map<Plan, readonly Round[]>();
  for (const plan of PLANS) {
    const rounds: Round[] = [];
    for (let n = 1; n <= PRICE_ROUNDS; n++) {
      const round = await measure(ground, plan);
      rounds.push(round);
      line({ emails: plan.name, round: n, usd_per_million: rounded(round.usd, 3), ...round });
    }
    all.set(plan, rounds);
  }
  return priceResult(all);
}

/** One workerd, from the first send to the purge of the last row. */
async function measure(ground: Ground, plan: Plan): Promise<Round> {
  const [sink, hook] = [await startSink(), await startReceiver({})];
  const setting = { build: "counted", relayPort: sink.port, consumers: true } as const;
  const stage = await startStage(ground, { ...setting, bare: false, tracked: plan.followed });
  try {
    const scene = { url: stage.url, apiKey: ground.apiKey };
    const emails = plan.calls * plan.emails;
    if (plan.followed) {
      const body = { url: `http://127.0.0.1:${hook.port}/hook` };
      await manage(scene, ["POST", "/v1/webhooks", body], createdSchema);
    }
    const cpuBefore = await stage.cpuMs();
    await sendAll(scene, plan);
    const recorded = async () => (await open(stage)) === 0;
    const delivered =
      (await within(DEADLINE_MS, recorded)) && sink.log().messages.length === emails;
    const told = plan.followed ? await follow(stage, sink, () => hook.log().requests.length) : 0;
    const cpuAfter = await stage.cpuMs();
    await age(scene, stage);
    const { usage, apart } = await meter(scene);
    const purged = (await countOf(stage, "messages")) <= LATER_MESSAGES;
    const complete = told === (plan.followed ? 3 * emails : 0);
    const perEmail = Object.entries(usage.operations).map(
      ([name, { count }]) => [name, rounded(count / emails, 4)] as const,
    );
    return {
      usd: (usage.usd / emails) * 1e6,
      cpuMs: cpuBefore === null || cpuAfter === null ? null : (cpuAfter - cpuBefore) / emails,
      gate: delivered && complete && purged && apart <= MOST_APART,
      perEmail: { ...Object.fromEntries(perEmail), own_rows: usage.own.d1_rows_written / emails },
    };
  } finally {
    await stage.stop();
    await Promise.all([sink.stop(), hook.stop()]);
  }
}

type Scene = { readonly url: string; readonly apiKey: string };

async function sendAll(scene: Scene, { calls, emails, followed }: Plan): Promise<void> {
  const text = textOf("Your order", TEXT_LENGTH);
  const html = followed
    ? { html: `<html><body><a href="https://shop.example/">shop</a></body></html>` }
    : {};
  let sent = 0;
  const one = (): Sent =>
    sendOf({ apiKey: scene.apiKey, recipient: `reader${(sent += 1)}@example.com`, text, ...html });
  const next = (): Sent | null => {
    if (sent === calls * emails) return null;
    if (emails === 1) return one();
    const list = Array.from({ length: emails }, one);
    const body = `{"messages":[${list.map((email) => email.body).join(",")}]}`;
    const [first] = list;
    return first ? { ...first, path: "/v1/send-email/batch", body } : null;
  };
  await mustAll(scene.url, next, 200);
}

/** Asks for everything and throws when an answer is another one. */
async function mustAll(url: string, next: () => Sent | null, status: number): Promise<void> {
  const wrong: Answer[] = [];
  const onAnswer = (answer: Answer) => void (answer.status === status || wrong.push(answer));
  await drive({ url, clients: CLIENTS, next, onAnswer });
  if (wrong[0]) throw new Error(`${wrong.length} answers, such as ${wrong[0].status}`);
}

/** Opens and clicks each email once; answers what the endpoint was told, when all of it or the time is over. */
async function follow(stage: Stage, sink: Peer, told: () => number): Promise<number> {
  const { messages } = sink.log();
  const mails = await Promise.all(
    messages.map(({ content }) => PostalMime.parse(Buffer.from(content, "base64"))),
  );
  const pathsOf = (pattern: RegExp) =>
    mails.map(({ html }) => new URL(pattern.exec(html ?? "")?.[1] ?? "").pathname);
  for (const [paths, status] of [
    [pathsOf(/src="([^"]+)"/), 200],
    [pathsOf(/href="([^"]+)">shop/), 302],
  ] as const) {
    let asked = 0;
    const next = (): Sent | null => {
      const path = paths[asked++];
      return path === undefined
        ? null
        : { method: "GET", path, headers: { "user-agent": BROWSER }, body: "" };
    };
    await mustAll(stage.url, next, status);
  }
  await within(DEADLINE_MS, () => told() >= 3 * mails.length);
  return told();
}

const BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0";

/** What is sent to have a newest row of the log, which stays, and to have what is counted kept. */
const LATER_MESSAGES = 3;

async function sendLater(scene: Scene): Promise<void> {
  const later = { name: "", what: "", calls: 1, emails: 1, followed: false };
  await sendAll(scene, later);
}

/** Lets two months pass, with the purges of that time. */
async function age(scene: Scene, stage: Stage): Promise<void> {
  await forward(scene, CONTENT_AGE_MS);
  await cron(scene);
  await forward(scene, AGE_MS);
  await sendLater(scene);
  await within(DEADLINE_MS, async () => (await open(stage)) === 0);
  for (let n = 0; n < MAX_CRONS && (await countOf(stage, "messages")) > 1; n++) {
    await forward(scene, WALK_AGAIN_MS);
    await cron(scene);
  }
}

async function forward(scene: Scene, ms: number): Promise<void> {
  await manage(scene, ["POST", `/bench/clock?ms=${ms}`, null], nowSchema);
}

async function cron(scene: Scene): Promise<void> {
  await manage(scene, ["POST", "/bench/cron", null], nowSchema);
}

/** Has everything kept that was counted; answers it, and how far it is from what the bindings saw. */
async function meter(scene: Scene): Promise<{ readonly usage: Usage; readonly apart: number }> {
  const { now } = await manage(scene, ["POST", "/bench/clock?ms=0", null], nowSchema);
  // The objects of endpoints count for themselves, and keep it when they are woken.
  for (let n = 0; n < LATER_MESSAGES - 1; n++) {
    await forward(scene, KEPT_AFTER_MS);
    await sendLater(scene);
    await new Promise((resolve) => setTimeout(resolve, SECOND_MS));
  }
  const range = `from=${now - 90 * DAY_MS}&to=${now + DAY_MS}`;
  const path = `/v1/account/usage?${range}`;
  const counts = await manage(scene, ["GET", "/bench/counts", null], countsSchema);
  const { data } = await manage(scene, ["GET", path, null], usageSchema);
  const queue = counts.queue_writes + counts.queue_reads + counts.queue_deletes;
  const pairs = [
    [data.operations["d1_rows_written"]?.count, counts.d1_rows_written],
    [data.operations["queue_operations"]?.count, queue],
  ] as const;
  const apart = Math.max(...pairs.map(([told, seen]) => Math.abs((told ?? 0) - seen)));
  return { usage: data, apart };
}

const countRow = z.object({ n: z.number() });

async function countOf(stage: Stage, table: "messages" | "deliveries where due_at is not null") {
  const sql = `select count(*) as n from ${table}`;
  return z.array(countRow).parse(await stage.sql(sql, []))[0]?.n ?? 0;
}

function open(stage: Stage): Promise<number> {
  return countOf(stage, "deliveries where due_at is not null");
}
