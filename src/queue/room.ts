// Room for an attempt: a slot of its pool and group of recipient domains, or its turn later. A part of the
// conductor in consume.ts.
import { expire } from "../deliver/outcome.ts";
import { FULL_TEXTS } from "../model/throttle.ts";
import { settlementOf, waitingEvent } from "../record/settlement.ts";
import type { Settlement } from "../store/delivery-settlement.ts";
import type { Desk } from "./attempt.ts";
import type { Slot } from "./gate.ts";
import type { Work } from "./prepare.ts";

/** Room for an attempt; without any the delivery waits its turn. */
export async function slotFor(
  { app, paced, claimed, record }: Desk,
  work: Work,
  behind: Slot | null,
): Promise<Slot | "busy" | "full"> {
  const { poolId, group, message } = work;
  const same = behind?.place.poolId === poolId && behind.place.group === group;
  if (behind && same && behind.share()) return behind;
  const entry = await paced.enter({ poolId, group }, message.mailClass);
  if (entry.kind === "slot") return entry.slot;
  if (entry.kind === "busy") return "busy";
  const { delivery } = work;
  const waiting = { delivery, message, now: app.now(), newId: app.newId };
  if (isOver(work, app.now())) record.add(expiredWaiting(waiting, FULL_TEXTS[entry.reason]));
  else {
    // Before it expires it is looked at once more.
    const dueAt = Math.min(entry.until, delivery.expiresAt);
    claimed.full(work, { dueAt, event: waitingEvent(waiting, entry.reason) });
  }
  return "full";
}

/** Whether a delivery's lifetime is over. */
export function isOver({ delivery }: Pick<Work, "delivery">, now: number): boolean {
  return now >= delivery.expiresAt;
}

const NO_RELAY = "No relay of its pool could be used.";

/** Ends a delivery whose lifetime is over while no relay can take it; false: it may be attempted. */
export function endUnserved({ app, board, record }: Desk, work: Work): boolean {
  const { kind } = board.route(work.poolId);
  if (kind === "open" || kind === "probe" || !isOver(work, app.now())) return false;
  const { delivery, message } = work;
  record.add(expiredWaiting({ delivery, message, now: app.now(), newId: app.newId }, NO_RELAY));
  return true;
}

/** The end of a delivery that waited, for what `reply` says, until its lifetime was over. */
function expiredWaiting(waiting: Parameters<typeof waitingEvent>[0], reply: string): Settlement {
  const outcome = {
    state: "deferred",
    result: "deferral",
    code: null,
    reply,
    text: reply,
    tls: null,
  } as const;
  const { code, text } = expire(outcome);
  return settlementOf({ ...waiting, relay: "", outcome }, () => ({ kind: "expired", code, text }));
}
