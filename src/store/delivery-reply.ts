// SQL of finding deliveries by the words with which a relay took them.
import { addressKey } from "../model/address.ts";
import type { Attempt } from "../model/delivery.ts";
import { rows, statement, stored } from "./db.ts";

/** An id that may stand in a relay's 250 reply to a message for this recipient. */
export type ReplyId = { readonly recipient: string; readonly id: string };

/** Where one stands. */
export type RepliedPlace = { readonly messageId: string; readonly position: number };

/** Deliveries of one recipient that are looked through, newest first: events come within days. */
const LOOK_BACK = 200;

/** Ids that may be looked for: long enough to be one, and nothing that JSON would write in another way. */
const REPLY_ID = /^[\w.@+-]{7,199}[\w@+-]$/;

/** The delivery whose relay gave each id as a word of its 250 reply, in this order; null where none did. */
export async function readReplied(
  db: D1Database,
  wanted: readonly ReplyId[],
): Promise<readonly (RepliedPlace | null)[]> {
  const asked = wanted.flatMap(({ recipient, id }, n) =>
    REPLY_ID.test(id) ? [[n, addressKey(recipient), id]] : [],
  );
  if (asked.length === 0) return wanted.map(() => null);
  const found = await rows<{ n: number; message_id: string; position: number; history: string }>(
    statement(
      db,
      `select f.value ->> 0 as n, d.message_id, d.position, d.history from json_each(?1) f
       join deliveries d on d.recipient = f.value ->> 1 and d.message_id in
         (select message_id from deliveries where recipient = f.value ->> 1
          order by message_id desc limit ${LOOK_BACK})
       where instr(d.history, f.value ->> 2) > 0 order by d.message_id`,
      JSON.stringify(asked),
    ),
  );
  const places = new Map<number, RepliedPlace>();
  for (const { n, message_id, position, history } of found) {
    const id = wanted[n]?.id ?? "";
    if (took(stored<Attempt[]>(history), id)) places.set(n, { messageId: message_id, position });
  }
  return wanted.map((_, n) => places.get(n) ?? null);
}

/** Whether a relay took the message with this id: `250 Ok <id>`, `250 Ok: queued as <id>` and the like. */
function took(history: readonly Attempt[], id: string): boolean {
  return history.some(
    ({ result, reply }) => result === "success" && reply.split(/\.*[^\w.@+-]+|\.+$/).includes(id),
  );
}
