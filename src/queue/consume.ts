// The conductor of the queue: claim → compose → deliver → record, until nothing is due. One run serves
// the lanes that it was woken for, which have a queue each. Its parts: claims.ts, prepare.ts, attempt.ts, crew.ts.
import type { App } from "../app.ts";
import { slots } from "../deliver/slots.ts";
import { barrier } from "../lib/barrier.ts";
import { MAIL_CLASSES, type MailClass } from "../model/message.ts";
import { recorder } from "../record/record.ts";
import { deliveryWorker, type Desk, nextReady } from "./attempt.ts";
import { claims } from "./claims.ts";
import { MAX_WORKERS, workThrough } from "./crew.ts";
import { gate } from "./gate.ts";
import { preparer } from "./prepare.ts";
import { relayBoard } from "./relay-board.ts";

/** SMTP sockets open at once: one a worker. */
const MAX_SOCKETS = MAX_WORKERS;

/** A relay answers QUIT and closes in less; a socket that never connected is nobody's connection. */
const CLOSE_WAIT_MS = 2_000;

/** Works through what is due in these lanes, transactional mail first; throws when D1 cannot be asked. */
export async function consume(app: App, lanes: readonly MailClass[] = MAIL_CLASSES): Promise<void> {
  if (app.config.deliveryHold) return;
  await barrier(app.config.faultPlan, "C6");
  const board = await relayBoard(app);
  const claimed = claims(
    app,
    board,
    MAIL_CLASSES.filter((lane) => lanes.includes(lane)),
  );
  const prepare = preparer(app);
  const record = recorder(app, (window) => claimed.settled(window.map((s) => s.delivery)));
  const paced = gate(app, board.throttles);
  const desk: Desk = { app, board, claimed, paced, prepare, record, sockets: slots(MAX_SOCKETS) };
  try {
    await workThrough({
      now: app.now,
      waiting: claimed.waiting,
      next: () => nextReady(desk, null),
      refill(options) {
        prepare.forget();
        return claimed.refill(options);
      },
      hire: () => deliveryWorker(desk),
    });
  } finally {
    await record.drain();
    await claimed.close();
    await paced.close();
    // The next run counts its own sockets: to the relay they must not stand beside ours.
    await desk.sockets.idle(CLOSE_WAIT_MS);
  }
}
