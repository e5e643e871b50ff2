// The second part of an erasure: whatever else names the address. Each table, then the contents in D1 and
// in R2, are looked through once for several addresses together.
import type { App } from "../app.ts";
import { enter, LARGE_BYTES } from "../lib/large-gate.ts";
import { type Erasure, erasureBound } from "../model/erasure.ts";
import { contentWithout } from "../model/erasure-content.ts";
import { type Erasing, erasingOf } from "../model/erasure-text.ts";
import type { Content } from "../model/message.ts";
import { rewriteObject } from "../store/content-rewrite.ts";
import { countStats } from "../record/stats.ts";
import { moveErasures } from "../store/erasure.ts";
import { discardExports } from "../store/export-file.ts";
import { discardImports } from "../store/import-file.ts";
import { readContents, rewriteContent } from "../store/erasure-content.ts";
import {
  readShelf,
  rowWithout,
  type Shelf,
  SHELVES,
  STATISTICS,
  writeShelf,
} from "../store/erasure-text.ts";
import type { GoOn } from "./erase.ts";
import { addressOf, openPlace, savePlace } from "./erase-sealed.ts";
import { EXPORT_REASON, hasMore, IMPORT_REASON } from "./erase-sent.ts";

/** Objects of one step: each is read whole. */
const STEP_OBJECTS = 25;

const BLOB_PREFIX = "content/";

/** Where everything is looked for, in this order. */
type Stage = Shelf | "contents" | "objects";
const STAGES: readonly Stage[] = [...SHELVES, "contents", "objects", ...STATISTICS];

/** How far a search came: which stage, and what was passed last of it, "" at its start. */
type Place = { readonly stage: number; readonly after: string };

const START: Place = { stage: 0, after: "" };

/** Goes on with a search, as far as it comes; at its end the erasures are done. */
export async function search(app: App, erasures: readonly Erasure[], goOn: GoOn): Promise<void> {
  const all = await Promise.all(
    erasures.map(async (erasure) =>
      erasingOf(await addressOf(app, erasure), "other", erasureBound(erasure)),
    ),
  );
  const known = await openPlace(app, erasures);
  let place: Place | null = known === "" ? START : placeOf(known);
  while (place !== null && goOn(callsOf(place))) place = await step(app, place, all);
  if (place !== null) return savePlace(app, erasures, JSON.stringify(place));
  await discardExports(app, { now: app.now(), reason: EXPORT_REASON });
  await discardImports(app, { now: app.now(), reason: IMPORT_REASON });
  for (const erasure of erasures) await finish(app, erasure);
}

/** Calls of D1 and R2 of a step that finds little in D1, and must read every object of R2. */
function callsOf({ stage }: Place): number {
  return STAGES[stage] === "objects" ? 1 + 2 * STEP_OBJECTS : 3;
}

function placeOf(text: string): Place {
  const place: Place = JSON.parse(text);
  return place;
}

async function finish(app: App, erasure: Erasure): Promise<void> {
  const more = await hasMore(app, erasure);
  await moveErasures(app.db, [erasure], {
    place: "",
    ...(more
      ? { state: "clearing", clearedAt: null }
      : { state: "done", sealed: null, finishedAt: app.now() }),
  });
}

/** Looks through the next piece; answers where to go on, null at the end. */
async function step(app: App, place: Place, all: readonly Erasing[]): Promise<Place | null> {
  const stage = STAGES[place.stage];
  if (stage === undefined) return null;
  // Whoever was counting what stood there before must not commit it any more.
  if (stage === STATISTICS[0] && place.after === "") await countStats(app);
  const next = await stageStep(app, stage, place.after, all);
  return next === null ? { stage: place.stage + 1, after: "" } : { ...place, after: next };
}

function stageStep(
  app: App,
  stage: Stage,
  after: string,
  all: readonly Erasing[],
): Promise<string | null> {
  if (stage === "contents") return contentStep(app, after, all);
  if (stage === "objects") return objectStep(app, after, all);
  return shelfStep(app, stage, after, all);
}

function addressesOf(all: readonly Erasing[]): readonly string[] {
  return all.map(({ mentions }) => mentions.key);
}

async function shelfStep(
  app: App,
  shelf: Shelf,
  after: string,
  all: readonly Erasing[],
): Promise<string | null> {
  const piece = await readShelf(app.db, shelf, after, addressesOf(all));
  const changes = piece.rows.flatMap((row) => {
    const texts = rowWithout(shelf, row, all);
    return texts === null ? [] : [{ row, texts }];
  });
  const written = await writeShelf(app.db, shelf, changes);
  // What changed meanwhile is looked at again.
  return written < changes.length ? after : piece.next;
}

/** What is left of a content of this message. */
function changeFor(messageId: string, all: readonly Erasing[]) {
  return (content: Content): Content =>
    all
      .filter(({ bound }) => messageId < bound)
      .reduce((left, { mentions }) => contentWithout(left, mentions, null), content);
}

async function contentStep(
  app: App,
  after: string,
  all: readonly Erasing[],
): Promise<string | null> {
  const { contents, next } = await readContents(app.db, Number(after), addressesOf(all));
  let changed = false;
  for (const content of contents) {
    const written = await rewriteContent(app.db, content, changeFor(content.messageId, all));
    changed ||= !written;
  }
  if (changed) return after;
  return next === null ? null : String(next);
}

async function objectStep(
  app: App,
  after: string,
  all: readonly Erasing[],
): Promise<string | null> {
  const { objects } = await app.blobs.list({
    prefix: BLOB_PREFIX,
    limit: STEP_OBJECTS,
    ...(after === "" ? {} : { startAfter: after }),
  });
  for (const { key, size } of objects) {
    const messageId = key.split("/")[1] ?? "";
    if (all.every(({ bound }) => messageId >= bound)) continue;
    const leave = size > LARGE_BYTES ? await enter() : null;
    try {
      await rewriteObject(app.blobs, key, changeFor(messageId, all));
    } finally {
      leave?.();
    }
  }
  return objects.length < STEP_OBJECTS ? null : (objects.at(-1)?.key ?? null);
}
