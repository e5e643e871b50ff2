// Growth: what an accept, a refused accept to a suppressed address, the first page of the activity and the purge
// cost with 10,000, 100,000 and 1,000,000 stored emails and as many suppressed addresses. Rows read are what D1
// bills, and show an index that is missing before milliseconds do.
import * as z from "zod";
import { makeRows, MESSAGE_COPIES, NUMBERS } from "../copies.ts";
import { median, rounded } from "../figures.ts";
import { freePort } from "../../test/peers/free-port.ts";
import { type Ground, type Stage, startStage } from "../ground.ts";
import { Connections, type Sent } from "../http-client.ts";
import type { Figure, Leg, LegResult } from "../leg.ts";
import { manage, sendOf } from "../load.ts";

const SIZES = [10_000, 100_000, 1_000_000] as const;
/** Requests of each kind at each size, one after the other. */
const REQUESTS = 200;
const WARM_UP_REQUESTS = 50;
/** Two rows of the meter's and the noise of a plan: more is growth. */
const MOST_MORE_ROWS = 3;
/** Past the retention of 60 days. */
const AGE_MS = 62 * 86_400_000;

export const growth: Leg = { name: "growth", goal: "growth", goals: ["growth"], run };

const KINDS = ["accept", "suppressed", "activity"] as const;
type Kind = (typeof KINDS)[number];
/** One request: milliseconds (median), rows read and written (means). */
type Cost = { readonly ms: number; readonly read: number; readonly written: number };
type Row = Readonly<Record<Kind, Cost>> & {
  readonly stored: number;
  /** Messages that one minute's purge deleted, of those over the retention. */
  readonly purged: number;
  readonly purgedPerSecond: number;
};
type Scene = { readonly url: string; readonly apiKey: string; readonly sql: Stage["sql"] };

async function run(ground: Ground, line: (content: object) => void): Promise<LegResult> {
  const setting = { build: "counted", relayPort: await freePort() } as const;
  const stage = await startStage(ground, { ...setting, consumers: false, bare: false });
  try {
    const scene = { url: stage.url, apiKey: ground.apiKey, sql: stage.sql };
    const rows: Row[] = [];
    for (const size of SIZES) {
      await grow(scene, size);
      for (const kind of KINDS) await cost(scene, kind, size, WARM_UP_REQUESTS);
      const stored = await countOf(scene, "messages");
      const costs = {
        accept: await cost(scene, "accept", size, REQUESTS),
        suppressed: await cost(scene, "suppressed", size, REQUESTS),
        activity: await cost(scene, "activity", size, REQUESTS),
      };
      const row = { stored, ...costs, ...(await purge(scene)) };
      rows.push(row);
      line(row);
    }
    return result(rows, line);
  } finally {
    await stage.stop();
  }
}

/** Fills the database up to so many delivered messages and suppressed addresses. */
async function grow(scene: Scene, size: number): Promise<void> {
  const template = await accepted(scene, sendOf({ ...emailOf(scene, "template"), text: "News" }));
  const there = await countOf(scene, "messages");
  await makeRows(scene.sql, MESSAGE_COPIES, template, { first: there + 1, last: size });
  const suppressed = await countOf(scene, "suppressions");
  await makeRows(scene.sql, [SUPPRESS], Date.now(), { first: suppressed + 1, last: size });
}

const SUPPRESS = `${NUMBERS} insert or ignore into suppressions (address, scope, reason, created_at)
  select 'suppressed' || i || '@example.com', 'global', 'seed', ?1 from n`;

function emailOf({ apiKey }: Scene, recipient: string) {
  return { apiKey, recipient: `${recipient}@example.com`, text: "Your code is 123456" };
}

let sent = 0;

function request(scene: Scene, kind: Kind, size: number): { sent: Sent; status: number } {
  sent += 1;
  switch (kind) {
    case "accept":
      return { sent: sendOf(emailOf(scene, `new${sent}`)), status: 200 };
    case "suppressed": {
      const number = 1 + ((sent * 7919) % size);
      return { sent: sendOf(emailOf(scene, `suppressed${number}`)), status: SUPPRESSED_STATUS };
    }
    case "activity": {
      const headers = { authorization: `Bearer ${scene.apiKey}` };
      return { sent: { method: "GET", path: ACTIVITY, headers, body: "" }, status: 200 };
    }
  }
}

/** Refused: its only recipient is suppressed. */
const SUPPRESSED_STATUS = 422;
const ACTIVITY = "/v1/messages?limit=50";

const countsSchema = z.object({ d1_rows_read: z.number(), d1_rows_written: z.number() });

async function cost(scene: Scene, kind: Kind, size: number, requests: number): Promise<Cost> {
  const connections = new Connections(scene.url);
  const times: number[] = [];
  try {
    await manage(scene, ["POST", "/bench/counts", null], countsSchema);
    for (let n = 0; n < requests; n++) {
      const { sent, status } = request(scene, kind, size);
      const start = performance.now();
      const answer = await connections.ask(sent);
      times.push(performance.now() - start);
      if (answer.status !== status) throw new Error(`${kind}: ${answer.status} ${answer.body}`);
    }
  } finally {
    connections.close();
  }
  const counts = await manage(scene, ["GET", "/bench/counts", null], countsSchema);
  return {
    ms: rounded(median(times), 2),
    read: rounded(counts.d1_rows_read / requests, 1),
    written: rounded(counts.d1_rows_written / requests, 1),
  };
}

const nowSchema = z.object({ now: z.number() });

/** Lets two months pass and runs one minute's cron. */
async function purge(scene: Scene) {
  await manage(scene, ["POST", `/bench/clock?ms=${AGE_MS}`, null], nowSchema);
  const [before, start] = [await countOf(scene, "messages"), performance.now()];
  await manage(scene, ["POST", "/bench/cron", null], nowSchema);
  const seconds = (performance.now() - start) / 1000;
  const purged = before - (await countOf(scene, "messages"));
  return { purged, purgedPerSecond: Math.round(purged / seconds) };
}

const countRow = z.object({ n: z.number() });

async function countOf({ sql }: Scene, table: "messages" | "suppressions"): Promise<number> {
  const rows = z.array(countRow).parse(await sql(`select count(*) as n from ${table}`, []));
  return rows[0]?.n ?? 0;
}

async function accepted(scene: Scene, email: Sent): Promise<string> {
  const connections = new Connections(scene.url);
  try {
    const { messageId, status, body } = await connections.ask(email);
    if (messageId === null) throw new Error(`not accepted: ${status} ${body}`);
    return messageId;
  } finally {
    connections.close();
  }
}

function result(rows: readonly Row[], line: (content: object) => void): LegResult {
  const [least, most] = [rows[0], rows.at(-1)];
  if (!least || !most) throw new Error("nothing was measured");
  const more = (kind: Kind) =>
    most[kind].read - least[kind].read + (most[kind].written - least[kind].written);
  const gate =
    KINDS.every((kind) => more(kind) <= MOST_MORE_ROWS) && rows.every((row) => row.purged > 0);
  line({
    gate: "no request reads or writes more rows as mail is stored; the purge deletes",
    ok: gate,
  });
  const ratio = rounded(most.accept.ms / least.accept.ms, 2);
  const failed = gate ? "" : "; GATE FAILED";
  const n = `${REQUESTS} requests at each size`;
  const curve = (of: (row: Row) => number) => rows.map(of).join(" · ");
  const figure = (kind: Kind, what: string): Figure => ({
    number: "growth",
    what: `${what} at 10 k · 100 k · 1 M stored emails, ms`,
    measured: curve((row) => row[kind].ms),
    range: `rows read ${curve((row) => row[kind].read)}, written ${curve((row) => row[kind].written)}`,
    n,
    verdict: `${more(kind) <= MOST_MORE_ROWS ? "good (rows do not grow)" : "rows grow"}${failed}`,
  });
  return {
    end: { goal: growth.goal, ratio, min: ratio, max: ratio, rounds: 1, gate },
    figures: [
      figure("accept", "an accept"),
      figure("suppressed", "a send to a suppressed address"),
      figure("activity", "the newest 50 messages"),
      {
        number: "growth",
        what: "the same: messages that a purge deletes, per second",
        measured: curve((row) => row.purgedPerSecond),
        range: `in one minute's run ${curve((row) => row.purged)}`,
        n: "one run at each size",
        verdict: "no goal",
      },
    ],
  };
}
