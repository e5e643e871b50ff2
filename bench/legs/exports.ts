// A million events as one file, in the memory that the platform gives (V8 limited to 128 MB: a workerd that
// runs out of it dies, and with it the leg); then 100,000 as CSV and as JSON, each counted.
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { csvReader } from "../../src/lib/csv.ts";
import { EVENTS_A_ROW, MANY_EVENTS } from "../../test/node/faults/many-events.ts";
import { rounded } from "../figures.ts";
import type { Ground } from "../ground.ts";
import type { Leg, LegResult } from "../leg.ts";
import { type Scene, withLimitedMemory } from "../limited.ts";
import { manage } from "../load.ts";

const EVENTS = 1_000_000;
const SMALL = 100_000;

/** Log rows written at once: 15 MB. */
const ROWS_AT_ONCE = 500;

const DEADLINE_MS = 30 * 60_000;
const LOOK_EVERY_MS = 250;

export const exports: Leg = { name: "exports", goal: "exports", goals: ["exports"], run };

function run(ground: Ground, line: (content: object) => void): Promise<LegResult> {
  return withLimitedMemory(ground, (scene) => measure(scene, line));
}

async function measure(scene: Scene, line: (content: object) => void): Promise<LegResult> {
  const start = Date.now() - EVENTS / EVENTS_A_ROW - 1_000;
  for (let row = 0; row < EVENTS / EVENTS_A_ROW; row += ROWS_AT_ONCE) {
    await scene.sql(MANY_EVENTS, [row, row + ROWS_AT_ONCE, start]);
  }
  const large = await exported(scene, { format: "ndjson" });
  line(large);
  const to = start + SMALL / EVENTS_A_ROW - 1;
  const csv = await exported(scene, { format: "csv", from: start, to });
  line(csv);
  const json = await exported(scene, { format: "json", from: start, to });
  line(json);
  const gate = large.whole === EVENTS && [csv, json].every(({ whole }) => whole === SMALL);
  const nothing = { ratio: null, min: null, max: null, rounds: 1 };
  return {
    end: { goal: "exports", ...nothing, gate },
    figures: [
      {
        number: "exports",
        what: "1,000,000 events as NDJSON, V8 limited to 128 MB; events/s",
        measured: `${Math.round(large.events / large.seconds)} (${large.seconds} s, ${large.megabytes} MB)`,
        range: "one run",
        n: `${large.whole} of ${EVENTS} read back in order`,
        verdict: large.whole === EVENTS ? "good (all, and alive)" : "GATE FAILED",
      },
      {
        number: "exports",
        what: "D1 rows written · round trips of that export",
        measured: `${large.rowsWritten} · ${large.roundTrips}`,
        range: "a count",
        n: "1 export",
        verdict: "a count",
      },
      {
        number: "exports",
        what: "100,000 events as CSV · as JSON (A-128); s",
        measured: `${csv.seconds} · ${json.seconds}`,
        range: "one run",
        n: `${csv.whole} and ${json.whole} read back in order, ${csv.guarded} cells guarded`,
        verdict: gate ? "good (counts match the query)" : "GATE FAILED",
      },
    ],
  };
}

const seen = z.object({
  data: z.object({
    id: z.string(),
    state: z.string(),
    rows: z.number(),
    size: z.number(),
    link: z.string().nullable(),
    error: z.string().nullable(),
  }),
});
const counts = z.object({ d1_rows_written: z.number(), d1_round_trips: z.number() });

/** Orders an export, waits for it, and reads it back. */
async function exported(
  scene: Scene,
  asked: {
    readonly format: "csv" | "json" | "ndjson";
    readonly from?: number;
    readonly to?: number;
  },
) {
  await manage(scene, ["POST", "/bench/counts", null], counts);
  const begin = performance.now();
  const ordered = await manage(scene, ["POST", "/v1/exports", { kind: "events", ...asked }], seen);
  const { rows, size, link } = await finished(scene, ordered.data.id);
  const seconds = rounded((performance.now() - begin) / 1000, 1);
  const counted = await manage(scene, ["GET", "/bench/counts", null], counts);
  return {
    format: asked.format,
    events: rows,
    seconds,
    megabytes: Math.round(size / 1_000_000),
    rowsWritten: counted.d1_rows_written,
    roundTrips: counted.d1_round_trips,
    ...(await readBack(link, asked.format)),
  };
}

async function finished(scene: Scene, id: string) {
  const deadline = Date.now() + DEADLINE_MS;
  while (Date.now() < deadline) {
    const { data } = await manage(scene, ["GET", `/v1/exports/${id}`, null], seen);
    if (data.link !== null) return { ...data, link: data.link };
    if (data.state === "failed") throw new Error(data.error ?? "failed");
    await sleep(LOOK_EVERY_MS);
  }
  throw new Error("the export does not end");
}

/** How many events follow each other from the first on, and how many cells are guarded. */
async function readBack(link: string, format: "csv" | "json" | "ndjson") {
  let whole = 0;
  let guarded = 0;
  const check = (email: string | undefined, tags: string | undefined): void => {
    if (email === `p${whole}@example.com`) whole += 1;
    if (tags === "'=1+1") guarded += 1;
  };
  const response = await fetch(link);
  if (format === "csv") {
    const reader = csvReader();
    const [head, ...rows] = [...reader.push(await response.text()), ...reader.end()].map((record) =>
      "cells" in record ? record.cells : [],
    );
    const [email = -1, tags = -1] = ["email", "tags"].map((name) => head?.indexOf(name));
    for (const cells of rows) check(cells[email], cells[tags]);
    return { whole, guarded };
  }
  for await (const text of lines(response)) {
    const record = format === "json" ? text.replace(/,$/, "") : text;
    if (!record.startsWith("{")) continue;
    const { email, tags } = eventSchema.parse(JSON.parse(record));
    check(email, tags);
  }
  return { whole, guarded };
}

const eventSchema = z.object({ email: z.string(), tags: z.string() });

async function* lines(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of response.body ?? []) {
    const pieces = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = pieces.pop() ?? "";
    yield* pieces;
  }
  yield rest;
}
