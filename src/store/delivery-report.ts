// SQL of finding the deliveries that reports name. What follows is committed by delivery-activity.ts.
import { addressKey } from "../model/address.ts";
import type { ReportPlace } from "../model/report.ts";
import { rows, statement } from "./db.ts";
import {
  decodeTracked,
  recipientAt,
  TRACKED,
  type TrackedDelivery,
  type TrackedRow,
} from "./delivery-activity.ts";
import { joinMessage, recipientsOf } from "./message-item.ts";

/** Without recipient or position a place is the only recipient's. */
const POSITION = `coalesce(f.position,
  case json_array_length(${recipientsOf("f.message_id")}) when 1 then 0 end)`;

/** The delivery that each place names, in this order; null for one that is not there (any more). */
export async function readReported(
  db: D1Database,
  places: readonly ReportPlace[],
): Promise<readonly (TrackedDelivery | null)[]> {
  const found = await rows<TrackedRow & { n: number }>(
    statement(
      db,
      `select f.n, ${TRACKED}
       from (select key as n, value ->> 0 as message_id, value ->> 1 as position,
         value ->> 2 as recipient from json_each(?1)) f
       ${joinMessage("f.message_id")}
       join deliveries d on d.message_id = f.message_id
         and d.recipient = coalesce(f.recipient, ${recipientAt("f.message_id", POSITION)})`,
      JSON.stringify(places.map(parameters)),
    ),
  );
  const byPlace = new Map(found.map((row) => [row.n, decodeTracked(row)]));
  return places.map((_, n) => byPlace.get(n) ?? null);
}

function parameters(place: ReportPlace): readonly (string | number | null)[] {
  switch (place.by) {
    case "place":
      return [place.messageId, place.position, null];
    case "message_id":
      return [place.messageId, null, place.recipient === null ? null : addressKey(place.recipient)];
  }
}
