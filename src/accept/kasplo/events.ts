// /v1/events: the event log as anybody may read it, in the words of the webhooks (decision 19).
import * as z from "zod";
import type { App } from "../../app.ts";
import { isUuidv7 } from "../../lib/id.ts";
import { ok } from "../../lib/result.ts";
import { type DeliveryEvent, EVENT_NAMES, eventCursor } from "../../model/event.ts";
import { type EventFilter, fits } from "../../model/event-filter.ts";
import { shownEvent } from "../../notify/payload/kasplo.ts";
import { type LogRow, positionAt, positionBefore, readLog } from "../../store/event.ts";
import { endpoint } from "../endpoint.ts";
import { filterOf, filterParameters } from "./event-filter.ts";
import { limitParameter, page, pageOf, timeParameter } from "./native.ts";

/** Log rows read at once, and in all for one page: a filter that matches little must not read all. */
const ROWS_AT_ONCE = 100;
const MAX_ROWS = 1_000;

/** A place between two events: the log row, and how many of its events lie before. */
export const cursorParameter = z
  .string()
  .regex(/^\d{1,16}\.\d{1,6}$/, "must be the next_cursor of an earlier answer")
  .transform(eventCursor);

const query = z.object({
  ...filterParameters.shape,
  from: timeParameter.optional(),
  to: timeParameter.optional(),
  order: z.enum(["asc", "desc"]).default("desc"),
  limit: limitParameter,
  cursor: cursorParameter.optional(),
});
type Query = z.output<typeof query>;

/** An event: the keys that all kinds have, and those that some have. */
export const eventView = z.object({
  id: z.string(),
  event: z.enum(EVENT_NAMES),
  event_type: z.string(),
  timestamp: z.string(),
  email: z.string(),
  click_tracking_id: z.string(),
  tags: z.string(),
  sendid: z.string(),
  listid: z.string().optional(),
  from_address: z.string().optional(),
  injected_time: z.string().optional(),
  message: z.string().optional(),
  status: z.string().optional(),
  outmtaid_ip: z.string().optional(),
  bounce_type: z.string().optional(),
  bounce_code: z.string().optional(),
  bounce_text: z.string().optional(),
  engine_ip: z.string().optional(),
  user_agent: z.string().optional(),
  click_url: z.string().optional(),
  machine: z.boolean(),
});

const list = endpoint({
  method: "GET",
  path: "/events",
  summary: "List events; newest first, or oldest first with order=asc",
  scope: "read",
  request: { query },
  response: { 200: pageOf(eventView) },
  async handle(app, { query, key }) {
    const { events, next } = await collect(app, query, filterOf(query, key));
    return ok(page(events.map(shownEvent), next));
  },
});

/** The operations of /v1/events. */
export const eventEndpoints = [list];

type Placed = { readonly event: DeliveryEvent; readonly cursor: string };

/** Reads the log until the page is full, the log ends, or enough was passed. */
async function collect(
  app: App,
  query: Query,
  filter: EventFilter,
): Promise<{ readonly events: readonly DeliveryEvent[]; readonly next: string | null }> {
  const events: DeliveryEvent[] = [];
  let last: string | null = null;
  let range = rangeOf(query);
  for (let read = 0; read < MAX_ROWS; read += ROWS_AT_ONCE) {
    const rows = await readLog(app.db, { ...range, limit: ROWS_AT_ONCE, order: query.order });
    for (const { event, cursor } of rows.flatMap((row) => placed(row, query))) {
      last = cursor;
      if (!fits(event, filter)) continue;
      events.push(event);
      if (events.length === query.limit) return { events, next: cursor };
    }
    const end = rows.at(-1)?.position;
    if (end === undefined || rows.length < ROWS_AT_ONCE) return { events, next: null };
    range = query.order === "asc" ? { ...range, after: end } : { ...range, upTo: end - 1 };
  }
  return { events, next: last };
}

/** The positions that a query covers; the row of the cursor is read again, for the rest of it. */
function rangeOf(query: Query): { after: number; upTo: number } {
  const { from, to, order, cursor, message_id: messageId = "" } = query;
  const after = Math.max(
    from === undefined ? 0 : positionAt(from) - 1,
    isUuidv7(messageId) ? positionBefore(messageId) : 0,
  );
  const upTo = to === undefined ? Number.MAX_SAFE_INTEGER : positionAt(to + 1) - 1;
  if (!cursor) return { after, upTo };
  return order === "asc"
    ? { after: Math.max(after, cursor.position - 1), upTo }
    : { after, upTo: Math.min(upTo, cursor.position) };
}

/** The events of a row in the order asked for, without those before the cursor. */
function placed(row: LogRow, { order, cursor }: Query): readonly Placed[] {
  const events = order === "asc" ? row.events : row.events.toReversed();
  const all = events.map((event, index) => ({ event, cursor: `${row.position}.${index + 1}` }));
  return cursor?.position === row.position ? all.slice(cursor.index) : all;
}
