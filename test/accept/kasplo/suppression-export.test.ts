// GET /v1/suppressions/export: all rows, no formulas, and an import that restores them.
import { beforeEach, describe, expect, it } from "vitest";
import fc from "fast-check";
import { csvReader, unguardFormula } from "../../../src/lib/csv.ts";
import { SUPPRESSION_SCOPES } from "../../../src/model/suppression.ts";
import { insertSuppressions } from "../../../src/store/suppression.ts";
import { faultyD1 } from "../../support/faults.ts";
import { countOf, emptyLedger } from "../../support/ledger.ts";
import { ask, givenKey, testApp, type TestApp } from "../../support/world.ts";
import { expectError, pages, suppress } from "./native.ts";

let app: TestApp;
let key = "";
const logged: string[] = [];

beforeEach(async () => {
  await emptyLedger();
  logged.length = 0;
  app = testApp({ log: (_level, event) => void logged.push(event) });
  key = (await givenKey()).secret;
});

const get = (query = "") => ask(app, "GET", `/v1/suppressions/export${query}`, { key });

/** NDJSON as text; the platform's own reader warns of its media type. */
async function textOf(answer: Response): Promise<string> {
  return new TextDecoder().decode(await answer.arrayBuffer());
}

function cellsOf(csv: string): readonly (readonly string[])[] {
  const reader = csvReader();
  return [...reader.push(csv), ...reader.end()].map((record) =>
    "cells" in record ? record.cells : [record.fault],
  );
}

function given(rows: readonly { entry: string; reason?: string }[]) {
  const list = rows.map(({ entry, reason = "" }) => ({ entry, scope: "global", reason }) as const);
  return insertSuppressions(app.db, list, { keyId: "key", now: 0 });
}

describe("the export", () => {
  it("is CSV with a header, or NDJSON with the entries of the list", async () => {
    await suppress("gone@example.com");
    await given([{ entry: "@example.org", reason: 'said "no", twice' }]);
    const csv = await get();
    expect(csv.headers.get("Content-Type")).toBe("text/csv; charset=utf-8");
    expect(csv.headers.get("Content-Disposition")).toBe('attachment; filename="suppressions.csv"');
    expect(await csv.text()).toBe(
      [
        "entry,scope,reason,message_id,added_by,created_at",
        `'@example.org,global,"said ""no"", twice",,key,1970-01-01T00:00:00.000Z`,
        "gone@example.com,bounce,test,,,1970-01-01T00:00:00.000Z",
        "",
      ].join("\r\n"),
    );
    const ndjson = await get("?format=ndjson");
    expect(ndjson.headers.get("Content-Type")).toBe("application/x-ndjson");
    const lines = (await textOf(ndjson)).trimEnd().split("\n");
    const listed = await pages(app, key, "/v1/suppressions?limit=100");
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual(listed.flat());
  });

  it.each([0, 1, 1_000, 1_001, 12_345])("has as many rows as the list, with %i", async (n) => {
    const rows = Array.from({ length: n }, (_, i) => ({ entry: `p${i}@example.com` }));
    await given(rows);
    const entries = cellsOf(await (await get()).text())
      .slice(1)
      .map(([entry]) => entry);
    expect(entries).toEqual(rows.map(({ entry }) => entry).sort());
    expect(await countOf("suppressions")).toBe(n);
    const ndjson = (await textOf(await get("?format=ndjson"))).split("\n").length - 1;
    expect(ndjson).toBe(n);
  });

  it("of one scope finds the few among many", async () => {
    await given(Array.from({ length: 12_000 }, (_, i) => ({ entry: `p${i}@example.com` })));
    await suppress("a@example.com");
    await suppress("z@example.com");
    const rows = cellsOf(await (await get("?scope=bounce")).text()).slice(1);
    expect(rows.map(([entry]) => entry)).toEqual(["a@example.com", "z@example.com"]);
    const listed = await pages<{ entry: string }>(
      app,
      key,
      "/v1/suppressions?scope=bounce&limit=5",
    );
    expect(listed.flat().map(({ entry }) => entry)).toEqual(["a@example.com", "z@example.com"]);
  });

  it("breaks off when D1 fails, so that nobody takes it for whole", async () => {
    await given(Array.from({ length: 3_000 }, (_, i) => ({ entry: `p${i}@example.com` })));
    const d1 = faultyD1(app.db);
    app = { ...app, db: d1.db };
    d1.plan({ on: ({ n, sql }) => n > 2 && sql.includes("from suppressions"), mode: "before" });
    const answer = await get();
    await expect(answer.text()).rejects.toThrow();
    expect(logged).toContain("export_failed");
  });

  it.each(["format=xls", "scope=all"])("refuses %s", async (query) => {
    const field = query.split("=")[0] ?? "";
    await expectError(await get(`?${query}`), { status: 400, code: "invalid_request", field });
  });
});

it("is restored by an import: 1,000 rows that begin like formulas or anyhow, none of them evaluated", async () => {
  const sign = fc.constantFrom("=", "+", "-", "'", "''=", "a", "_");
  const local = fc
    .tuple(sign, fc.stringMatching(/^[a-z0-9=+'-]{1,12}$/))
    .map((two) => two.join(""));
  const reason = fc
    .oneof(
      fc.string({ unit: "grapheme" }),
      fc
        .tuple(
          fc.constantFrom("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "'"),
          fc.string(),
        )
        .map((two) => two.join("")),
    )
    .map((text) => text.replace(/[\p{Cc}\u2028\u2029]/gu, "").trim());
  const row = fc.record({
    email: local.map((text) => `${text}@example.com`),
    scope: fc.constantFrom(...SUPPRESSION_SCOPES),
    reason,
  });
  const rows = fc.sample(
    fc.uniqueArray(row, {
      minLength: 1_000,
      maxLength: 1_000,
      size: "max",
      selector: ({ email }) => email,
    }),
    1,
  )[0];
  const upload = async (body: unknown, type: string) => {
    const headers = { "Content-Type": type };
    const answer = await ask(app, "POST", "/v1/suppressions/bulk", { key, body, headers });
    return answer.json<{ data: Record<string, unknown> }>();
  };
  expect((await upload(rows, "application/json")).data).toMatchObject({ accepted: 1_000 });
  const before = (await pages<object>(app, key, "/v1/suppressions?limit=100")).flat();
  const csv = await (await get()).text();
  const cells = cellsOf(csv).flat();
  expect(cells.filter((cell) => /^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/.test(cell))).toEqual([]);
  expect(cells.filter((cell) => unguardFormula(cell) !== cell).length).toBeGreaterThan(100);

  await emptyLedger();
  expect((await upload(csv, "text/csv")).data).toMatchObject({ accepted: 1_000, refused: 0 });
  const after = (await pages<object>(app, key, "/v1/suppressions?limit=100")).flat();
  const timeless = (all: readonly object[]) => all.map((one) => ({ ...one, created_at: "" }));
  expect(timeless(after)).toEqual(timeless(before));
}, 60_000);
