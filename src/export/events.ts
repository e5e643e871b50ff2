// Events as an export has them: those of /v1/events, word for word, with the state that their delivery is
// in. So a success whose mail bounced later says `bounced` (F-188).
import { flatShape } from "../lib/table.ts";
import { addressKey } from "../model/address.ts";
import type { DeliveryState } from "../model/delivery.ts";
import { type DeliveryEvent, eventCursor } from "../model/event.ts";
import { type Export, isOfClass } from "../model/export.ts";
import { shownEvent } from "../notify/payload/kasplo.ts";
import { statesOf } from "../store/delivery.ts";
import { type LogPiece, type LogRow, positionAt, readPiece } from "../store/event.ts";
import type { Placed, Source } from "./source.ts";

/** A page is some thousand events at most: about 1 MB, and one row more. */
const PIECE: LogPiece = { rows: 1_000, size: 1_000_000 };

/** Every key that a body has, in the order of the columns; a test holds them together. */
const COLUMNS = [
  "id",
  "event",
  "event_type",
  "timestamp",
  "email",
  "click_tracking_id",
  "state",
  "status",
  "message",
  "bounce_type",
  "bounce_code",
  "bounce_text",
  "engine_ip",
  "user_agent",
  "click_url",
  "machine",
  "tags",
  "sendid",
  "listid",
  "from_address",
  "injected_time",
  "outmtaid_ip",
] as const;

type EventRecord = Readonly<Partial<Record<(typeof COLUMNS)[number], unknown>>>;

/** Events in the order they were committed. */
export const eventSource: Source<EventRecord> = {
  shape: flatShape(COLUMNS),
  async read(db, one, cursor) {
    const start = cursor === null ? null : eventCursor(cursor);
    const after = start === null ? positionAt(one.from) - 1 : start.position - 1;
    const log = await readPiece(db, { after, upTo: one.logEnd }, PIECE);
    const done = start !== null && log[0]?.position === start.position ? start.index : 0;
    const placed = log
      .flatMap(placedOf)
      .slice(done)
      .filter(({ item }) => one.filters.events?.includes(item.name) ?? true)
      .filter(({ item }) => isOfClass(one, item.mailClass));
    const states = await statesOf(
      db,
      placed.map(({ item }) => keyOf(item)),
    );
    const records = placed.map(({ item, next }, n) => ({
      item: recordOf(item, states[n] ?? null),
      next,
    }));
    const end = log.at(-1)?.position;
    return {
      records: records.filter(({ item }) => isIn(one, item.state)),
      next: end === undefined ? null : `${end + 1}.0`,
    };
  },
};

function isIn({ filters }: Export, state: unknown): boolean {
  return filters.state === null || filters.state === state;
}

function placedOf({ position, events }: LogRow): readonly Placed<DeliveryEvent>[] {
  return events.map((item, index) => ({
    item,
    next: index + 1 < events.length ? `${position}.${index + 1}` : `${position + 1}.0`,
  }));
}

function keyOf({ email, messageId }: DeliveryEvent) {
  return { recipient: addressKey(email), messageId };
}

function recordOf(event: DeliveryEvent, state: DeliveryState | null): EventRecord {
  return { ...shownEvent(event), state };
}
