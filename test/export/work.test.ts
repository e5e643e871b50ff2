// Making exports: what the file holds, in parts and in slices of time, whatever breaks and whenever.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { PART_BYTES } from "../../src/lib/part.ts";
import { workOnExports } from "../../src/export/work.ts";
import { removeLeftovers } from "../../src/store/export-file.ts";
import {
  csvRecords,
  type ExportWorld,
  exportWorld,
  filesLeft,
  givenEvents,
  isPage,
  slowly,
  START,
} from "../support/export-world.ts";
import { faultyR2 } from "../support/faulty-r2.ts";
import { countOf } from "../support/ledger.ts";
import { ask } from "../support/world.ts";

let world: ExportWorld;
beforeEach(async () => {
  world = await exportWorld();
});

/** The addresses of an NDJSON file of events, in order. */
async function emailsOf(id: string): Promise<readonly string[]> {
  const lines = (await world.textOf(id)).trimEnd().split("\n");
  return lines.map((line) => {
    const { email }: { email: string } = JSON.parse(line);
    return email;
  });
}

const people = (count: number) => Array.from({ length: count }, (_, n) => `p${n}@example.com`);

/** 1,300 events of 4 KB: a file of two parts. */
const LARGE = { count: 1_300, characters: 4_000 };

async function givenLarge(): Promise<void> {
  await givenEvents(LARGE.count, { characters: LARGE.characters });
}

describe("an export that is made undisturbed", () => {
  it("holds every event once in each format, with formulas guarded in CSV (A-128)", async () => {
    await givenEvents(2_345);
    const ids = [];
    for (const format of ["csv", "json", "ndjson"]) {
      ids.push((await world.order({ kind: "events", format })).id);
    }
    await world.drain();
    const [csv = "", json = "", ndjson = ""] = ids;
    const records = csvRecords(await world.textOf(csv));
    expect(records.map(({ email }) => email)).toEqual(people(2_345));
    expect(records[0]).toMatchObject({ tags: "'=cmd|' /C calc'!A0", machine: "false", state: "" });
    const parsed: { tags: string; email: string }[] = JSON.parse(await world.textOf(json));
    expect(parsed.map(({ email }) => email)).toEqual(people(2_345));
    expect(parsed[0]?.tags).toBe("=cmd|' /C calc'!A0");
    expect(await emailsOf(ndjson)).toEqual(people(2_345));
    expect(await world.get(csv)).toMatchObject({ state: "done", rows: 2_345, progress: 1 });
    expect(await filesLeft()).toHaveLength(3);
  });

  it("of nothing is a whole file too", async () => {
    for (const [format, text] of [
      ["json", "[\n]\n"],
      ["ndjson", ""],
    ]) {
      const { id } = await world.order({ kind: "events", format });
      await world.drain();
      expect(await world.textOf(id)).toBe(text);
      expect(await world.get(id)).toMatchObject({ state: "done", rows: 0 });
    }
  });

  it("goes to R2 in parts of one size when it is large, and leaves one object", async () => {
    await givenLarge();
    const { id } = await world.order({ kind: "events", format: "ndjson" });
    world.d1.reset();
    await world.drain();
    const { size, rows } = await world.get(id);
    expect([rows, size > PART_BYTES]).toEqual([LARGE.count, true]);
    expect(await emailsOf(id)).toEqual(people(LARGE.count));
    expect(await filesLeft()).toHaveLength(1);
    const names = world.r2.calls().map(({ name }) => name);
    expect(names.filter((name) => name === "uploadPart")).toHaveLength(2);
    // Lease, upload, two parts, done.
    expect(world.d1.rowsWritten()).toBe(5);
  });

  it("shows how far it is, goes on in slices of time, and takes turns with others", async () => {
    await givenEvents(12_000);
    const first = await world.order({ kind: "events", format: "ndjson" });
    const second = await world.order({ kind: "events", format: "ndjson" });
    const woken: string[] = [];
    world.d1.plan(slowly(world, 11_000));
    const background = (work: string) => Promise.resolve(void woken.push(work));
    const app = { ...world.app, wake: { ...world.app.wake, background } };
    await workOnExports(app);
    expect([world.d1.calls().filter(isPage).length, woken]).toEqual([2, ["exports"]]);
    const seen = await world.get(first.id);
    expect(seen).toMatchObject({ state: "running", link: null });
    expect(seen.rows).toBeGreaterThan(1_000);
    expect(seen.progress).toBeGreaterThan(0);
    expect(seen.progress).toBeLessThan(1);
    expect(Date.parse(seen.reached ?? "")).toBeLessThan(START);
    expect(await world.get(second.id)).toMatchObject({ state: "queued", rows: 0, progress: 0 });
    await workOnExports(app);
    expect((await world.get(second.id)).rows).toBeGreaterThan(1_000);
    expect((await world.get(first.id)).rows).toBe(seen.rows);
    await world.drain();
    for (const { id } of [first, second]) expect(await emailsOf(id)).toEqual(people(12_000));
  });

  it("holds what was committed when it began, though events come and old ones are purged meanwhile", async () => {
    await givenEvents(3_000, { aRow: 1 });
    const { id } = await world.order({ kind: "events", format: "ndjson" });
    await givenEvents(5, { start: START - 500 });
    await givenEvents(5, { start: START + 60_000 });
    let reads = 0;
    world.d1.plan({
      on: (call) => {
        if (isPage(call) && (reads += 1) === 2) {
          void env.DB.prepare("delete from event_log where position < ?1")
            .bind((START - 1_000_000_000 + 2_500_000) * 1000)
            .run();
        }
        return false;
      },
      mode: { delayMs: 0 },
    });
    await world.drain();
    const emails = await emailsOf(id);
    expect(emails.slice(0, 1_000)).toEqual(people(1_000));
    expect(emails.slice(-500)).toEqual(people(3_000).slice(-500));
    expect(new Set(emails).size).toBe(emails.length);
  });
});

/** One of so many cases is run each time, since each writes 5 MB; with 1 all 78 are, in a minute. */
const STRIDE = 11;

/** By this clock three pages fill a run. */
const PAGE_MS = 7_000;

describe("an export that is disturbed", () => {
  it("survives any call to D1 or R2 that fails, before or after it was done, and ends the same", async () => {
    await givenLarge();
    const first = await world.order({ kind: "events", format: "json" });
    world.d1.reset();
    world.r2.reset();
    world.d1.plan(slowly(world, PAGE_MS));
    for (let run = 0; run < 3; run++) await workOnExports(world.app);
    const text = await world.textOf(first.id);
    const calls = { d1: world.d1.calls().length - 2, r2: world.r2.calls().length - 1 };
    expect(calls).toEqual({ d1: 26, r2: 13 });
    const cases = Object.entries(calls).flatMap(([part, count]) =>
      (["before", "after"] as const).flatMap((mode) =>
        Array.from({ length: count }, (_, n) => ({ part, mode, n: n + 1 })),
      ),
    );
    for (const { part, mode, n } of cases.filter((_, place) => place % STRIDE === STRIDE - 1)) {
      const { id } = await world.order({ kind: "events", format: "json" });
      world.d1.reset();
      world.r2.reset();
      // D1 twice in a row: the repetition fails too.
      const on = (call: { n: number }) => part === "d1" && (call.n === n || call.n === n + 1);
      world.d1.plan(slowly(world, PAGE_MS, { on, mode }));
      world.r2.plan({ on: (call) => part === "r2" && call.n === n, mode });
      for (let run = 0; run < 3; run++) await workOnExports(world.app).catch(() => undefined);
      world.d1.plan(null);
      world.r2.plan(null);
      world.clock.advance(60_000);
      await world.drain();
      expect([part, mode, n, (await world.textOf(id)) === text]).toEqual([part, mode, n, true]);
      expect((await world.get(id)).rows).toBe(LARGE.count);
      await forget(id);
    }
  }, 60_000);

  it("is made once by two who both hold it for theirs: the first one's work counts no more", async () => {
    await givenLarge();
    for (const [name, when] of [
      ["createMultipartUpload", "after"],
      ["uploadPart", "before"],
      ["uploadPart", "after"],
      ["put", "after"],
      ["complete", "after"],
    ] as const) {
      const { id } = await world.order({ kind: "events", format: "ndjson" });
      const zombie = stopped(name, when);
      const first = workOnExports({ ...world.app, blobs: zombie.bucket });
      await zombie.reached;
      world.clock.advance(61_000);
      await workOnExports(world.app);
      expect([name, when, (await world.get(id)).state]).toEqual([name, when, "done"]);
      zombie.goOn();
      await first;
      expect(await emailsOf(id)).toEqual(people(LARGE.count));
      expect([name, when, (await filesLeft()).length]).toEqual([name, when, 1]);
      await forget(id);
    }
  });

  it("is written anew when a part was uploaded over", async () => {
    await givenLarge();
    const { id } = await world.order({ kind: "events", format: "csv" });
    world.d1.plan(slowly(world, 3_500));
    await workOnExports(world.app);
    world.d1.plan(null);
    const row = await env.DB.prepare("select object_key, upload_id, parts from exports").first<{
      object_key: string;
      upload_id: string;
      parts: string;
    }>();
    expect(row?.parts.split(",")).toHaveLength(1);
    const upload = env.CONTENT.resumeMultipartUpload(row?.object_key ?? "", row?.upload_id ?? "");
    await upload.uploadPart(1, new Uint8Array(PART_BYTES));
    await world.drain();
    expect(csvRecords(await world.textOf(id)).map(({ email }) => email)).toEqual(
      people(LARGE.count),
    );
    expect(world.logged).toContain("export_restarted");
    expect(await filesLeft()).toHaveLength(1);
  });

  it("that is cancelled while a part is on its way leaves nothing", async () => {
    await givenLarge();
    for (const name of ["uploadPart", "put"]) {
      const { id } = await world.order({ kind: "events", format: "ndjson" });
      const running = stopped(name, "after");
      const run = workOnExports({ ...world.app, blobs: running.bucket });
      await running.reached;
      const answer = await ask(world.app, "DELETE", `/v1/exports/${id}`, { key: world.key });
      expect(answer.status).toBe(204);
      await world.app.idle();
      running.goOn();
      await run;
      expect([await filesLeft(), await countOf("exports")]).toEqual([[], 0]);
    }
  });

  it("is given up, visibly, after half an hour of failing", async () => {
    await givenEvents(10);
    const { id } = await world.order({ kind: "events", format: "csv" });
    world.r2.plan({ on: ({ name }) => name === "put", mode: "before" });
    await world.drain();
    const seen = await world.get(id);
    expect(seen).toMatchObject({ state: "failed", link: null, error: expect.any(String) });
    expect(world.clock.now() - START).toBeGreaterThan(30 * 60_000);
    expect(world.logged.at(-1)).toBe("export_given_up");
  });
});

/** Lets an export expire, so that the next one stands alone. */
async function forget(id: string): Promise<void> {
  await env.DB.prepare("update exports set expires_at = 0 where id = ?1").bind(id).run();
  await removeLeftovers(world.app, world.clock.now());
}

/** A bucket whose first call of this name waits, before or after it is done, until it may go on. */
function stopped(name: string, when: "before" | "after") {
  const gate = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  let waits = true;
  const wait = async (now: string, call: string) => {
    if (!waits || call !== name || now !== when) return;
    waits = false;
    reached.resolve();
    await gate.promise;
  };
  const { bucket } = faultyR2(env.CONTENT, wait);
  return { bucket, reached: reached.promise, goOn: () => gate.resolve() };
}
