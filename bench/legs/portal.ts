// The portal in a real browser: how long until the first screen can be used, and until the activity shows its
// first rows with 1,000,000 stored messages. Each round is a browser that was never here, signed in before.
import { setTimeout as sleep } from "node:timers/promises";
import { type Browser, chromium, type Page } from "playwright-core";
import * as z from "zod";
import { buildPortal } from "../../dev/portal.ts";
import { superAdminRow } from "../../dev/seed.ts";
import { missing } from "../../test/node/support/packages.ts";
import { COPY_EMAIL, COPY_ID, makeRows, MESSAGE_COPIES, NUMBERS } from "../copies.ts";
import { rounded, spread } from "../figures.ts";
import { type Ground, type Stage, startStage } from "../ground.ts";
import type { Figure, Leg, LegResult } from "../leg.ts";
import { drive, sendOf } from "../load.ts";
import { startSink } from "../sink.ts";
import { within } from "../wait.ts";

const MESSAGES = 1_000_000;
const ROUNDS = 15;
const WARM_UP_ROUNDS = 2;
const DELIVERY_DEADLINE_MS = 30_000;
/** A page that has nothing to show by now is broken. */
const PAGE_DEADLINE_MS = 20_000;
/** The goals of the portal: milliseconds. */
const FIRST_SCREEN_MS = 1_000;
const ACTIVITY_MS = 300;

const LOGIN = { email: "boss@example.com", password: "a password of the benchmark" };
const RECIPIENT = "stored@example.com";

export const portal: Leg = { name: "portal", goal: "portal", goals: ["portal"], run };

async function run(ground: Ground, line: (content: object) => void): Promise<LegResult> {
  const reason = await missing("chromium");
  if (reason !== null) throw new Error(reason);
  await buildPortal();
  const sink = await startSink();
  const setting = { build: "production", relayPort: sink.port, assets: true } as const;
  const stage = await startStage(ground, { ...setting, consumers: true, bare: false });
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
  try {
    await stage.sql(superAdminRow(LOGIN, Date.now()), []);
    await fill(stage, ground.apiKey);
    const stored = await storedIn(stage);
    line({ stored });
    const cookie = await signedIn(stage.url);
    const times: Times[] = [];
    for (let n = 1; n <= WARM_UP_ROUNDS + ROUNDS; n++) {
      const round = await visit(browser, stage.url, cookie);
      if (n <= WARM_UP_ROUNDS) continue;
      times.push(round);
      line({ round: n - WARM_UP_ROUNDS, ...round });
    }
    const gate = stored.messages >= MESSAGES && stored.log_rows >= MESSAGES;
    line({
      gate: "as many messages and events are stored; each page showed figures or rows",
      ok: gate,
    });
    return result(times, gate);
  } finally {
    await browser.close();
    await stage.stop();
    await sink.stop();
  }
}

/** One message that was delivered, and copies of it with all that became of it. */
async function fill(stage: Stage, apiKey: string): Promise<void> {
  const template = await delivered(stage, apiKey);
  const copies = [...MESSAGE_COPIES, EVENT_COPIES];
  await makeRows(stage.sql, copies, template, { first: 1, last: MESSAGES });
  await stage.sql("analyze", []);
}

async function delivered(stage: Stage, apiKey: string): Promise<string> {
  const ids: string[] = [];
  const send = sendOf({ apiKey, recipient: RECIPIENT, text: "News" });
  let isSent = false;
  await drive({
    url: stage.url,
    clients: 1,
    next: () => (isSent ? null : ((isSent = true), send)),
    onAnswer: ({ messageId }) => void ids.push(messageId ?? ""),
  });
  const told = () => stage.sql("select 1 from event_log", []);
  const isTold = await within(DELIVERY_DEADLINE_MS, async () => (await told()).length > 0);
  if (!isTold || !ids[0]) throw new Error("the first message was not delivered");
  return ids[0];
}

/** The events of a copy: ids of their own, a millisecond earlier than those of the copy before. */
const EVENT_COPIES = `${NUMBERS} insert into event_log (position, events)
   select l.position - i * 1000, replace(replace(replace(l.events, ?1, ${COPY_ID}), '${RECIPIENT}', ${COPY_EMAIL}),
     l.events ->> '$[0].id', substr(l.events ->> '$[0].id', 1, 24) || printf('%012x', i))
   from n, (select * from event_log order by position desc limit 1) l`;

const storedSchema = z.array(z.object({ messages: z.number(), log_rows: z.number() }));

async function storedIn(stage: Stage) {
  const rows = await stage.sql(
    "select (select count(*) from messages) as messages, (select count(*) from event_log) as log_rows",
    [],
  );
  const [stored] = storedSchema.parse(rows);
  if (!stored) throw new Error("the database does not answer");
  return stored;
}

type Cookie = { readonly name: string; readonly value: string };

async function signedIn(url: string): Promise<Cookie> {
  const response = await fetch(`${url}/v1/sessions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(LOGIN),
  });
  const [pair = ""] = (response.headers.get("set-cookie") ?? "").split(";", 1);
  const [name, value] = pair.split("=");
  if (response.status !== 201 || !name || !value) throw new Error(await response.text());
  return { name, value };
}

/** Milliseconds from the start of a navigation until what was asked for is drawn and the page is at rest. */
type Times = {
  /** The overview, everything fetched anew. */
  readonly overview_ms: number;
  /** The activity from a link in the open portal. */
  readonly activity_ms: number;
  /** The activity as the first page, everything fetched anew. */
  readonly activity_first_ms: number;
};

async function visit(browser: Browser, url: string, cookie: Cookie): Promise<Times> {
  const overview = await fresh(browser, url, cookie);
  try {
    const overview_ms = await shownAfter(
      overview,
      () => overview.goto(`${url}/portal#/overview`),
      TILE,
    );
    const activity_ms = await followed(overview);
    const first = await fresh(browser, url, cookie);
    const go = () => first.goto(`${url}/portal#/activity`);
    const activity_first_ms = await shownAfter(first, go, ROW);
    await first.context().close();
    return { overview_ms, activity_ms, activity_first_ms };
  } finally {
    await overview.context().close();
  }
}

const TILE = ".tile";
const ROW = ".scroll[aria-label=Activity] tbody tr";

/** A browser that was never here. */
async function fresh(browser: Browser, url: string, cookie: Cookie): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  await context.addCookies([{ ...cookie, url }]);
  const page = await context.newPage();
  page.setDefaultTimeout(PAGE_DEADLINE_MS);
  return page;
}

/** When the page's own clock, which starts with the navigation, saw it drawn. */
async function shownAfter(
  page: Page,
  go: () => Promise<unknown>,
  selector: string,
): Promise<number> {
  await page.addInitScript(watch, selector);
  await go();
  return timeIn(page);
}

/** Follows the link to the activity within the page. */
async function followed(page: Page): Promise<number> {
  await page.evaluate(watch, ROW);
  const start = await page.evaluate(() => {
    const now = performance.now();
    document.querySelector<HTMLElement>('nav a[href="#/activity"]')?.click();
    return now;
  });
  return rounded((await timeIn(page)) - start, 1);
}

/** Runs in the page: `benchShown` comes true with the time when something is there, drawn, and the thread is free. */
function watch(selector: string): void {
  const benchShown = new Promise<number>((resolve) => {
    const observer = new MutationObserver(() => {
      if (document.querySelector(selector) === null) return;
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
    });
    observer.observe(document, { childList: true, subtree: true });
  });
  Object.assign(globalThis, { benchShown });
}

/** Throws when nothing was shown before the deadline. */
async function timeIn(page: Page): Promise<number> {
  const shown = page.evaluate((): unknown => Reflect.get(globalThis, "benchShown"));
  const late = sleep(PAGE_DEADLINE_MS, null, { ref: false });
  return rounded(z.number().parse(await Promise.race([shown, late])), 1);
}

function result(times: readonly Times[], gate: boolean): LegResult {
  const failed = gate ? "" : "; GATE FAILED";
  const n = `${times.length} browsers`;
  const figure = (what: string, part: keyof Times, goal: number | null): Figure => {
    const { median, min, max } = spread(times.map((round) => round[part]));
    const verdict = goal === null ? "no goal" : median < goal ? "good" : `above ${goal} ms`;
    return {
      number: portal.name,
      what,
      measured: `${Math.round(median)} ms`,
      range: `${Math.round(min)}–${Math.round(max)}`,
      n,
      verdict: verdict + failed,
    };
  };
  const first = spread(times.map(({ overview_ms }) => overview_ms));
  const end = { ratio: rounded(first.median, 1), min: first.min, max: first.max };
  return {
    end: { goal: portal.goal, ...end, rounds: times.length, gate },
    figures: [
      figure(
        "the portal's first screen, nothing cached, until it can be used",
        "overview_ms",
        FIRST_SCREEN_MS,
      ),
      figure(
        "first rows of the activity with 1,000,000 stored messages, from its link",
        "activity_ms",
        ACTIVITY_MS,
      ),
      figure("the same as the first page, nothing cached", "activity_first_ms", null),
    ],
  };
}
