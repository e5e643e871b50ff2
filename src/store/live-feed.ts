// SQL of the live feed: whether anybody watches, and the newest part of the event log.
import { batch, rowsOf, statement } from "./db.ts";
import { decodeLogRow, type EventRow, type LogPiece, type LogRow } from "./event.ts";

/** Notes until when the feed is watched. */
function watchedUntil(db: D1Database, until: number): D1PreparedStatement {
  return statement(
    db,
    `insert into live_feed (id, watched_until) values (1, ?1)
     on conflict (id) do update set watched_until = ?1`,
    until,
  );
}

/** Notes that somebody watches, until `until` at least. */
export async function noteWatched(db: D1Database, until: number): Promise<void> {
  await watchedUntil(db, until).run();
}

/** Notes it, and reads the newest rows of the log in the same round trip; newest first. */
export async function noteWatchedAndRead(
  db: D1Database,
  until: number,
  piece: LogPiece,
): Promise<readonly LogRow[]> {
  const newest = newestRows(db, Number.MAX_SAFE_INTEGER, piece);
  const results = await batch(db, [watchedUntil(db, until), newest]);
  return rowsOf<EventRow>(results[1]).map(decodeLogRow);
}

/** The newest rows of the log before a position, newest first, as many as fit a piece. */
export async function readNewest(
  db: D1Database,
  before: number,
  piece: LogPiece,
): Promise<readonly LogRow[]> {
  const { results } = await newestRows(db, before, piece).all<EventRow>();
  return results.map(decodeLogRow);
}

function newestRows(db: D1Database, before: number, piece: LogPiece): D1PreparedStatement {
  return statement(
    db,
    `select position, events from (
       select position, events,
         sum(length(events)) over (order by position desc) - length(events) as newer
       from (select position, events from event_log where position < ?1
         order by position desc limit ?2))
     where newer < ?3 order by position desc`,
    before,
    piece.rows,
    piece.size,
  );
}

/** Notes that nobody watches any more. */
export async function noteUnwatched(db: D1Database): Promise<void> {
  await statement(db, "delete from live_feed where id = 1").run();
}
