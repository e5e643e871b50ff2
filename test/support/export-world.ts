// The world of export tests: a clock of the test's own, a D1 and an R2 with faults, events and messages to
// export, and the file as whoever has its link gets it.
import { env } from "cloudflare:workers";
import type { App } from "../../src/app.ts";
import { answerFile } from "../../src/export/http.ts";
import { workOnExports } from "../../src/export/work.ts";
import { csvReader } from "../../src/lib/csv.ts";
import { uuidv7 } from "../../src/lib/id.ts";
import type { DeliveryEvent } from "../../src/model/event.ts";
import { type D1Call, type D1Fault, faultyD1, type FaultyD1 } from "./faults.ts";
import { faultyR2, type FaultyR2 } from "./faulty-r2.ts";
import { emptyLedger } from "./ledger.ts";
import { ask, givenKey, ownClock, testApp, type TestApp } from "./world.ts";

/** 2026-11-21 10:00 UTC. */
export const START = Date.UTC(2026, 10, 21, 10);
const MINUTE = 60_000;

/** What an answer of /v1/exports says of one. */
export type Seen = {
  readonly id: string;
  readonly state: string;
  readonly rows: number;
  readonly progress: number | null;
  readonly reached: string | null;
  readonly size: number;
  readonly link: string | null;
  readonly error: string | null;
  readonly from: string;
  readonly to: string;
  readonly expires_at: string;
};

/** Everything an export test acts on. */
export type ExportWorld = {
  readonly app: TestApp;
  readonly clock: ReturnType<typeof ownClock>;
  readonly d1: FaultyD1;
  readonly r2: FaultyR2;
  readonly key: string;
  /** Names of log events, in order. */
  readonly logged: string[];
  readonly post: (body: unknown) => Promise<Response>;
  /** Orders an export; throws when it is refused. */
  readonly order: (body: Readonly<Record<string, unknown>>) => Promise<Seen>;
  readonly get: (id: string) => Promise<Seen>;
  /** Works, each time after the leases of before have run out, until nothing waits; answers the rounds. */
  readonly drain: () => Promise<number>;
  /** The text of a finished file. */
  readonly textOf: (id: string) => Promise<string>;
};

/** A fresh world with an empty ledger and no files. */
export async function exportWorld(overrides: Partial<App> = {}): Promise<ExportWorld> {
  await emptyLedger();
  await emptyFiles();
  const { secret: key } = await givenKey();
  const clock = ownClock(START);
  const d1 = faultyD1(env.DB);
  const r2 = faultyR2(env.CONTENT);
  const logged: string[] = [];
  const app = testApp({
    now: clock.now,
    newId: () => uuidv7(clock.now()),
    db: d1.db,
    blobs: r2.bucket,
    log: (_level, event) => void logged.push(event),
    ...overrides,
  });
  const post = (body: unknown) => ask(app, "POST", "/v1/exports", { key, body });
  const get = async (id: string) => dataOf(await ask(app, "GET", `/v1/exports/${id}`, { key }));
  return {
    app,
    clock,
    d1,
    r2,
    key,
    logged,
    post,
    order: async (body) => dataOf(await post(body)),
    get,
    async drain() {
      for (let round = 0; round < MAX_ROUNDS; round++) {
        if (!(await anyWaits())) return round;
        await workOnExports(app);
        clock.advance(MINUTE);
      }
      throw new Error(`exports still wait after ${MAX_ROUNDS} rounds: ${logged.join(", ")}`);
    },
    async textOf(id) {
      const { link, state } = await get(id);
      if (link === null) throw new Error(`${id} has no file: ${state}`);
      const answer = await answerFile(app, new Request(link));
      return answer ? new TextDecoder().decode(await answer.arrayBuffer()) : "";
    },
  };
}

const MAX_ROUNDS = 60;

async function dataOf(answer: Response): Promise<Seen> {
  const text = await answer.text();
  if (!answer.ok) throw new Error(`refused: ${answer.status} ${text}`);
  const { data }: { data: Seen } = JSON.parse(text);
  return data;
}

async function anyWaits(): Promise<boolean> {
  const row = await env.DB.prepare(
    "select 1 as yes from exports where state in ('queued', 'running', 'closing')",
  ).first<{ yes: number }>();
  return row !== null;
}

/** Whether a call to D1 reads a page of the event log. */
export function isPage({ sql }: D1Call): boolean {
  return sql.includes("from event_log where position > ?1");
}

/** A plan in which each page of the event log takes so long by the world's clock; `on` may break calls. */
export function slowly(
  world: Pick<ExportWorld, "clock">,
  pageMs: number,
  fault: Partial<D1Fault> = {},
): D1Fault {
  return {
    mode: "before",
    ...fault,
    on(call) {
      if (isPage(call)) world.clock.advance(pageMs);
      return fault.on?.(call) ?? false;
    },
  };
}

/** Keys of all objects of exports. */
export async function filesLeft(): Promise<readonly string[]> {
  return (await env.CONTENT.list({ prefix: "exports/" })).objects.map(({ key }) => key);
}

async function emptyFiles(): Promise<void> {
  const keys = await filesLeft();
  if (keys.length > 0) await env.CONTENT.delete([...keys]);
}

/** The records of a CSV file, by column. */
export function csvRecords(text: string): readonly Readonly<Record<string, string>>[] {
  const reader = csvReader();
  const [head = [], ...rows] = [...reader.push(text), ...reader.end()].map((record) =>
    "cells" in record ? record.cells : [record.fault],
  );
  return rows.map((cells) => Object.fromEntries(head.map((name, n) => [name, cells[n] ?? ""])));
}

/** An open or a click by `p<n>@example.com`, of so many characters. */
export function anEvent(n: number, at: number, characters = 0): DeliveryEvent {
  const visit = {
    id: uuidv7(at),
    at,
    messageId: "0194dfd7-1111-7000-8000-000000000001",
    position: 0,
    email: `p${n}@example.com`,
    tags: n % 7 === 0 ? "=cmd|' /C calc'!A0" : "tag",
    sendId: "s",
    listId: "l",
    ip: "192.0.2.1",
    userAgent: "x".repeat(characters),
    machine: false,
  };
  return n % 3 === 0
    ? { ...visit, name: "click", url: "https://example.com/" }
    : { ...visit, name: "open" };
}

/** Writes events to the log, `aRow` in each row, one row a second from `start` on. */
export async function givenEvents(
  count: number,
  options: { readonly start?: number; readonly aRow?: number; readonly characters?: number } = {},
): Promise<void> {
  const { start = START - 1_000_000_000, aRow = 10, characters = 0 } = options;
  const logRows: [number, DeliveryEvent[]][] = [];
  for (let n = 0; n < count; n += aRow) {
    const at = start + (n / aRow) * 1000;
    const length = Math.min(aRow, count - n);
    logRows.push([at * 1000, Array.from({ length }, (_, i) => anEvent(n + i, at, characters))]);
  }
  const CHUNK = Math.max(1, Math.floor(1_500_000 / (aRow * (characters + 600))));
  for (let first = 0; first < logRows.length; first += CHUNK) {
    await env.DB.prepare(
      `insert into event_log (position, events)
       select value ->> 0, json(value -> 1) from json_each(?1)`,
    )
      .bind(JSON.stringify(logRows.slice(first, first + CHUNK)))
      .run();
  }
}
