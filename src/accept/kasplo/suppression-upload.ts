// /v1/suppressions/bulk: a list of entries, stored in pieces as it comes; answers a summary, or what became
// of every row.
import * as z from "zod";
import type { App } from "../../app.ts";
import { reasonOf } from "../../lib/log.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import type { Key } from "../../model/key.ts";
import { invalidField, type Problem, STORAGE_UNAVAILABLE } from "../../model/problem.ts";
import type { NewSuppression } from "../../model/suppression.ts";
import { twice } from "../../store/db.ts";
import { insertSuppressions } from "../../store/suppression.ts";
import { type Answer, endpoint } from "../endpoint.ts";
import { dataOf, one } from "./native.ts";
import { nativeError } from "./problem.ts";
import { reasonField, scopeField } from "./suppression-fields.ts";
import { csvRows, jsonRows, type Place, type Row, type Rows } from "./suppression-rows.ts";

/** Rows of one upload (F-100, decision 18). */
const MAX_ROWS = 100_000;

/** Rows stored by one statement, and their UTF-16 units: in UTF-8 they stay below D1's 2 MB. */
const CHUNK_ROWS = 5_000;
const CHUNK_UNITS = 500_000;

/** Units of a row in JSON beside its texts; a text may double where it is escaped. */
const ROW_UNITS = 32;

/** Refused rows that a summary lists; the rest are counted. */
const MAX_ERRORS = 100;

const bulkQuery = z.object({
  scope: scopeField.default("global"),
  reason: reasonField.default(""),
  results: z.enum(["summary", "rows"], "must be summary or rows").default("summary"),
});

const summaryView = z.object({
  rows: z.int(),
  accepted: z.int(),
  already_there: z.int(),
  refused: z.int(),
  errors: z.array(
    z.object({ line: z.int().optional(), index: z.int().optional(), reason: z.string() }),
  ),
  errors_left_out: z.int(),
});

/** A summary; with results=rows a line of JSON for each row instead, as application/x-ndjson. */
const uploadAnswers = { 200: dataOf(summaryView) };

const bulkCsv = endpoint({
  method: "POST",
  path: "/suppressions/bulk",
  summary: "Add up to 100,000 entries from a CSV",
  scope: "manage",
  streams: { type: "text/csv", as: "text" },
  request: { query: bulkQuery },
  response: uploadAnswers,
  async handle(app, { query, key, text, requestId }) {
    const results = store(app, key, csvRows(text, query));
    return query.results === "rows" ? ok(lines(app, results, requestId)) : summary(results);
  },
});

const bulkJson = endpoint({
  method: "POST",
  path: "/suppressions/bulk",
  summary: "Add up to 100,000 entries from a JSON array",
  scope: "manage",
  request: {
    query: bulkQuery,
    body: z.array(z.unknown(), "must be an array of entries"),
  },
  response: uploadAnswers,
  async handle(app, { query, key, body, requestId }) {
    const results = store(app, key, jsonRows(body, query));
    return query.results === "rows" ? ok(lines(app, results, requestId)) : summary(results);
  },
});

/** The uploads of /v1/suppressions. */
export const suppressionUploadEndpoints = [bulkCsv, bulkJson];

/** What became of one row. */
type RowResult = Place &
  (
    | {
        readonly result: "added" | "already_there";
        readonly entry: string;
        readonly scope: string;
      }
    | { readonly result: "refused"; readonly reason: string }
  );

/** Results in the order of the rows, a chunk at a time. */
type Results = AsyncGenerator<Result<readonly RowResult[], Problem>, void>;

/** Stores rows as they come and tells what became of each; a problem ends it, what was stored stays. */
async function* store(app: App, key: Key, rows: Rows): Results {
  let count = 0;
  let chunk: Row[] = [];
  let units = 0;
  let problem: Problem | null = null;
  for await (const row of rows) {
    if (!row.ok || count === MAX_ROWS) {
      problem = row.ok ? tooMany(row.value.place) : row.error;
      break;
    }
    count += 1;
    chunk.push(row.value);
    units += unitsOf(row.value);
    if (chunk.length < CHUNK_ROWS && units < CHUNK_UNITS) continue;
    yield ok(await storeChunk(app, key, chunk));
    chunk = [];
    units = 0;
  }
  yield ok(await storeChunk(app, key, chunk));
  if (problem) yield fail(problem);
}

function unitsOf({ asked }: Row): number {
  return asked.ok ? ROW_UNITS + asked.value.entry.length + 2 * asked.value.reason.length : 0;
}

async function storeChunk(
  app: App,
  key: Key,
  chunk: readonly Row[],
): Promise<readonly RowResult[]> {
  const entries = chunk.flatMap(({ asked }) => (asked.ok ? [asked.value] : []));
  const by = { keyId: key.id, now: app.now() };
  const added =
    entries.length > 0 ? await twice(() => insertSuppressions(app.db, entries, by)) : [];
  // The first of several equal rows is the one that added the entry.
  const fresh = new Set(added.map(nameOf));
  return chunk.map(({ place, asked }): RowResult => {
    if (!asked.ok) {
      const reason = `${asked.error.path}: ${asked.error.reason}`;
      return { ...place, result: "refused", reason };
    }
    const { entry, scope } = asked.value;
    const result = fresh.delete(nameOf(asked.value)) ? "added" : "already_there";
    return { ...place, result, entry, scope };
  });
}

function nameOf({ entry, scope }: Pick<NewSuppression, "entry"> & { readonly scope: string }) {
  return `${scope}:${entry}`;
}

function tooMany(place: Place): Problem {
  const where = "line" in place ? `line ${place.line}` : `[${place.index}]`;
  const reason = `an upload takes ${MAX_ROWS} rows; those before were stored, send the rest in another`;
  return invalidField(where, reason);
}

/** How many rows came to what, and the first errors. */
async function summary(results: Results): Promise<Result<Answer, Problem>> {
  const errors: (Place & { reason: string })[] = [];
  const count = { rows: 0, accepted: 0, already_there: 0, refused: 0 };
  for await (const chunk of results) {
    if (!chunk.ok) return chunk;
    count.rows += chunk.value.length;
    for (const row of chunk.value) {
      count[row.result === "added" ? "accepted" : row.result] += 1;
      if (row.result !== "refused" || errors.length >= MAX_ERRORS) continue;
      const { result: _, ...error } = row;
      errors.push(error);
    }
  }
  return ok(one({ ...count, errors, errors_left_out: count.refused - errors.length }));
}

/**
 * One line of JSON for each row, sent while the upload is read; the last line tells how many there were, or
 * what ended the upload.
 */
function lines(app: App, results: Results, requestId: string): Answer {
  const encoder = new TextEncoder();
  let rows = 0;

  async function nextLines(): Promise<{
    readonly list: readonly unknown[];
    readonly last: boolean;
  }> {
    try {
      const chunk = await results.next();
      if (chunk.done === true) return { list: [{ rows }], last: true };
      if (!chunk.value.ok) return { list: [nativeError(chunk.value.error, requestId)], last: true };
      rows += chunk.value.value.length;
      return { list: chunk.value.value, last: false };
    } catch (error) {
      app.log("error", "upload_failed", { request: requestId, reason: reasonOf(error) });
      return { list: [nativeError(STORAGE_UNAVAILABLE, requestId)], last: true };
    }
  }

  const bytes = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { list, last } = await nextLines();
      const text = list.map((value) => `${JSON.stringify(value)}\n`).join("");
      if (text !== "") controller.enqueue(encoder.encode(text));
      if (last) controller.close();
    },
  });
  return { status: 200, bytes, headers: { "Content-Type": "application/x-ndjson" } };
}
