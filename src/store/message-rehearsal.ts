// SQL of a send that is only tried: what acceptMessage would refuse, without writing anything.
import type { Message } from "../model/message.ts";
import { scopesThatStop } from "../model/suppression.ts";
import { batch, rowsOf, statement } from "./db.ts";
import { type AcceptResult, recipientKeys, selectLack, SUPPRESSED } from "./message-accept.ts";

/** Why a message could not be accepted now, or null; idempotency keys are not asked. */
export async function findRefusal(
  db: D1Database,
  message: Pick<Message, "recipients" | "mailClass">,
): Promise<Extract<AcceptResult, { kind: "all_suppressed" | "out_of_credits" }> | null> {
  const keys = JSON.stringify(recipientKeys(message));
  const willing = `select 1 from json_each(?1) r where not ${SUPPRESSED} limit 1`;
  const [open, lacks] = await batch(db, [
    statement(db, willing, keys, JSON.stringify(scopesThatStop(message.mailClass))),
    selectLack(db, message, keys),
  ]);
  if (rowsOf(open).length === 0) return { kind: "all_suppressed" };
  const [lack] = rowsOf<{ needed: number; balance: number }>(lacks);
  return lack ? { kind: "out_of_credits", ...lack } : null;
}
