// Imports of contacts: upload, columns, dry run, the import itself, whatever dies on the way (F-213).
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { workOnImports } from "../../src/import/work.ts";
import { uuidv7 } from "../../src/lib/id.ts";
import { sweep } from "../../src/queue/sweep.ts";
import { discardImports } from "../../src/store/import-file.ts";
import { faultyD1 } from "../support/faults.ts";
import { countOf, emptyLedger } from "../support/ledger.ts";
import { emptyBlobs } from "../support/past.ts";
import { ask, givenKey, ownClock, testApp, type TestApp } from "../support/world.ts";

type Seen = {
  readonly id: string;
  readonly list_id: string;
  readonly state: string;
  readonly columns: readonly string[];
  readonly guess: Readonly<Record<string, string | null>>;
  readonly sample: readonly (readonly string[])[];
  readonly progress: number;
  readonly rows: number;
  readonly added: number;
  readonly existing: number;
  readonly refused: number;
  readonly errors: readonly { readonly line: number; readonly reason: string }[];
  readonly error: string | null;
};

let app: TestApp;
let clock: ReturnType<typeof ownClock>;
let key: string;
let listId: string;

beforeEach(async () => {
  await emptyLedger();
  await emptyBlobs();
  clock = ownClock(Date.UTC(2026, 10, 21, 10));
  app = testApp({ now: clock.now, newId: () => uuidv7(clock.now()), log: () => undefined });
  key = (await givenKey()).secret;
  listId = (await data("POST", "lists", { name: "News" })).list_id;
});

function call(method: string, path: string, body?: unknown, type = "application/json") {
  const headers = { "Content-Type": type };
  return ask(app, method, `/v1/${path}`, { key, headers, ...(body === undefined ? {} : { body }) });
}

async function data(method: string, path: string, body?: unknown, type?: string): Promise<Seen> {
  const answer = await call(method, path, body, type);
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return (await answer.json<{ data: Seen }>()).data;
}

const upload = (csv: string | Uint8Array) => data("POST", "imports", csv, "text/csv");

async function run(csv: string, start: object = {}): Promise<Seen> {
  const { id } = await upload(csv);
  await data("POST", `imports/${id}/start`, { list_id: listId, ...start });
  await workOnImports(app);
  return data("GET", `imports/${id}`);
}

const names = async () =>
  (await env.DB.prepare("select email, first_name as name from contacts order by id").all())
    .results;

const files = async () => (await env.CONTENT.list({ prefix: "imports/" })).objects.length;

describe("an upload", () => {
  it("tells the columns, what they seem to mean, and the first rows", async () => {
    await data("POST", "custom-fields", { name: "Home Town", type: "string" });
    const seen = await upload(
      "\ufeffE-mail,First Name,home_town,Other\r\na@example.com,Ann,Delhi,x\r\nb@example.com\r\n",
    );
    expect(seen).toMatchObject({
      state: "uploaded",
      columns: ["E-mail", "First Name", "home_town", "Other"],
      guess: {
        "E-mail": "email",
        "First Name": "first_name",
        home_town: "custom_fields.Home Town",
        Other: null,
      },
      sample: [["a@example.com", "Ann", "Delhi", "x"], ["b@example.com"]],
      progress: 0,
    });
  });

  it.each([
    ["", "first line"],
    ["a,a\n1,2", "twice"],
    ['a"b\n', "line 1"],
    [`${"x".repeat(201)}\n`, "200 characters"],
    [Array.from({ length: 101 }, (_, n) => `c${n}`).join(","), "100 at most"],
  ])("of %j is refused, and its file is gone", async (csv, reason) => {
    const answer = await call("POST", "imports", csv, "text/csv");
    const error = { field: "body", message: expect.stringContaining(reason) };
    expect([answer.status, await answer.json()]).toMatchObject([400, { error }]);
    await app.idle();
    expect([await files(), await countOf("imports")]).toEqual([0, 0]);
  });

  it("of another type, or too long, is refused", async () => {
    expect((await call("POST", "imports", {})).status).toBe(415);
    const headers = { "Content-Type": "text/csv", "Content-Length": String(96 * 1024 * 1024) };
    const answer = await ask(app, "POST", "/v1/imports", { key, headers, body: "x" });
    expect(answer.status).toBe(413);
  });
});

describe("an import", () => {
  it("writes contacts with names, values and tags onto the list, and says what it refused", async () => {
    await data("POST", "custom-fields", { name: "age", type: "numeric" });
    const tag = await data("POST", "tags", { name: "vip" });
    const csv = [
      "email,first_name,age,note",
      "Ann@Example.com,Ann,31,x",
      "bob@example.com,,,",
      "no-address,,,",
      "carl@example.com,Carl,old,",
      'dora@example.com,"Dora ""D""",7,"two\nlines"',
      "eve@example.com,Eve,1,2,3",
      'f"x@example.com,,,',
    ].join("\n");
    const seen = await run(csv, { tags: [tag.id] });
    expect(seen).toMatchObject({
      state: "done",
      progress: 1,
      rows: 7,
      added: 3,
      existing: 0,
      refused: 4,
    });
    expect(seen.errors.map(({ line, reason }) => [line, reason])).toEqual([
      [4, "Invalid email"],
      [5, "Invalid value for custom field age"],
      [8, "has 5 cells, more than there are columns"],
      [9, expect.stringContaining("quote inside a cell")],
    ]);
    expect(await names()).toEqual([
      { email: "ann@example.com", name: "Ann" },
      { email: "bob@example.com", name: "" },
      { email: "dora@example.com", name: 'Dora "D"' },
    ]);
    expect([await countOf("memberships"), await countOf("contact_tags")]).toEqual([3, 3]);
    const answer = await call("GET", `imports/${seen.id}/errors`);
    expect(await answer.text()).toBe(
      "line,reason,email,first_name,age,note\r\n4,Invalid email,no-address,,,\r\n" +
        "5,Invalid value for custom field age,carl@example.com,Carl,old,\r\n" +
        '8,"has 5 cells, more than there are columns",eve@example.com,Eve,1,2,3\r\n' +
        `9,"${seen.errors[3]?.reason.replaceAll('"', '""')}"\r\n`,
    );
  });

  it("leaves those that exist unless it is to update, and puts them on the list all the same", async () => {
    const other = await data("POST", "lists", { name: "Other" });
    await data("POST", "contacts", {
      email: "ann@example.com",
      first_name: "Ann",
      list_id: other.list_id,
    });
    const csv =
      "email,first_name\nann@example.com,Other\nann@example.com,Last\nbob@example.com,Bob\n";
    expect(await run(csv)).toMatchObject({ rows: 3, added: 1, existing: 1 });
    expect((await names())[0]).toEqual({ email: "ann@example.com", name: "Ann" });
    expect(await countOf("memberships")).toBe(3);
    await run(csv, { update_contacts: true });
    expect((await names())[0]).toEqual({ email: "ann@example.com", name: "Last" });
  });

  it("that is tried first reads all, shows 20 errors, and writes nothing", async () => {
    const csv = `email\n${Array.from({ length: 60 }, (_, n) => (n % 2 ? `p${n}@example.com` : `p${n}`)).join("\n")}`;
    const tried = await run(csv, { dry_run: true });
    expect(tried).toMatchObject({
      state: "checked",
      progress: 1,
      rows: 60,
      added: 30,
      refused: 30,
    });
    expect(tried.errors).toHaveLength(20);
    expect([await countOf("contacts"), await countOf("contact_jobs")]).toEqual([0, 0]);
    await data("POST", `imports/${tried.id}/start`, { list_id: listId });
    await workOnImports(app);
    expect(await data("GET", `imports/${tried.id}`)).toMatchObject({
      state: "done",
      added: 30,
      refused: 30,
    });
    expect(await countOf("contacts")).toBe(30);
    const again = await call("POST", `imports/${tried.id}/start`, { list_id: listId });
    expect(again.status).toBe(409);
  });

  it.each([
    [{ mapping: { Nope: "email" } }, "mapping.Nope"],
    [{ mapping: { name: "email", email: "email" } }, "mapping.name"],
    [{ mapping: { name: "custom_fields.hat" } }, "mapping.name"],
    [{ mapping: { name: "colour" } }, "mapping.name"],
    [{ mapping: { email: null } }, "mapping"],
    [{ list_id: "nothing" }, "list_id"],
    [{ tags: ["x"] }, "tags"],
  ])("that starts with %j is refused and names %s", async (start, field) => {
    const { id } = await upload("email,name\na@example.com,Ann\n");
    const answer = await call("POST", `imports/${id}/start`, { list_id: listId, ...start });
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { field } }]);
  });

  it("goes on behind what was kept, whatever fails, and writes and counts each row once", async () => {
    const rows = Array.from({ length: 4_500 }, (_, n) =>
      n % 100 === 99 ? `bad${n}` : `p${n}@example.com`,
    );
    const { id } = await upload(`email\r\n${rows.join("\r\n")}\r\n`);
    await data("POST", `imports/${id}/start`, { list_id: listId });
    for (const mode of ["before", "after", "before", "after"] as const) {
      const d1 = faultyD1(env.DB);
      let chunks = 0;
      // Both tries of the second chunk fail: before D1 did it, or after.
      d1.plan({ mode, on: ({ sql }) => sql.includes("set place = ?5") && ++chunks > 1 });
      await workOnImports({ ...app, db: d1.db });
      clock.advance(60_000);
    }
    await workOnImports(app);
    const seen = await data("GET", `imports/${id}`);
    expect(seen).toMatchObject({
      state: "done",
      rows: 4_500,
      added: 4_455,
      existing: 0,
      refused: 45,
    });
    expect([await countOf("contacts"), await countOf("memberships")]).toEqual([4_455, 4_455]);
    const told = await (await call("GET", `imports/${id}/errors`)).text();
    expect(told.trim().split("\r\n")).toHaveLength(46);
    expect(told).toContain("\r\n101,Invalid email,bad99\r\n");
    await sweep(app);
    expect(await files()).toBe(0);
  });

  it("ends with its list, its own deletion, or an erasure; what it holds is gone", async () => {
    const [first, second, third] = await Promise.all(
      ["a", "b", "c"].map((name) => upload(`email\n${name}@example.com\nbad`)),
    );
    await data("POST", `imports/${first?.id}/start`, { list_id: listId });
    await call("DELETE", `lists/${listId}`);
    await workOnImports(app);
    expect([(await call("GET", `imports/${first?.id}`)).status, await countOf("contacts")]).toEqual(
      [404, 0],
    );
    expect((await call("DELETE", `imports/${second?.id}`)).status).toBe(204);
    await app.idle();
    expect(await discardImports(app, { now: clock.now(), reason: "an address was erased" })).toBe(
      1,
    );
    expect(await data("GET", `imports/${third?.id}`)).toMatchObject({
      state: "failed",
      error: "an address was erased",
    });
    expect(await files()).toBe(0);
    clock.advance(8 * 24 * 60 * 60 * 1000);
    await sweep(app);
    expect(await countOf("imports")).toBe(0);
  });
});
