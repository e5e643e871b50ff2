// SQL of the event log: positions only grow, and a time finds its position without an index.
import { timeOfUuidv7 } from "../lib/id.ts";
import {
  type DeliveryEvent,
  isEvent,
  isTold,
  type LogEntry,
  type StoppedEntry,
} from "../model/event.ts";
import { rows, statement, stored } from "./db.ts";

/** One committed batch of events and where it stands; what nobody is told is left out. */
export type LogRow = { readonly position: number; readonly events: readonly DeliveryEvent[] };

/** The same, with what only some formats tell. */
export type ToldRow = {
  readonly position: number;
  readonly events: readonly (DeliveryEvent | StoppedEntry)[];
};

/** A row of the log as it is stored. */
export type EventRow = { position: number; events: string };

/** The first position that a log row of this moment, epoch milliseconds, can have. */
export function positionAt(time: number): number {
  return time * 1000;
}

/** When the row at a position was committed, in epoch milliseconds. */
export function timeAt(position: number): number {
  return Math.floor(position / 1000);
}

/** Clocks of isolates may be so far apart. */
const CLOCKS_APART_MS = 10_000;

/** A position before all that can be told of what has this id, a UUIDv7: an event, or a message. */
export function positionBefore(id: string): number {
  return positionAt(timeOfUuidv7(id) - CLOCKS_APART_MS);
}

/** Log rows after a position and up to another one; oldest first unless asked otherwise. */
export async function readLog(
  db: D1Database,
  range: {
    readonly after: number;
    readonly upTo: number;
    readonly limit: number;
    readonly order?: "asc" | "desc";
  },
): Promise<readonly LogRow[]> {
  const found = await rows<EventRow>(
    statement(
      db,
      `select position, events from event_log where position > ?1 and position <= ?2
       order by position ${range.order === "desc" ? "desc" : "asc"} limit ?3`,
      range.after,
      range.upTo,
      range.limit,
    ),
  );
  return found.map(decodeLogRow);
}

/** How much of the log is read at once. */
export type LogPiece = {
  /** Lone sends make one row per event, so many rows. */
  readonly rows: number;
  /** Busy ones make big rows, so rows are taken while those before them are below this, in characters. */
  readonly size: number;
};

/** Log rows after a position and up to another one, oldest first, as many as fit a piece. */
export async function readPiece(
  db: D1Database,
  range: { readonly after: number; readonly upTo: number },
  piece: LogPiece,
): Promise<readonly LogRow[]> {
  return (await readRows(db, range, piece)).map(decodeLogRow);
}

/** The same, as they are stored. */
export function readRows(
  db: D1Database,
  range: { readonly after: number; readonly upTo: number },
  piece: LogPiece,
): Promise<readonly EventRow[]> {
  const sql = logPieceSql("?1", "?4");
  return rows<EventRow>(statement(db, sql, range.after, piece.rows, piece.size, range.upTo));
}

/** SQL of a piece; the arguments are SQL, ?2 is its rows and ?3 its size. */
export function logPieceSql(after: string, upTo: string): string {
  return `select position, events from (
      select position, events, sum(length(events)) over (order by position) - length(events) as before
      from (select position, events from event_log where position > ${after} and position <= ${upTo}
        order by position limit ?2))
    where before < ?3 order by position`;
}

/** A row of the log as the product knows it. */
export function decodeLogRow(row: EventRow): LogRow {
  return { position: row.position, events: stored<LogEntry[]>(row.events).filter(isEvent) };
}

/** A row of the log as webhooks tell it. */
export function decodeToldRow(row: EventRow): ToldRow {
  return { position: row.position, events: stored<LogEntry[]>(row.events).filter(isTold) };
}

/** One committed batch with all its entries, those that nobody is told too. */
export type FullLogRow = { readonly position: number; readonly entries: readonly LogEntry[] };

/** A row of the log with all its entries. */
export function decodeFullRow(row: EventRow): FullLogRow {
  return { position: row.position, entries: stored<LogEntry[]>(row.events) };
}
