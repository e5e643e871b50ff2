// The conductor of imports: leases the import whose turn it is, reads its file from where the last run
// stopped, judges the rows and keeps them chunk by chunk, for some 20 s; then it wakes itself again. Killed
// anywhere, another run goes on behind the last chunk that was kept, once the lease has run out.
import type { App } from "../app.ts";
import { reasonOf } from "../lib/log.ts";
import { byteRecords, LEAD_BYTES } from "../lib/csv-bytes.ts";
import type { CustomField } from "../model/custom-field.ts";
import { fieldsOfList } from "../store/custom-field.ts";
import { twice } from "../store/db.ts";
import { readFrom } from "../store/import-file.ts";
import {
  endLease,
  type ImportEnd,
  keepChunk,
  type LeasedImport,
  leaseImport,
} from "../store/import-lease.ts";
import { listById } from "../store/list.ts";
import { chunks } from "./rows.ts";

/** One invocation works so long, so that other background work gets its turn. */
const RUN_MS = 20_000;

/** The platform allows 1,000 calls an invocation; a chunk makes one. */
const CHUNKS_A_RUN = 300;

/** Longer than a run with its last chunk: nobody else begins before it is over. */
const LEASE_MS = 60_000;

/** Leases in a row that kept nothing: after half an hour of R2 or D1 failing, a person must look. */
const MAX_TRIES = 30;

type Run = { readonly end: number; chunks: number };

/** Works on imports until none waits or the time is over. */
export async function workOnImports(app: App): Promise<void> {
  const run: Run = { end: app.now() + RUN_MS, chunks: 0 };
  while (goesOn(app, run)) {
    const now = app.now();
    const lease = { id: app.newId(), now, until: now + LEASE_MS };
    const one = await leaseImport(app.db, lease);
    if (!one) return;
    try {
      const end = await work(app, one, run);
      if (end) await twice(() => endLease(app.db, one, end));
    } catch (error) {
      // Its lease runs out; the others need not wait so long.
      app.log("warn", "import_interrupted", { import: one.id, reason: reasonOf(error) });
    }
  }
  await app.wake.background("imports");
}

function goesOn(app: App, run: Run): boolean {
  return app.now() < run.end && run.chunks < CHUNKS_A_RUN;
}

/** Reads on; answers how the import goes on, null when somebody else has it. */
async function work(app: App, one: LeasedImport, run: Run): Promise<ImportEnd | null> {
  const failed = (error: string): ImportEnd => ({ state: "failed", error, now: app.now() });
  const { settings, objectKey, place } = one;
  if (one.tries > MAX_TRIES) return failed("it was interrupted too often; upload the file again");
  if (!settings || objectKey === null) return failed("its file is gone; upload it again");
  if (!(await listById(app.db, settings.listId))) return failed("its list was deleted");
  const fields = await fieldsOfList(app.db, settings.listId);
  const lead = Math.min(place.offset, LEAD_BYTES);
  const bytes =
    place.offset < one.bytes ? await readFrom(app.blobs, objectKey, place.offset - lead) : null;
  if (!bytes && place.offset < one.bytes) return failed("its file is gone; upload it again");
  return bytes ? read(app, { one, settings, fields, bytes }, run) : over(app, one);
}

function over(app: App, one: LeasedImport): ImportEnd {
  return { state: one.state === "checking" ? "checked" : "done", now: app.now() };
}

async function read(
  app: App,
  { one, settings, fields, bytes }: Reading,
  run: Run,
): Promise<ImportEnd | null> {
  let known = one;
  for await (const chunk of chunks(byteRecords(bytes, one.place), { one, settings, fields })) {
    run.chunks += 1;
    if (!(await twice(() => keepChunk(app.db, known, settings, chunk, app.now())))) return null;
    const refused = known.counts.refused + chunk.errors.length;
    const errors = [...known.errors, ...chunk.errors];
    known = { ...known, errors, place: chunk.to, counts: { ...known.counts, refused } };
    if (!goesOn(app, run) && chunk.to.offset < one.bytes) {
      return { state: one.state === "checking" ? "checking" : "importing" };
    }
  }
  return over(app, one);
}

type Reading = {
  readonly one: LeasedImport;
  readonly settings: NonNullable<LeasedImport["settings"]>;
  readonly fields: readonly CustomField[];
  readonly bytes: ReadableStream<Uint8Array>;
};
