// SQL of the event log: positions only grow, and a time finds its position without an index.
import type { DeliveryEvent } from "../model/event.ts";
import { rows, statement, stored } from "./db.ts";

/** One committed batch of events and where it stands. */
export type LogRow = { readonly position: number; readonly events: readonly DeliveryEvent[] };

type EventRow = { position: number; events: string };

/** The first position that a log row of this moment, epoch milliseconds, can have. */
export function positionAt(time: number): number {
  return time * 1000;
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
  return found.map(decode);
}

function decode(row: EventRow): LogRow {
  return { position: row.position, events: stored<DeliveryEvent[]>(row.events) };
}
