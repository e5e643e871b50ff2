// What following a tracked link costs: process CPU per redirect over 10,000, beside a bare 302 in the same
// workerd. First the answers alone, where nobody listens to the track queue; then with every click
// recorded, where each must lead to its target and stand in the event log once.
import PostalMime from "postal-mime";
import * as z from "zod";
import type { Peer } from "../../test/peers/smtp-peer.ts";
import { rounded, spread } from "../figures.ts";
import { type Ground, type Stage, startStage } from "../ground.ts";
import type { Answer, Sent } from "../http-client.ts";
import type { Figure, Leg, LegResult } from "../leg.ts";
import { drive, sendOf } from "../load.ts";
import { startSink } from "../sink.ts";
import { within } from "../wait.ts";

const CLIENTS = 32;
const EMAILS = 1_000;
const LINKS = 10;
const REDIRECTS = EMAILS * LINKS;
const ROUNDS = 5;
const WARM_UP_REDIRECTS = 2_000;
const DRAIN_DEADLINE_MS = 120_000;

/** Nobody listens here: the Worker needs a relay in its settings and does not call it. */
const NO_RELAY_PORT = 1025;

/** A reader's browser: what a person sends, so that the agent is looked up in the whole table. */
const BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0";

export const redirect: Leg = { name: "redirect", goal: "redirect", goals: ["redirect"], run };

/** A tracked link as it was delivered: where on the Worker it leads, and where it must send on to. */
type TrackedLink = { readonly path: string; readonly target: string };

async function run(ground: Ground, line: (content: object) => void): Promise<LegResult> {
  const sink = await startSink();
  try {
    const setting = { build: "production", relayPort: sink.port } as const;
    const tracked = { consumers: true, bare: false, tracked: true };
    const stage = await startStage(ground, { ...setting, ...tracked });
    const recorded = await stopped(stage, () => recording(ground, stage, sink, line));
    const answered = await answering(ground, recorded.links, line);
    return result(recorded, answered);
  } finally {
    await sink.stop();
  }
}

/** Does the work and stops the stage, whatever comes of it. */
async function stopped<T>(stage: Stage, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await stage.stop();
  }
}

type Recorded = {
  readonly links: readonly TrackedLink[];
  readonly cpu: number | null;
  readonly gate: boolean;
};

/** Every link of every email is followed once, and recorded. */
async function recording(
  ground: Ground,
  stage: Stage,
  sink: Peer,
  line: (content: object) => void,
): Promise<Recorded> {
  await sendAll(ground, stage);
  await within(DRAIN_DEADLINE_MS, () => sink.log().messages.length >= EMAILS);
  const links = await linksIn(sink);
  const before = await stage.cpuMs();
  const wrong = await followAll(stage.url, links, { count: links.length });
  const complete = await within(
    DRAIN_DEADLINE_MS,
    async () => (await clicksOf(stage)) >= links.length,
  );
  const after = await stage.cpuMs();
  const cpu = before === null || after === null ? null : (after - before) / links.length;
  const once = await recordedOnce(stage);
  const gate = links.length === REDIRECTS && wrong.size === 0 && complete && once === REDIRECTS;
  line({
    gate: "every redirect leads to its target, every click stands in the event log once",
    ok: gate,
    redirects: links.length,
    wrong: Object.fromEntries(wrong),
    recorded: await clicksOf(stage),
    recorded_once: once,
    workerd_cpu_ms_per_redirect: cpu === null ? null : rounded(cpu, 3),
  });
  return { links, cpu, gate };
}

/** CPU milliseconds per redirect: bare, answered only (HEAD fires nothing), answered and queued. */
type Round = { readonly bare: number; readonly head: number; readonly ours: number };
type Answered = { readonly rounds: readonly Round[]; readonly gate: boolean };

/** The answers alone, in another workerd whose database never saw the mail. */
async function answering(
  ground: Ground,
  links: readonly TrackedLink[],
  line: (content: object) => void,
): Promise<Answered> {
  const setting = { build: "production", relayPort: NO_RELAY_PORT, tracked: true } as const;
  const stage = await startStage(ground, { ...setting, consumers: false, bare: true });
  const wrong: ReadonlyMap<string, number>[] = [];
  const follow = {
    bare: (count: number) => followAll(stage.bareUrl, [BARE], { count }),
    head: (count: number) => followAll(stage.url, links, { count, method: "HEAD" }),
    ours: (count: number) => followAll(stage.url, links, { count }),
  };
  async function cpuOf(what: keyof typeof follow): Promise<number> {
    const before = await stage.cpuMs();
    wrong.push(await follow[what](REDIRECTS));
    const after = await stage.cpuMs();
    return before === null || after === null ? Number.NaN : (after - before) / REDIRECTS;
  }
  try {
    for (const one of Object.values(follow)) wrong.push(await one(WARM_UP_REDIRECTS));
    const rounds: Round[] = [];
    for (let n = 1; n <= ROUNDS; n++) {
      const [bare, head] = [await cpuOf("bare"), await cpuOf("head")];
      const start = performance.now();
      const ours = await cpuOf("ours");
      const perSecond = REDIRECTS / ((performance.now() - start) / 1000);
      rounds.push({ bare, head, ours });
      const told = { bare_cpu_ms: bare, head_cpu_ms: head, cpu_ms: ours };
      line({ round: n, ...told, redirects_per_s: Math.round(perSecond) });
    }
    const gate = wrong.every(({ size }) => size === 0);
    line({
      gate: "every answer is a 302 to its target, without the mail in the database",
      ok: gate,
    });
    return { rounds, gate };
  } finally {
    await stage.stop();
  }
}

const BARE: TrackedLink = { path: "/redirect", target: "https://shop.example/" };

async function sendAll(ground: Ground, stage: Stage): Promise<void> {
  let sent = 0;
  const refused: Answer[] = [];
  await drive({
    url: stage.url,
    clients: CLIENTS,
    next: () => (sent < EMAILS ? emailNumber(sent++, ground.apiKey) : null),
    onAnswer(answer) {
      if (answer.status !== 200) refused.push(answer);
    },
  });
  if (refused[0]) throw new Error(`${refused.length} sends were refused: ${refused[0].body}`);
}

function emailNumber(n: number, apiKey: string): Sent {
  const anchors = Array.from({ length: LINKS }, (_, k) => {
    const href = targetOf(n, k).replaceAll("&", "&amp;");
    return `<p><a href="${href}">${n}/${k}</a></p>`;
  });
  const html = `<html><body>${anchors.join("\n")}</body></html>`;
  return sendOf({ apiKey, recipient: `reader${n}@example.com`, text: "Hello", html });
}

function targetOf(n: number, k: number): string {
  return `https://shop.example/item/${n}-${k}?from=mail&place=${k}`;
}

/** The links of all mail that the sink took. */
async function linksIn(sink: Peer): Promise<readonly TrackedLink[]> {
  const mails = await Promise.all(
    sink.log().messages.map(({ content }) => PostalMime.parse(Buffer.from(content, "base64"))),
  );
  return mails.flatMap(({ html }) =>
    [...(html ?? "").matchAll(/href="([^"]+)">(\d+)\/(\d+)</g)].map((match) => ({
      path: new URL(match[1] ?? "").pathname,
      target: targetOf(Number(match[2]), Number(match[3])),
    })),
  );
}

/** Follows so many links, one after the other and over again; answers what was wrong, and how often. */
async function followAll(
  url: string,
  links: readonly TrackedLink[],
  { count, method = "GET" }: { readonly count: number; readonly method?: "GET" | "HEAD" },
): Promise<ReadonlyMap<string, number>> {
  const wrong = new Map<string, number>();
  const targets = new Map(links.map(({ path, target }) => [path, target]));
  let asked = 0;
  await drive({
    url,
    clients: CLIENTS,
    next() {
      const path = asked < count ? links[asked % links.length]?.path : undefined;
      asked += 1;
      return path === undefined
        ? null
        : { method, path, headers: { "user-agent": BROWSER }, body: "" };
    },
    onAnswer({ status, location }, { path }) {
      if (status === 302 && location === targets.get(path)) return;
      const what = `${status} to ${location}`;
      wrong.set(what, (wrong.get(what) ?? 0) + 1);
    },
  });
  return wrong;
}

const countRow = z.object({ n: z.number() });

const CLICKS = `from event_log l, json_each(l.events) e where e.value ->> 'name' = 'click'`;

async function countIn(stage: Stage, sql: string): Promise<number> {
  return z.array(countRow).parse(await stage.sql(sql, []))[0]?.n ?? 0;
}

function clicksOf(stage: Stage): Promise<number> {
  return countIn(stage, `select count(*) as n ${CLICKS}`);
}

/** Targets that were recorded exactly once, as the click of a delivery that exists. */
function recordedOnce(stage: Stage): Promise<number> {
  return countIn(
    stage,
    `select count(*) as n from (
       select e.value ->> 'url' as url, e.value ->> 'messageId' as id ${CLICKS}
         and exists (select 1 from messages m where m.id = e.value ->> 'messageId')
       group by 1 having count(*) = 1)`,
  );
}

function result(
  { cpu, gate: recordedAll }: Recorded,
  { rounds, gate: answeredAll }: Answered,
): LegResult {
  const gate = recordedAll && answeredAll;
  const failed = gate ? "" : "; GATE FAILED";
  if (cpu === null) {
    const nothing = { ratio: null, min: null, max: null, rounds: 0 };
    return { end: { goal: redirect.goal, ...nothing, gate }, figures: [] };
  }
  const bare = spread(rounds.map((round) => round.bare));
  const n = `${rounds.length} × ${REDIRECTS} redirects`;
  const besideBare = (what: string, part: "head" | "ours", verdict: string): Figure => {
    const ratio = spread(rounds.map((round) => round[part] / round.bare));
    const measured = micros(spread(rounds.map((round) => round[part])).median);
    return {
      number: redirect.name,
      what,
      measured: `${ratio.median.toFixed(2)} (${measured} ÷ ${micros(bare.median)})`,
      range: `${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)}`,
      n,
      verdict: verdict + failed,
    };
  };
  const ratio = spread(rounds.map((round) => round.ours / round.bare));
  const [min, max] = [rounded(ratio.min, 3), rounded(ratio.max, 3)];
  const end = { goal: redirect.goal, ratio: rounded(ratio.median, 3), min, max };
  return {
    end: { ...end, rounds: rounds.length, gate },
    figures: [
      besideBare(
        "process CPU per redirect of a tracked link, answered and queued ÷ a bare 302, same workerd, no proxy",
        "ours",
        "every target right, no database read",
      ),
      besideBare("the same, answered only (HEAD)", "head", "every target right"),
      {
        number: redirect.name,
        what: "process CPU per redirect with its click recorded: queue, event log, delivery",
        measured: micros(cpu),
        range: "",
        n: `1 × ${REDIRECTS} redirects`,
        verdict: `every click recorded once${failed}`,
      },
    ],
  };
}

function micros(ms: number): string {
  return `${Math.round(ms * 1_000)} µs`;
}
