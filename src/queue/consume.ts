// The conductor of the queue: claim → compose → deliver → record, until nothing is due. One run serves
// both lanes, transactional first, over at most MAX_CONNECTIONS connections.
import type { App } from "../app.ts";
import { Carrier } from "../deliver/deliver.ts";
import { slots } from "../deliver/slots.ts";
import { expire, judge, type Outcome } from "../deliver/outcome.ts";
import type { Transaction } from "../deliver/smtp/transaction.ts";
import { barrier } from "../lib/barrier.ts";
import { reasonOf } from "../lib/log.ts";
import type { UsableRelay } from "../model/relay.ts";
import { recorder } from "../record/record.ts";
import { type Next, settlementOf } from "../record/settlement.ts";
import { type ClaimedDelivery, markContent, type Settlement } from "../store/delivery.ts";
import { nextAttempt } from "./backoff.ts";
import { claims } from "./claims.ts";
import { isLarge, preparer, type Ready, type Work } from "./prepare.ts";
import { relayBoard } from "./relay-board.ts";

/** SMTP sockets open at once in the whole deployment: the queue has one consumer (max_concurrency = 1). */
export const MAX_CONNECTIONS = 4;

/** Another connection is worth its handshake when this many deliveries wait. */
const WORK_PER_CONNECTION = 25;

/** No message is started after this: the platform may end an invocation 30 s after an update. */
const RUN_MS = 20_000;

/** …unless an attempt is slow and the run lives on anyway; others must not wait for it. */
const SLOW_RUN_MS = 90_000;

/** An attempt that takes longer must not hold the others. */
const SLOW_ATTEMPT_MS = 2_000;

/** How often a run that waits for a slow attempt looks for new work. */
const POLL_MS = 500;

/** Works through what is due in every lane; throws when D1 cannot be asked. */
export async function consume(app: App): Promise<void> {
  await barrier(app.config.faultPlan, "C6");
  const board = await relayBoard(app);
  const claimed = claims(app, board);
  const prepare = preparer(app);
  const record = recorder(app, (window) => claimed.settled(window.map((s) => s.delivery)));
  const startedAt = app.now();
  const sockets = slots(MAX_CONNECTIONS);
  const workers = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let attempting = 0;
  let slow = 0;

  const mayStart = () => app.now() - startedAt < (slow > 0 ? SLOW_RUN_MS : RUN_MS);

  /** The next delivery that can be composed, or null when the run is over for the worker that asks. */
  async function take(): Promise<Ready | null> {
    while (mayStart()) {
      const ready = await takeWaiting();
      if (ready) return ready;
      prepare.forget();
      const alone = attempting === 0;
      if ((await claimed.refill({ alone })) > 0) staff();
      else if (alone) return null;
      else await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return null;
  }

  /** The first of those that wait and can be composed. */
  async function takeWaiting(): Promise<Ready | null> {
    for (let work = claimed.next(); work; work = claimed.next()) {
      const tx = await transactionOf(work);
      if (tx) return { work, tx };
    }
    return null;
  }

  /** Starts workers for what waits; one whose attempt is slow does not count. */
  function staff(): void {
    const wanted = Math.max(1, Math.ceil(claimed.waiting() / WORK_PER_CONNECTION));
    while (workers.size - slow < wanted && workers.size < MAX_CONNECTIONS) {
      const worker: Promise<void> = work()
        .catch((error: unknown) => void failures.push(error))
        .finally(() => workers.delete(worker));
      workers.add(worker);
    }
  }

  async function work(): Promise<void> {
    const carrier = new Carrier(app, sockets);
    try {
      let ready = await take();
      while (ready) ready = (await attempt(carrier, ready)) ?? (await take());
    } finally {
      carrier.quit();
    }
  }

  /** Attempts one delivery; answers the one whose envelope was sent ahead, if there is one. */
  async function attempt(carrier: Carrier, ready: Ready): Promise<Ready | null> {
    const { relay } = board.route();
    if (!relay) {
      prepare.done(ready.work, null);
      claimed.giveBack(ready.work);
      carrier.quit();
      return null;
    }
    attempting += 1;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      slow += 1;
      staff();
    }, SLOW_ATTEMPT_MS);
    try {
      return await speak(carrier, relay, ready);
    } catch (error) {
      // Not what a peer or a network did: the lease is left to expire, so that it ends up held.
      logFailure("attempt_failed", ready.work.delivery, error);
      claimed.abandon(ready.work.delivery);
      carrier.quit();
      return null;
    } finally {
      clearTimeout(timer);
      prepare.done(ready.work, claimed.peek()?.message.id ?? null);
      if (late) slow -= 1;
      attempting -= 1;
    }
  }

  async function speak(carrier: Carrier, relay: UsableRelay, ready: Ready): Promise<Ready | null> {
    let ahead = mayLookAhead(relay) ? await takeWaiting() : null;
    const giveAheadBack = () => {
      if (ahead) claimed.putBack(ahead.work);
      ahead = null;
    };
    const carrying = carrier.carry(relay, ready.tx, {
      next: () => ahead?.tx ?? (claimed.drained() ? "quit" : undefined),
      onSlow() {
        giveAheadBack();
        staff();
      },
    });
    const ending = await carrying.catch((error: unknown) => {
      // What failed is this delivery; its neighbour was not begun.
      giveAheadBack();
      throw error;
    });
    if (ending.kind === "unusable") {
      board.failed(relay, ending.reason);
      const other = board.after(relay);
      if (other) {
        giveAheadBack();
        return speak(carrier, other, ready);
      }
    } else board.works(relay);
    record.add(settle(ready.work, relay, judge(ending, { relay: relay.login.host })));
    return ahead;
  }

  /** A relay in doubt gets one message at a time, and so does the isolate when they are large. */
  function mayLookAhead(relay: UsableRelay): boolean {
    const next = claimed.peek();
    return relay.health === null && next !== null && !isLarge(next);
  }

  /** The transaction of a delivery. One that cannot be made keeps its lease, so that it ends up held. */
  async function transactionOf(work: Work): Promise<Transaction | null> {
    try {
      const tx = await prepare.transaction(work);
      if (!tx) throw new Error("the content is not kept any more");
      const hold = work.message.onAmbiguous === "hold";
      return { ...tx, beforeContent: () => beforeContent(work.delivery, hold) };
    } catch (error) {
      logFailure("compose_failed", work.delivery, error);
      claimed.abandon(work.delivery);
      prepare.done(work, null);
      return null;
    }
  }

  async function beforeContent(delivery: ClaimedDelivery, hold: boolean): Promise<void> {
    if (hold && !(await markContent(app.db, delivery))) throw new Error("the lease was lost");
    await barrier(app.config.faultPlan, "C8");
  }

  function settle(work: Work, relay: UsableRelay, outcome: Outcome): Settlement {
    const { delivery, message } = work;
    const now = app.now();
    const host = relay.login.host;
    const attempted = { delivery, message, relay: host, outcome, now, newId: app.newId };
    return settlementOf(attempted, () => afterDeferral(app, work, outcome, now));
  }

  function logFailure(event: string, delivery: ClaimedDelivery, error: unknown): void {
    const { messageId: message, position } = delivery;
    app.log("error", event, { message, position, reason: reasonOf(error) });
  }

  staff();
  while (workers.size > 0) await Promise.race(workers);
  await record.drain();
  await claimed.close();
  if (failures.length > 0) throw failures[0];
}

/** What follows an attempt that settled nothing. */
function afterDeferral(app: App, work: Work, outcome: Outcome, now: number): Next {
  const { delivery, message } = work;
  if (outcome.result === "unknown" && message.onAmbiguous === "hold") return { kind: "hold" };
  const next = nextAttempt({
    attempts: delivery.attempts + 1,
    acceptedAt: message.createdAt,
    now,
    random: app.random(),
  });
  if (next !== "give-up") return { kind: "retry", at: next.at };
  const { code, text } = expire(outcome);
  return { kind: "expired", code, text };
}
