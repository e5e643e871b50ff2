// Pages of lists and of who is on them at a million contacts: how long one takes, and how many rows D1 reads
// for each row that is shown. Every row of every page is compared with what must stand there.
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { median, percentile, rounded } from "../figures.ts";
import { freePort } from "../../test/peers/free-port.ts";
import { type Ground, type Stage, startStage } from "../ground.ts";
import type { Figure, Leg, LegResult } from "../leg.ts";
import { manage } from "../load.ts";
import { within } from "../wait.ts";

const CONTACTS = 1_000_000;
const CONTACTS_AT_ONCE = 100_000;
const LISTS = 50;
const TAGS = 10;

/** Pages of each kind, spread over the whole range. */
const PAGES = 40;

/** What a page may cost. */
const MAX_ROWS_READ = 10;
const MAX_MS = 50;

export const lists: Leg = { name: "lists", goal: "lists", goals: ["lists"], run };

async function run(ground: Ground, line: (content: object) => void): Promise<LegResult> {
  const setting = { build: "counted", consumers: true, bare: false } as const;
  const stage = await startStage(ground, { ...setting, relayPort: await freePort() });
  try {
    return await measure(await sceneOf(ground, stage), line);
  } finally {
    await stage.stop();
  }
}

type Scene = {
  readonly url: string;
  readonly apiKey: string;
  readonly sid: string;
  readonly orgId: string;
  readonly ground: Ground;
};

/** Contacts ?1 up to ?2 (exclusive), `p<id>@example.com`. */
const NUMBERS = `with recursive n (id) as (
  select cast(?1 as integer) union all select id + 1 from n where id + 1 < ?2)`;

/** Everybody is on list 1, and on one of the others. */
const FILL = [
  `insert into contacts (id, email, first_name, created_at, updated_at) ${NUMBERS}
   select id, 'p' || id || '@example.com', 'Person ' || id, id, id from n`,
  `insert into memberships (list_id, contact_id, status, subscribed_at) ${NUMBERS}
   select 1, id, 'active', id from n`,
  `insert into memberships (list_id, contact_id, status, subscribed_at) ${NUMBERS}
   select 2 + id % ${LISTS - 1}, id, 'active', id from n`,
  `insert into contact_tags (tag_id, contact_id) ${NUMBERS} select 1 + id % ${TAGS}, id from n`,
];

const accountSchema = z.object({ data: z.object({ sid: z.string(), org_id: z.string() }) });

async function sceneOf(ground: Ground, stage: Stage): Promise<Scene> {
  const api = { url: stage.url, apiKey: ground.apiKey };
  for (let n = 1; n <= LISTS; n++)
    await manage(api, ["POST", "/v1/lists", { name: `list ${n}` }], z.unknown());
  for (let n = 1; n <= TAGS; n++)
    await manage(api, ["POST", "/v1/tags", { name: `tag ${n}` }], z.unknown());
  for (let id = 1; id <= CONTACTS; id += CONTACTS_AT_ONCE) {
    for (const sql of FILL) await stage.sql(sql, [id, id + CONTACTS_AT_ONCE]);
  }
  const { data } = await manage(api, ["GET", "/v1/account", null], accountSchema);
  return { ...api, ground, sid: data.sid, orgId: data.org_id };
}

/** One kind of page. */
type Kind = {
  readonly what: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The path of page n of PAGES, and the number of the first row on it. */
  readonly page: (n: number) => { readonly path: string; readonly first: number };
  readonly rows: number;
  /** The number of a row, in an email or a name. */
  readonly numberOf: (row: Row) => number;
  /** Whether the page is held to what a page may cost. */
  readonly held: boolean;
};

type Row = z.output<typeof rowSchema>;
const rowSchema = z.looseObject({ email: z.string().optional(), name: z.string().optional() });
const pageSchema = z.looseObject({ data: z.array(rowSchema) });

/** Where page n begins, from 1 on; the last one ends with the last contact. */
function spread(n: number, rows: number): number {
  return 1 + Math.round(((CONTACTS - rows) * n) / (PAGES - 1));
}

function kindsOf({ apiKey, sid, orgId, ground }: Scene): readonly Kind[] {
  const bearer = { authorization: `Bearer ${apiKey}` };
  const basic = Buffer.from(`${orgId}:${ground.mailingListsKey}`).toString("base64");
  const people = {
    rows: 100,
    numberOf: ({ email = "" }: Row) => Number(/^p(\d+)@/.exec(email)?.[1]),
    held: true,
  };
  const named = {
    numberOf: ({ name = "" }: Row) => Number(/^list (\d+)$/.exec(name)?.[1]),
    held: true,
  };
  const behind = (path: string, cursor: string) => (n: number) => {
    const first = spread(n, 100);
    return { path: `${path}${cursor}=${first - 1}`, first };
  };
  const ga = "/ga/api/v2/mailing_lists/1/subscribers?per_page=100&";
  return [
    {
      ...people,
      what: "contacts of a list, /v1",
      headers: bearer,
      page: behind("/v1/lists/1/contacts?limit=100&", "cursor"),
    },
    {
      ...people,
      what: "subscribers by page_token, Mailing Lists API",
      headers: { authorization: `Basic ${basic}` },
      page: behind(ga, "page_token"),
    },
    {
      ...people,
      what: "contacts, /v1",
      headers: bearer,
      page: behind("/v1/contacts?limit=100&", "cursor"),
    },
    {
      ...named,
      what: "lists, Audience API",
      rows: 10,
      headers: { "api-key": ground.audienceKey },
      page: (n) => ({
        path: `/audience/v1/${sid}/list?page=${1 + (n % 5)}`,
        first: 1 + 10 * (n % 5),
      }),
    },
    {
      ...named,
      what: "lists, /v1",
      rows: 25,
      headers: bearer,
      page: (n) => ({ path: `/v1/lists?limit=25&cursor=${25 * (n % 2)}`, first: 1 + 25 * (n % 2) }),
    },
    {
      ...people,
      held: false,
      what: "subscribers by page number, Mailing Lists API",
      headers: { authorization: `Basic ${basic}` },
      page: (n) => {
        const page = Math.floor(spread(n, 100) / 100);
        return { path: `${ga}page=${page}`, first: 1 + page * 100 };
      },
    },
  ];
}

async function measure(scene: Scene, line: (content: object) => void): Promise<LegResult> {
  // The first requests of a Worker are those that compile it.
  for (const kind of kindsOf(scene)) await walk(scene, { ...kind, held: false }, 2);
  const walked = [];
  for (const kind of kindsOf(scene)) {
    const found = await walk(scene, kind, PAGES);
    line(found);
    walked.push(found);
  }
  const changed = await change(scene);
  line(changed);
  const gate = changed.right && walked.every(({ right, cheap }) => right && cheap);
  const nothing = { ratio: null, min: null, max: null, rounds: 1 };
  return {
    end: { goal: "lists", ...nothing, gate },
    figures: [...walked.map(figureOf), changeFigure(changed)],
  };
}

function figureOf(one: Walked): Figure {
  return {
    number: "lists",
    what: `${one.what}, ${one.rows} a page, 1,000,000 contacts; ms · D1 rows read per row shown`,
    measured: `median ${one.medianMs}, p95 ${one.p95Ms} · ${one.rowsRead}`,
    range: `${one.leastMs}–${one.mostMs}`,
    n: `${PAGES} pages, every row compared`,
    verdict: verdictOf(one),
  };
}

type Walked = Awaited<ReturnType<typeof walk>>;

function verdictOf({ right, cheap, held, medianMs }: Walked): string {
  if (!right || !cheap) return "GATE FAILED";
  if (!held) return "pages cost what they skip: use page_token";
  return medianMs < MAX_MS ? `good (≤ ${MAX_ROWS_READ} rows, < ${MAX_MS} ms)` : `over ${MAX_MS} ms`;
}

/** Contacts of a request (E-07), from this one on. */
const CHANGED = 100;
const FIRST_CHANGED = CONTACTS / 2;

/** A change that takes longer has read the list. */
const CHANGE_DEADLINE_MS = 30_000;

const listsSchema = z.object({ data: z.array(z.object({ list_id: z.string() })) });

/** Gives a hundred contacts of the list of a million a value of a field that only this list has. */
async function change(scene: Scene) {
  const { apiKey, url, sid, ground } = scene;
  const basic = Buffer.from(`${scene.orgId}:${ground.mailingListsKey}`).toString("base64");
  const json = { "content-type": "application/json" };
  await fetch(new URL("/ga/api/v2/mailing_lists/1/custom_fields", url), {
    method: "POST",
    headers: { ...json, authorization: `Basic ${basic}` },
    body: JSON.stringify({ name: "size", field_type: "text" }),
  });
  const { data } = await manage(scene, ["GET", "/v1/lists?limit=1", null], listsSchema);
  const contacts = Array.from({ length: CHANGED }, (_, n) => ({
    email: `p${FIRST_CHANGED + n}@example.com`,
    custom_fields: { size: "L" },
  }));
  await manage(scene, ["POST", "/bench/counts", null], counts);
  const begin = performance.now();
  await fetch(new URL(`/audience/v1/${sid}/contact`, url), {
    method: "POST",
    headers: { ...json, "api-key": ground.audienceKey },
    body: JSON.stringify({ update_subscribers: true, list_id: data[0]?.list_id, data: contacts }),
  });
  const last = `/v1/lists/1/contacts?limit=1&cursor=${FIRST_CHANGED + CHANGED - 2}`;
  const right = await within(CHANGE_DEADLINE_MS, async () => {
    const headers = { authorization: `Bearer ${apiKey}` };
    return (await (await fetch(new URL(last, url), { headers })).text()).includes('"size":"L"');
  });
  const ms = rounded(performance.now() - begin, 0);
  const { d1_rows_read: read } = await manage(scene, ["GET", "/bench/counts", null], counts);
  return { right, ms, rowsRead: rounded(read / CHANGED, 1) };
}

function changeFigure({ right, ms, rowsRead }: Awaited<ReturnType<typeof change>>): Figure {
  return {
    number: "lists",
    what: "100 of a list's 1,000,000 contacts changed by one request (E-07); ms until written · D1 rows read per contact",
    measured: `${ms} · ${rowsRead}`,
    range: "one run",
    n: "1 request",
    verdict: right ? "good (written)" : "GATE FAILED",
  };
}

const counts = z.object({ d1_rows_read: z.number() });

async function walk(scene: Scene, kind: Kind, pages: number) {
  const times: number[] = [];
  let right = true;
  await manage(scene, ["POST", "/bench/counts", null], counts);
  for (let n = 0; n < pages; n++) {
    const { path, first } = kind.page(n);
    const begin = performance.now();
    const answer = await fetch(new URL(path, scene.url), { headers: kind.headers });
    const text = await answer.text();
    times.push(performance.now() - begin);
    const { data } = pageSchema.parse(JSON.parse(text));
    right &&= data.length === kind.rows && data.every((row, i) => kind.numberOf(row) === first + i);
    await sleep(1);
  }
  const { d1_rows_read: read } = await manage(scene, ["GET", "/bench/counts", null], counts);
  const rowsRead = rounded(read / (pages * kind.rows), 2);
  const { what, rows, held } = kind;
  return {
    what,
    rows,
    held,
    right,
    cheap: !held || rowsRead <= MAX_ROWS_READ,
    rowsRead,
    medianMs: rounded(median(times), 1),
    p95Ms: rounded(percentile(times, 0.95), 1),
    leastMs: rounded(Math.min(...times), 1),
    mostMs: rounded(Math.max(...times), 1),
  };
}
