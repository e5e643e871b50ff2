// What a flood in the marketing lane does to others: the time from the request to the relay's 250 of
// transactional mail, and of marketing mail of another key, with an empty marketing lane and with 100,000
// deliveries of one key due in it.
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import type { Peer } from "../../test/peers/smtp-peer.ts";
import { percentile, rounded } from "../figures.ts";
import { type Ground, type Stage, startStage } from "../ground.ts";
import { Connections, type Sent } from "../http-client.ts";
import type { Leg, LegResult } from "../leg.ts";
import { sendOf } from "../load.ts";
import { startSink, taken } from "../sink.ts";
import { within } from "../wait.ts";

const FLOOD = 100_000;
/** Rows seeded in one statement: a statement of D1 must end within 30 s. */
const SEED_ROWS = 20_000;
const SENDS = 200;
const EVERY_MS = 25;
const DEADLINE_MS = 60_000;
const MOST_P99_MS = 2_000;
/** The second key's p99 beside a flood of the first, by its p99 alone. */
const MOST_RATIO = 1.5;

export const lanes: Leg = { name: "lanes", goal: "lanes", goals: ["lanes"], run };

type Scene = { readonly ground: Ground; readonly stage: Stage; readonly sink: Peer };
type Round = {
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
  readonly missing: number;
  readonly twice: number;
  /** Marketing deliveries still open when the last transactional one had left. */
  readonly flood: number;
};

type Mail = { readonly lane: "transactional" | "marketing"; readonly apiKey: string };
type Pair = { readonly codes: Round; readonly news: Round };

async function pair(scene: Scene, codes: Mail, news: Mail): Promise<Pair> {
  return { codes: await measure(scene, codes), news: await measure(scene, news) };
}

/** A key that sends nothing of the flood. */
async function secondKey({ ground, stage }: Scene): Promise<string> {
  const connections = new Connections(stage.url);
  try {
    const body = JSON.stringify({ name: "second", scopes: ["send"], mailClass: "marketing" });
    const { status, body: answer } = await connections.ask({
      ...sendOf({ apiKey: ground.apiKey, recipient: "", text: "" }),
      path: "/v1/keys",
      body,
    });
    if (status !== 201) throw new Error(`no second key: ${status} ${answer}`);
    return z.object({ data: z.object({ key: z.string() }) }).parse(JSON.parse(answer)).data.key;
  } finally {
    connections.close();
  }
}

const countRow = z.object({ n: z.number() });

async function run(ground: Ground, line: (content: object) => void): Promise<LegResult> {
  const sink = await startSink();
  try {
    const setting = { build: "production", relayPort: sink.port, bare: false } as const;
    const stage = await startStage(ground, { ...setting, consumers: true });
    try {
      const scene = { ground, stage, sink };
      const news = { lane: "marketing", apiKey: await secondKey(scene) } as const;
      const codes = { lane: "transactional", apiKey: ground.apiKey } as const;
      await measure(scene, codes);
      const alone = await pair(scene, codes, news);
      line({ lane: "alone", ...alone });
      await seed(scene);
      const flooded = await pair(scene, codes, news);
      line({ lane: "flooded", ...flooded });
      return result(alone, flooded);
    } finally {
      await stage.stop();
    }
  } finally {
    await sink.stop();
  }
}

/** Sends one email each 25 ms and looks when the sink took it. */
async function measure({ stage, sink }: Scene, { lane, apiKey }: Mail): Promise<Round> {
  const skip = sink.log().messages.length;
  const connections = new Connections(stage.url);
  const sentAt = new Map<string, number>();
  try {
    const sends: Promise<void>[] = [];
    for (let n = 0; n < SENDS; n++) {
      const recipient = `${lane}${n}@example.com`;
      sends.push(send(sendOf({ apiKey, recipient, text: "Your code is 123456" })));
      await sleep(EVERY_MS);
    }
    await Promise.all(sends);
  } finally {
    connections.close();
  }
  await within(DEADLINE_MS, async () => (await open(stage, lane, `${lane}%`)) === 0);
  const flood = await open(stage, "marketing");
  const got = taken(sink, skip).filter(({ id }) => sentAt.has(id));
  const at = new Map(got.map((one) => [one.id, one.at]));
  const times = [...sentAt].flatMap(([id, from]) => {
    const until = at.get(id);
    return until === undefined ? [] : [until - from];
  });
  return {
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    most: Math.max(...times),
    missing: SENDS - at.size,
    twice: got.length - at.size,
    flood,
  };

  async function send(email: Sent): Promise<void> {
    const from = Date.now();
    const { status, messageId, body } = await connections.ask(email);
    if (status !== 200 || messageId === null) throw new Error(`not accepted: ${status} ${body}`);
    sentAt.set(messageId, from);
  }
}

/** How many deliveries of a lane to such recipients are due or under lease. */
async function open(stage: Stage, lane: string, like = "%"): Promise<number> {
  const sql = `select count(*) as n from deliveries
    where lane = ?1 and due_at is not null and recipient like ?2`;
  return z.array(countRow).parse(await stage.sql(sql, [lane, like]))[0]?.n ?? 0;
}

/** Makes 100,000 marketing messages out of one that was sent, all due, and wakes their lane. */
async function seed({ ground, stage }: Scene): Promise<void> {
  const marketing = await sendMarketing(ground, stage);
  await within(DEADLINE_MS, async () => (await open(stage, "marketing")) === 0);
  for (let first = 1; first <= FLOOD; first += SEED_ROWS) {
    for (const sql of SEED) await stage.sql(sql, [marketing, first, first + SEED_ROWS - 1]);
  }
  await sendMarketing(ground, stage);
}

/** A message's id with its last 12 digits replaced by the number of its copy. */
const COPY_ID = "substr(?1, 1, 24) || printf('%012x', i)";
const COPIES = "with recursive n(i) as (select ?2 union all select i + 1 from n where i < ?3)";

const SEED = [
  `${COPIES} insert into contents (id, message_id, head, parts)
   select c.id + 1000000 + i, ${COPY_ID}, c.head, c.parts
   from n, contents c where c.message_id = ?1`,
  `${COPIES} insert into messages (id, created_at, key_id, mail_class, from_address, from_name, subject, tags,
     send_id, list_id, metadata, recipients, on_ambiguous, size, content_id)
   select ${COPY_ID}, created_at, key_id, mail_class, from_address, from_name, subject, tags, send_id, list_id,
     metadata, json_replace(recipients, '$[0].address', 'reader' || i || '@example.com'),
     on_ambiguous, size, content_id + 1000000 + i
   from n, messages where id = ?1`,
  `${COPIES} insert into deliveries (recipient, message_id, position, lane, state, due_at, expires_at, share)
   select 'reader' || i || '@example.com', ${COPY_ID}, 0, 'marketing', 'queued', m.created_at,
     m.created_at + 259200000, (select share from deliveries where message_id = ?1)
   from n, messages m where m.id = ?1`,
];

async function sendMarketing(ground: Ground, stage: Stage): Promise<string> {
  const connections = new Connections(stage.url);
  try {
    const post = sendOf({ apiKey: ground.apiKey, recipient: "first@example.com", text: "News" });
    const body = JSON.stringify({ ...JSON.parse(post.body), metadata: { mailClass: "marketing" } });
    const { messageId, status } = await connections.ask({ ...post, body });
    if (messageId === null) throw new Error(`not accepted: ${status}`);
    return messageId;
  } finally {
    connections.close();
  }
}

function result(alone: Pair, flooded: Pair): LegResult {
  const rounds = [alone.codes, alone.news, flooded.codes, flooded.news];
  const gate =
    rounds.every(({ missing, twice }) => missing + twice === 0) && flooded.news.flood > 0;
  const ratio = rounded(flooded.codes.p99 / alone.codes.p99, 2);
  const shared = rounded(flooded.news.p99 / alone.news.p99, 2);
  const failed = gate ? "" : "; GATE FAILED";
  const n = `${SENDS} sends, one each ${EVERY_MS} ms`;
  return {
    end: { goal: lanes.goal, ratio, min: ratio, max: ratio, rounds: 1, gate },
    figures: [
      {
        number: "lanes",
        what: `ms from request to the relay's 250 of a transactional email, p99, beside ${FLOOD} due marketing deliveries`,
        measured: `${flooded.codes.p99} (alone ${alone.codes.p99})`,
        range: `p50 ${flooded.codes.p50}, most ${flooded.codes.most}`,
        n,
        verdict: `${flooded.codes.p99 < MOST_P99_MS ? "good (< 2 s)" : "above 2 s"}${failed}`,
      },
      {
        number: "10",
        what: `p99 of a second key's marketing mail beside these of the first ÷ alone`,
        measured: String(shared),
        range: `${flooded.news.p99} ÷ ${alone.news.p99} ms, p50 ${flooded.news.p50} ÷ ${alone.news.p50}`,
        n,
        verdict: `${shared <= MOST_RATIO ? `good (≤ ${MOST_RATIO})` : `above ${MOST_RATIO}`}${failed}`,
      },
    ],
  };
}
