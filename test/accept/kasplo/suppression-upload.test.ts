// POST /v1/suppressions/bulk: lists of both kinds, hostile ones, large ones.
import { beforeEach, describe, expect, it } from "vitest";
import { handle } from "../../../src/accept/http.ts";
import { md5Hex } from "../../../src/lib/digest.ts";
import { faultyD1 } from "../../support/faults.ts";
import { countOf, emptyLedger } from "../../support/ledger.ts";
import { ask, givenKey, testApp, type TestApp } from "../../support/world.ts";
import { expectError, pages } from "./native.ts";

type Summary = {
  readonly rows: number;
  readonly accepted: number;
  readonly already_there: number;
  readonly refused: number;
  readonly errors: readonly { line?: number; index?: number; reason: string }[];
  readonly errors_left_out: number;
};

type Entry = { readonly entry: string; readonly scope: string; readonly reason: string };

const CSV = { "Content-Type": "text/csv; charset=utf-8" };

let app: TestApp;
let key = "";

beforeEach(async () => {
  await emptyLedger();
  app = testApp({ log() {} });
  key = (await givenKey()).secret;
});

const post = (body: unknown, query = "", headers: Record<string, string> = CSV) =>
  ask(app, "POST", `/v1/suppressions/bulk${query}`, { key, body, headers });

async function upload(body: unknown, query = "", headers: Record<string, string> = CSV) {
  const answer = await post(body, query, headers);
  const text = await answer.text();
  expect([answer.status, text]).toEqual([200, expect.any(String)]);
  const { data }: { data: Summary } = JSON.parse(text);
  return data;
}

async function stored(): Promise<readonly string[]> {
  const found = await pages<Entry>(app, key, "/v1/suppressions?limit=100");
  return found.flat().map(({ entry, scope, reason }) => [entry, scope, reason].join(" ").trim());
}

/** Posts bytes as a stream, without an announced length. */
function postStream(pieces: Iterable<Uint8Array>): Promise<Response> {
  const iterator = pieces[Symbol.iterator]();
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const { done, value } = iterator.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
  });
  const headers = { Authorization: `Bearer ${key}`, ...CSV };
  const url = "https://api.edgepost.test/v1/suppressions/bulk";
  return handle(app, new Request(url, { method: "POST", headers, body }));
}

describe("a CSV", () => {
  it("of one column holds addresses, @domains and MD5s (A-075)", async () => {
    const md5 = md5Hex("bob@example.com");
    const summary = await upload(`Ann@example.com\n@example.org\n${md5}\n\nann@EXAMPLE.com\n`);
    expect(summary).toEqual({
      rows: 4,
      accepted: 3,
      already_there: 1,
      refused: 0,
      errors: [],
      errors_left_out: 0,
    });
    expect(await stored()).toEqual([
      "@example.org global",
      "ann@example.com global",
      `md5:${md5} global`,
    ]);
  });

  it("has columns in the order of its header, the rest is passed over", async () => {
    await upload(
      "Reason,extra,EMAIL,scope\nleft,1,a@example.com,Unsubscribe\n,2,b@example.com,\n",
      "?scope=bounce&reason=old%20list",
    );
    expect(await stored()).toEqual([
      "a@example.com unsubscribe left",
      "b@example.com bounce old list",
    ]);
  });

  it.each([
    ["a BOM and CRLF", "\ufeffa@example.com\r\nb@example.com\r\n"],
    ["a BOM before a header", "\ufeffemail\nA@example.com\nb@example.com"],
    ["CR alone", "a@example.com\rb@example.com"],
    ["spaces around cells", " a@example.com , global \n\tb@example.com\n"],
    ["quoted cells", '"a@example.com","global"\n"b@example.com"\n'],
  ])("may have %s", async (_what, text) => {
    expect(await upload(text)).toMatchObject({ accepted: 2, refused: 0 });
    expect(await stored()).toEqual(["a@example.com global", "b@example.com global"]);
  });

  it("is told which lines were refused and why; the others are stored", async () => {
    const text = [
      "a@example.com",
      "nobody",
      'b"x@example.com',
      "c@example.com,everywhere",
      "d\u0000@example.com",
      "=HYPERLINK(1)",
      "e@example.com,global,two\u0007words",
      '"f@example.com',
      "g@example.com",
    ].join("\n");
    const summary = await upload(text);
    expect(summary).toMatchObject({ rows: 8, accepted: 1, already_there: 0, refused: 7 });
    expect(summary.errors.map(({ line }) => line)).toEqual([2, 3, 4, 5, 6, 7, 8]);
    const reasons = summary.errors.map(({ reason }) => reason);
    expect(reasons[0]).toMatch(/^entry: must be an address/);
    expect(reasons[1]).toMatch(/^row: has a quote inside/);
    expect(reasons[2]).toMatch(/^scope: must be one of global/);
    expect(reasons[5]).toMatch(/^reason: must be one line/);
    expect(reasons[6]).toMatch(/^row: has a quote that is never closed/);
    expect(await stored()).toEqual(["a@example.com global"]);
  });

  it("that is not UTF-8 is refused line by line", async () => {
    const latin1 = Uint8Array.from(
      Array.from("caf\u00e9@example.com\na@example.com\n", (letter) => letter.charCodeAt(0)),
    );
    const answer = await postStream([latin1]);
    const { data } = await answer.json<{ data: Summary }>();
    expect(data).toMatchObject({
      accepted: 1,
      errors: [{ line: 1, reason: "entry: must be UTF-8" }],
    });
  });

  it("lists at most 100 errors and counts the rest", async () => {
    const summary = await upload("nobody\n".repeat(250));
    expect([summary.errors.length, summary.errors_left_out, summary.refused]).toEqual([
      100, 150, 250,
    ]);
  });

  it("with a line of 10 MB loses that line only", async () => {
    const megabyte = new TextEncoder().encode("x".repeat(1024 * 1024));
    const text = (t: string) => new TextEncoder().encode(t);
    const pieces = [
      text("a@example.com\n"),
      ...Array.from({ length: 10 }, () => megabyte),
      text("\nb@example.com\n"),
    ];
    const answer = await postStream(pieces);
    const { data } = await answer.json<{ data: Summary }>();
    expect(data).toMatchObject({ accepted: 2, refused: 1, errors: [{ line: 2 }] });
  });

  it("over 40 MB is 413, announced or not; what came before is stored", async () => {
    const megabyte = new TextEncoder().encode(`${"x".repeat(1024 * 1024 - 1)}\n`);
    function* pieces() {
      yield new TextEncoder().encode("a@example.com\n");
      for (let n = 0; n < 40; n++) yield megabyte;
    }
    await expectError(await postStream(pieces()), { status: 413, code: "too_large" });
    expect(await stored()).toEqual(["a@example.com global"]);
    const announced = await post("b@example.com\n", "", { ...CSV, "Content-Length": "50000000" });
    await expectError(announced, { status: 413, code: "too_large" });
  });

  it("of 100,000 rows is stored in few round trips, within seconds; one more is refused", async () => {
    function* pieces() {
      const encoder = new TextEncoder();
      yield encoder.encode("email,scope,reason\r\n");
      for (let n = 0; n < 100; n++) {
        const rows = Array.from(
          { length: 1_000 },
          (_, m) => `person.${n * 1_000 + m}@example.com,,imported\r\n`,
        );
        yield encoder.encode(rows.join(""));
      }
    }
    const d1 = faultyD1(app.db);
    app = { ...app, db: d1.db };
    const started = performance.now();
    const answer = await postStream(pieces());
    const { data } = await answer.json<{ data: Summary }>();
    const seconds = (performance.now() - started) / 1_000;
    expect(data).toMatchObject({ rows: 100_000, accepted: 100_000, refused: 0 });
    expect(await countOf("suppressions")).toBe(100_000);
    // One row is the entry of the audit log.
    expect([d1.calls().length <= 45, d1.rowsWritten()]).toEqual([true, 100_001]);
    expect(seconds).toBeLessThan(30);

    function* oneMore() {
      yield* pieces();
      yield new TextEncoder().encode("one.more@example.com\n");
    }
    const message = await expectError(await postStream(oneMore()), {
      status: 400,
      code: "invalid_request",
      field: "line 100002",
    });
    expect(message).toContain("100000 rows");
    expect(await countOf("suppressions")).toBe(100_000);
  }, 120_000);

  it("is harmless to send again after D1 failed", async () => {
    const d1 = faultyD1(app.db);
    app = { ...app, db: d1.db };
    d1.plan({ on: ({ sql }) => sql.includes("insert into suppressions"), mode: "after" });
    await expectError(await post("a@example.com\nb@example.com\n"), {
      status: 503,
      code: "unavailable",
    });
    d1.plan(null);
    expect(await upload("a@example.com\nb@example.com\nc@example.com")).toMatchObject({
      accepted: 1,
      already_there: 2,
    });
  });
});

describe("with results=rows, an upload", () => {
  const lines = async (answer: Response) => {
    expect([answer.status, answer.headers.get("Content-Type")]).toEqual([
      200,
      "application/x-ndjson",
    ]);
    const text = new TextDecoder().decode(await answer.arrayBuffer());
    expect(text.endsWith("\n")).toBe(true);
    return text
      .trimEnd()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
  };

  it("tells what became of every row, in order, and how many there were", async () => {
    await upload("old@example.com");
    const text = "Ann@example.com\nnobody\nold@example.com\nann@example.com\n@example.org,bounce\n";
    const entry = "ann@example.com";
    expect(await lines(await post(text, "?results=rows"))).toEqual([
      { line: 1, result: "added", entry, scope: "global" },
      { line: 2, result: "refused", reason: expect.stringMatching(/^entry: must be an address/) },
      { line: 3, result: "already_there", entry: "old@example.com", scope: "global" },
      { line: 4, result: "already_there", entry, scope: "global" },
      { line: 5, result: "added", entry: "@example.org", scope: "bounce" },
      { rows: 5 },
    ]);
    const json = { "Content-Type": "application/json" };
    const list = ["b@example.com", 7, "b@example.com"];
    expect(await lines(await post(list, "?results=rows", json))).toEqual([
      { index: 0, result: "added", entry: "b@example.com", scope: "global" },
      { index: 1, result: "refused", reason: expect.stringMatching(/^entry: /) },
      { index: 2, result: "already_there", entry: "b@example.com", scope: "global" },
      { rows: 3 },
    ]);
  });

  it("has a line for each of 12,000 rows, and for an error that ended it", async () => {
    const rows = Array.from({ length: 12_000 }, (_, n) => `p${n}@example.com\n`).join("");
    const found = await lines(await post(rows, "?results=rows"));
    expect([found.length, found.at(-1)]).toEqual([12_001, { rows: 12_000 }]);
    const d1 = faultyD1(app.db);
    app = { ...app, db: d1.db };
    d1.plan({ on: ({ sql }) => sql.includes("insert into suppressions"), mode: "before" });
    const failed = await lines(await post("a@example.com\n", "?results=rows"));
    expect(failed).toMatchObject([{ error: { code: "unavailable" } }]);
  });
});

describe("a JSON array", () => {
  const JSON_TYPE = { "Content-Type": "application/json" };

  it("holds texts and objects, judged one by one", async () => {
    const body = [
      "@example.org",
      { email: "a@example.com", scope: "complaint", reason: "told us" },
      { domain: "example.net" },
      { email: "nobody" },
      7,
      null,
      { email: "b@example.com", domain: "example.com" },
      { email: "c@example.com", scope: "all" },
    ];
    const summary = await upload(body, "?scope=bounce", JSON_TYPE);
    expect(summary).toMatchObject({ rows: 8, accepted: 3, refused: 5 });
    expect(summary.errors.map(({ index }) => index)).toEqual([3, 4, 5, 6, 7]);
    expect(await stored()).toEqual([
      "@example.net bounce",
      "@example.org bounce",
      "a@example.com complaint told us",
    ]);
  });

  it.each([{}, "text", 7, null])("is refused when it is %j", async (body) => {
    const answer = await post(JSON.stringify(body), "", JSON_TYPE);
    expect(answer.status).toBe(400);
  });
});

it("takes no other media type", async () => {
  const answer = await post("a@example.com", "", { "Content-Type": "text/plain" });
  await expectError(answer, { status: 415, code: "unsupported_media_type" });
});

it.each(["scope=all", "results=all", `reason=${"x".repeat(1_001)}`])(
  "refuses ?%s before it reads",
  async (query) => {
    const answer = await post("a@example.com", `?${query}`);
    const field = query.split("=")[0] ?? "";
    await expectError(answer, { status: 400, code: "invalid_request", field });
    expect(await countOf("suppressions")).toBe(0);
  },
);
