// Changes of the Worker's code as it was built: clocks that are wrong, queues that lose, a D1 that fails. Nothing of
// this is in src/, so nothing of it can be switched on where mail is real.
import type { Edit } from "../test/node/faults/world.ts";

/** Several changes as one; null is none. */
export function all(...edits: readonly (Edit | null)[]): Edit {
  return (code) => edits.reduce((text, edit) => (edit === null ? text : edit(text)), code);
}

/**
 * Puts something in the place of a text, which has to be there once: an edit of nothing would prove nothing. Names that
 * the bundler numbered are left to a pattern.
 */
export function replaced(find: RegExp | string, put: string): Edit {
  return (code) => {
    const found =
      typeof find === "string" ? code.split(find).slice(1) : code.match(new RegExp(find, "g"));
    const count = found?.length ?? 0;
    if (count !== 1) throw new Error(`the Worker has this ${count} times, not once: ${find}`);
    return typeof find === "string" ? code.split(find).join(put) : code.replace(find, put);
  };
}

/** Runs something before the Worker's own code. */
function first(prefix: string): Edit {
  return (code) => `${prefix}\n${code}`;
}

/** A clock that is so many milliseconds ahead. */
export function clock(ms: number): Edit {
  return first(`{ const real = Date.now; Date.now = () => real() + (${ms}); }`);
}

/** What becomes of a message that is handed to a queue. */
export type QueueFault =
  | { readonly kind: "drop"; readonly share: number }
  | { readonly kind: "throw"; readonly share: number }
  | { readonly kind: "repeat"; readonly times: number };

const QUEUES = [
  "meteredQueue(env.TRACK_QUEUE, meter)",
  "meteredQueue(env.TRANSACTIONAL_QUEUE, meter)",
  "meteredQueue(env.MARKETING_QUEUE, meter)",
  "meteredQueue(env.WEBHOOK_QUEUE, meter)",
  "meteredQueue(env.JOB_QUEUE, meter)",
] as const;

/** Queues of wake-ups that lose, refuse or repeat; that of opens and clicks carries more, and is left alone. */
export function queues(fault: QueueFault): Edit {
  const wrapped = QUEUES.filter((queue) => !queue.includes("TRACK")).map((queue) =>
    replaced(queue, `faultyQueue(${queue})`),
  );
  return all(...wrapped, first(`const FAULT = ${JSON.stringify(fault)};\n${FAULTY_QUEUE}`));
}

const FAULTY_QUEUE = `
function faultyQueue(real) {
  const faulty = (name) => async (...sent) => {
    if (FAULT.kind === "repeat") {
      for (let n = 1; n < FAULT.times; n++) await real[name](...sent);
      return real[name](...sent);
    }
    if (Math.random() >= FAULT.share) return real[name](...sent);
    if (FAULT.kind === "throw") throw new Error("the queue is over its limit");
  };
  return { send: faulty("send"), sendBatch: faulty("sendBatch") };
}`;

/** Shares of D1's calls that fail before anything is done, and after it was committed. */
export type D1Fault = { readonly before: number; readonly after: number };

/** A D1 that fails, in its own words. */
export function d1(fault: D1Fault): Edit {
  const db = "meteredD1(env.DB, meter)";
  return all(
    replaced(db, "meteredD1(faultyD1(env.DB), meter)"),
    first(`const D1_FAULT = ${JSON.stringify(fault)};\n${FAULTY_D1}`),
  );
}

const FAULTY_D1 = `
function faultyD1(real) {
  const faulty = async (ask) => {
    const luck = Math.random();
    if (luck < D1_FAULT.before) throw new Error("D1_ERROR: D1 DB is overloaded. Requests queued for too long.");
    const answer = await ask();
    if (luck > 1 - D1_FAULT.after) throw new Error("D1_ERROR: Network connection lost.");
    return answer;
  };
  const statement = (own) => ({
    own,
    bind: (...values) => statement(own.bind(...values)),
    run: () => faulty(() => own.run()),
    all: () => faulty(() => own.all()),
    raw: (...options) => faulty(() => own.raw(...options)),
    first: (...column) => faulty(() => own.first(...column)),
  });
  return {
    prepare: (sql) => statement(real.prepare(sql)),
    batch: (statements) => faulty(() => real.batch(statements.map(({ own }) => own))),
    exec: (sql) => faulty(() => real.exec(sql)),
  };
}`;
