// One attempt, from the claimed delivery to its settlement: compose → deliver → judge → record. A part
// of the conductor in consume.ts.
import type { App } from "../app.ts";
import { Carrier } from "../deliver/deliver.ts";
import { expire, judge, type Outcome } from "../deliver/outcome.ts";
import { type Marker, marker } from "../deliver/relay-mark.ts";
import { outcomesOf } from "../deliver/slow-down.ts";
import type { Outcomes } from "../deliver/throttle-state.ts";
import type { Slots } from "../deliver/slots.ts";
import type { Ending, Transaction } from "../deliver/smtp/transaction.ts";
import { barrier } from "../lib/barrier.ts";
import { reasonOf } from "../lib/log.ts";
import { markOf } from "../model/intake.ts";
import type { UsableRelay } from "../model/relay.ts";
import type { Recorder } from "../record/record.ts";
import { type Next, settlementOf } from "../record/settlement.ts";
import type { ClaimedDelivery } from "../store/delivery-claim.ts";
import { markContent } from "../store/delivery-lease.ts";
import { nextAttempt } from "./backoff.ts";
import type { Claims } from "./claims.ts";
import type { Worker } from "./crew.ts";
import type { Gate, Slot } from "./gate.ts";
import { isLarge, type Preparer, type Ready, type Transactions, type Work } from "./prepare.ts";
import type { RelayBoard } from "./relay-board.ts";
import { endUnserved, slotFor } from "./room.ts";

/** What the attempts of one run share. */
export type Desk = {
  readonly app: App;
  readonly board: RelayBoard;
  readonly claimed: Claims;
  readonly paced: Gate;
  readonly prepare: Preparer;
  readonly record: Recorder;
  readonly sockets: Slots;
};

/**
 * The first of those that wait, that there is room for and that can be composed. Behind another attempt it is one for
 * the same connection.
 */
export async function nextReady(desk: Desk, behind: Slot | null): Promise<Ready | Wait> {
  const passed: Work[] = [];
  const ready = await firstReady(desk, behind, passed);
  for (const work of passed.toReversed()) desk.claimed.putBack(work);
  return ready ?? (passed.length > 0 ? "crowded" : null);
}

/** Why there is none: nothing waits, or what waits has no room beside what the run attempts already. */
type Wait = null | "crowded";

async function readyBehind(desk: Desk, slot: Slot): Promise<Ready | null> {
  const ready = await nextReady(desk, slot);
  return ready === "crowded" ? null : ready;
}

/** Passes those whose slots are all in use by this run; behind another attempt it looks at one only. */
async function firstReady(desk: Desk, behind: Slot | null, passed: Work[]): Promise<Ready | null> {
  for (let work = desk.claimed.next(); work; work = desk.claimed.next()) {
    if (endUnserved(desk, work)) continue;
    const slot = await slotFor(desk, work, behind);
    if (slot === "busy") passed.push(work);
    else if (slot !== "full") {
      const tx = await transactionOf(desk, work);
      if (tx) return { work, tx, slot };
      slot.leave(null);
    }
    if (slot === "busy" && behind) return null;
  }
  return null;
}

/** Through which relay an attempt goes, and who is told what became of it. */
type Speaking = {
  readonly relay: UsableRelay;
  readonly tried: ReadonlySet<string>;
  readonly learnt: (outcome: Outcome) => void;
};

/** A worker with a connection of its own. */
export function deliveryWorker(desk: Desk): Worker<Ready> {
  const { app, board, claimed, prepare } = desk;
  const carrier = new Carrier(app, desk.sockets);
  const mark = marker();
  let sentAhead: { readonly work: Work; readonly relay: UsableRelay } | null = null;

  /** The relay to which the envelope was sent ahead, else the one whose turn it is. */
  function relayFor(work: Work): UsableRelay | null {
    const begun = sentAhead?.work === work ? sentAhead.relay : null;
    sentAhead = null;
    return begun ?? board.take(work.poolId, { held: carrier.relayId });
  }

  async function attempt(ready: Ready, onSlow: () => void): Promise<Ready | null> {
    const relay = relayFor(ready.work);
    let outcomes: Outcomes | null = null;
    const learnt = (outcome: Outcome) => void (outcomes = outcomesOf(outcome));
    try {
      if (relay) return await speak({ relay, tried: new Set(), learnt }, ready, onSlow);
      claimed.giveBack(ready.work);
      carrier.quit();
      return null;
    } catch (error) {
      // Not what a peer or a network did: the lease is left to expire, so that it ends up held.
      logFailure(app, "attempt_failed", ready.work.delivery, error);
      if (relay) board.left(relay);
      claimed.abandon(ready.work.delivery);
      carrier.quit();
      return null;
    } finally {
      ready.slot.leave(outcomes);
      prepare.done(ready.work, claimed.peek()?.message.id ?? null);
    }
  }

  /** Carries one message, with the envelope of the next behind it, and settles it. */
  async function speak(
    { relay, tried, learnt }: Speaking,
    ready: Ready,
    onSlow: () => void,
  ): Promise<Ready | null> {
    let ahead = mayLookAhead(desk, relay, ready.work) ? await readyBehind(desk, ready.slot) : null;
    const giveAheadBack = () => {
      if (ahead) claimed.putBack(ahead.work);
      ahead?.slot.leave(null);
      ahead = null;
    };
    // The one behind it could not be composed, and this one is of another pool.
    if (ahead && ahead.work.poolId !== ready.work.poolId) giveAheadBack();
    const carrying = carrier.carry(relay, seenBy(relay, ready, mark), {
      next: () => (ahead ? seenBy(relay, ahead, mark) : claimed.drained() ? "quit" : undefined),
      onSlow() {
        giveAheadBack();
        onSlow();
      },
    });
    const ending = await carrying.catch((error: unknown) => {
      // What failed is this delivery; its neighbour was not begun.
      giveAheadBack();
      throw error;
    });
    learn(board, relay, ending);
    if (ending.kind === "unusable") {
      // The relay was told nothing of the message: another one of the pool may be asked.
      const asked = new Set([...tried, relay.id]);
      const other = board.take(ready.work.poolId, { tried: asked });
      giveAheadBack();
      if (other) return speak({ relay: other, tried: asked, learnt }, ready, onSlow);
    }
    const outcome = judge(ending, { relay: relay.login.host });
    learnt(outcome);
    settle(desk, ready.work, relay, outcome);
    sentAhead = ahead && { work: ahead.work, relay };
    return ahead;
  }

  return { attempt, leave: () => carrier.quit() };
}

/**
 * The transaction as a relay is to see it: with our return path, if it may have one, and marked, where its
 * vendor's events come back to us. The same object each time: by it a session knows it again.
 */
function seenBy(relay: UsableRelay, { work, tx }: Ready, mark: Marker): Transaction {
  const { messageId, position } = work.delivery;
  return mark(relay, relay.verp ? tx.verp : tx.plain, markOf(messageId, position));
}

/** Notes how a relay did. */
function learn(board: RelayBoard, relay: UsableRelay, ending: Ending): void {
  if (ending.kind === "unusable") board.failed(relay, ending.reason);
  else board.works(relay);
}

/**
 * A relay in doubt gets one message at a time, and so does the isolate when they are large. Mail of another
 * pool is not for this connection, nor what is another relay's turn.
 */
function mayLookAhead({ board, claimed }: Desk, relay: UsableRelay, { poolId }: Work): boolean {
  const next = claimed.peek();
  if (relay.health !== null || !next || next.poolId !== poolId || isLarge(next)) return false;
  return board.keeps(poolId, relay);
}

/** The transactions of a delivery, or null when it is not to be attempted now. */
async function transactionOf(desk: Desk, work: Work): Promise<Transactions | null> {
  const { app, prepare } = desk;
  const { delivery } = work;
  try {
    const prepared = await prepare.transaction(work);
    if (prepared.kind === "ready") {
      const inDoubt = work.message.onAmbiguous;
      const { plain, verp } = prepared.tx;
      const marking = { beforeContent: () => beforeContent(app, delivery, inDoubt) };
      return { plain: { ...plain, ...marking }, verp: { ...verp, ...marking } };
    }
    if (prepared.kind === "gone") hold(desk, delivery, "the content is not kept any more");
    else if (app.now() >= delivery.expiresAt) hold(desk, delivery, "the content cannot be read");
    else {
      logFailure(app, "content_unreadable", delivery, prepared.reason);
      desk.claimed.postpone(delivery);
    }
  } catch (error) {
    // It cannot be composed: the lease is left to expire, so that it ends up held.
    logFailure(app, "compose_failed", delivery, error);
    desk.claimed.abandon(delivery);
  }
  prepare.done(work, null);
  return null;
}

/** Nothing can be sent; a person is to see it. */
function hold({ app, record }: Desk, delivery: ClaimedDelivery, reply: string): void {
  const attempt = { at: app.now(), relay: "", code: null, reply, tls: null };
  record.add({
    delivery,
    state: "held",
    dueAt: null,
    attempt: { ...attempt, result: "failure" },
    events: [],
    suppress: false,
  });
}

async function beforeContent(
  app: App,
  delivery: ClaimedDelivery,
  inDoubt: "retry" | "hold",
): Promise<void> {
  const marked = inDoubt === "retry" || (await markContent(app.db, delivery));
  if (!marked) throw new Error("the lease was lost");
  await barrier(app.config.faultPlan, "C8");
}

function settle(desk: Desk, work: Work, relay: UsableRelay, outcome: Outcome): void {
  const { app, record } = desk;
  const { delivery, message } = work;
  const now = app.now();
  const host = relay.login.host;
  const attempted = { delivery, message, relay: host, outcome, now, newId: app.newId };
  record.add(settlementOf(attempted, () => afterDeferral(app, work, outcome, now)));
}

/** What follows an attempt that settled nothing. */
function afterDeferral(app: App, work: Work, outcome: Outcome, now: number): Next {
  const { delivery, message } = work;
  if (outcome.result === "unknown" && message.onAmbiguous === "hold") return { kind: "hold" };
  const next = nextAttempt({
    attempts: delivery.attempts + 1,
    expiresAt: delivery.expiresAt,
    now,
    random: app.random(),
  });
  if (next !== "give-up") return { kind: "retry", at: next.at };
  const { code, text } = expire(outcome);
  return { kind: "expired", code, text };
}

function logFailure(app: App, event: string, delivery: ClaimedDelivery, error: unknown): void {
  const { messageId: message, position } = delivery;
  app.log("error", event, { message, position, reason: reasonOf(error) });
}
