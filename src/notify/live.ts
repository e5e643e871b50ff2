// The live feed: the newest events for whoever comes, then everything that the log grows by, to each what
// they asked for. Reads the log once for all who stand at the same place.
import type { DeliveryEvent } from "../model/event.ts";
import { fits } from "../model/event-filter.ts";
import {
  type Frame,
  LATEST_EVENTS,
  type LiveAsk,
  resumed,
  type Standing,
} from "../model/live-feed.ts";
import { decodeLogRow, type LogPiece, type LogRow, readRows } from "../store/event.ts";
import { noteWatched, noteWatchedAndRead, readNewest } from "../store/live-feed.ts";
import type { Watcher } from "./live-watcher.ts";
import { shownEvent } from "./payload/kasplo.ts";

/** Read at once: some thousand events, about 1 MB and one row more. */
const PIECE: LogPiece = { rows: 500, size: 1_000_000 };

/** Pieces looked through for the latest events that fit a filter: one that fits little must not read all. */
const MAX_PIECES = 5;

/** Characters of events in one frame, and one event more. */
const FRAME_SIZE = 64 * 1024;

/** What a watcher begins with. */
export type Start = { readonly standing: Standing; readonly frames: readonly Frame[] };

/**
 * Notes that the feed is watched until `until`, and finds where a watcher begins: where they were before, or
 * after the latest events. The note comes first: what is committed later is told by a wake-up.
 */
export async function begin(
  db: D1Database,
  ask: LiveAsk,
  { now, until }: { readonly now: number; readonly until: number },
): Promise<Start> {
  const standing = resumed(ask.cursor, now);
  if (standing) {
    await noteWatched(db, until);
    const cursor = `${standing.after + 1}.${standing.skip}`;
    return { standing, frames: [{ reset: false, cursor, events: [] }] };
  }
  return latest(db, await noteWatchedAndRead(db, until, PIECE), ask);
}

/** The latest events that fit, from the newest rows and as many before them as it takes. */
async function latest(
  db: D1Database,
  newest: readonly LogRow[],
  { filter }: LiveAsk,
): Promise<Start> {
  const fitting = (log: readonly LogRow[]) =>
    log.flatMap(placed).filter(({ event }) => fits(event, filter));
  const found = fitting(newest.toReversed());
  let oldest = newest.at(-1)?.position ?? 0;
  for (let read = 1; read < MAX_PIECES && found.length < LATEST_EVENTS && oldest > 0; read++) {
    const log = await readNewest(db, oldest, PIECE);
    found.unshift(...fitting(log.toReversed()));
    oldest = log.at(-1)?.position ?? 0;
  }
  const head = newest[0] ?? { position: 0, events: [] };
  const cursor = `${head.position}.${head.events.length}`;
  const frames = framesOf(found.slice(-LATEST_EVENTS), cursor);
  return {
    standing: { after: head.position, skip: 0 },
    frames: frames.map(({ frame }, index) => ({ ...frame, reset: index === 0 })),
  };
}

/**
 * Tells everybody what comes after the place where they stand, a piece of the log at most. Answers whether
 * there may be more.
 */
export async function feed(
  db: D1Database,
  watchers: () => readonly Watcher[],
  now: number,
): Promise<boolean> {
  const places = new Set(
    watchers().flatMap((one) => (one.takes() ? [one.state().standing.after] : [])),
  );
  let more = false;
  // Those who are ahead first: whoever catches up holds nobody.
  for (const after of [...places].toSorted((a, b) => b - a)) {
    const stored = await readRows(db, { after, upTo: Number.MAX_SAFE_INTEGER }, PIECE);
    const size = stored.reduce((sum, { events }) => sum + events.length, 0);
    more ||= stored.length === PIECE.rows || size >= PIECE.size;
    const log = stored.map(decodeLogRow);
    const end = log.at(-1)?.position;
    if (end === undefined) continue;
    const entries = log.flatMap(placed);
    const here = watchers().filter((one) => one.takes() && one.state().standing.after === after);
    for (const one of here) tell(one, entries, { end, now });
  }
  return more;
}

/** Sends a watcher what they lack of these, for as long as they take it. */
function tell(
  watcher: Watcher,
  entries: readonly Placed[],
  { end, now }: { readonly end: number; readonly now: number },
): void {
  const { filter, standing } = watcher.state();
  const wanted = entries.filter(
    ({ event, position, index }) =>
      fits(event, filter) && (position !== standing.after + 1 || index > standing.skip),
  );
  for (const { frame, last } of wanted.length > 0 ? framesOf(wanted, null) : []) {
    if (!watcher.takes()) return;
    watcher.send(frame, now);
    watcher.moveTo({ after: last.position - 1, skip: last.index });
  }
  if (watcher.takes()) watcher.moveTo({ after: end, skip: 0 });
}

/** An event, the row it stands in and how many of that row's events lie before its end. */
type Placed = {
  readonly event: DeliveryEvent;
  readonly position: number;
  readonly index: number;
  /** In JSON, made when the first watcher wants it. */
  readonly text: () => string;
};

function placed({ position, events }: LogRow): readonly Placed[] {
  return events.map((event, at) => {
    let text: string | null = null;
    const made = () => (text ??= JSON.stringify(shownEvent(event)));
    return { event, position, index: at + 1, text: made };
  });
}

type Told = { readonly frame: Frame; readonly last: Pick<Placed, "position" | "index"> };

/** Events as frames of bounded size; one without events when there are none. `cursor` is the last one's, if given. */
function framesOf(entries: readonly Placed[], cursor: string | null): readonly Told[] {
  const told: Told[] = [];
  let events: string[] = [];
  let size = 0;
  for (const [at, entry] of entries.entries()) {
    events.push(entry.text());
    size += entry.text().length;
    const isLast = at === entries.length - 1;
    if (size < FRAME_SIZE && !isLast) continue;
    const own = `${entry.position}.${entry.index}`;
    told.push({
      frame: { reset: false, cursor: isLast ? (cursor ?? own) : own, events },
      last: entry,
    });
    events = [];
    size = 0;
  }
  if (told.length > 0) return told;
  const last = { position: 0, index: 0 };
  return [{ frame: { reset: false, cursor: cursor ?? "0.0", events: [] }, last }];
}
