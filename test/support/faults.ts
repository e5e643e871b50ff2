// Faults that tests inject: a D1 that counts every call and breaks those a plan names, before or after
// they are committed, and queues that lose, repeat or refuse wake-ups. What is not a fault reaches the
// real binding.
import type { Job } from "../../src/model/job.ts";

/** One round trip to D1. */
export type D1Call = {
  /** From 1, since the proxy was made or reset. */
  readonly n: number;
  readonly kind: "all" | "batch" | "run";
  /** The SQL of every statement of the round trip, one after the other. */
  readonly sql: string;
};

/** What breaks: the calls that `on` names, at most `times` of them (default: all). */
export type D1Fault = {
  readonly on: (call: D1Call) => boolean;
  /** `before`: nothing was done. `after`: all was committed, and nobody was told. */
  readonly mode: "before" | "after" | { readonly delayMs: number };
  readonly times?: number;
};

/** A D1 binding with eyes and faults. */
export type FaultyD1 = {
  readonly db: D1Database;
  /** Calls since the last reset, in the order they were made. */
  readonly calls: () => readonly D1Call[];
  /** Rows written since the last reset, as D1 bills them. */
  readonly rowsWritten: () => number;
  /** Rows read since the last reset, as D1 bills them. */
  readonly rowsRead: () => number;
  /** How many calls were broken or delayed since the plan was set. */
  readonly broken: () => number;
  /** Replaces the plan; null ends the faults. */
  readonly plan: (fault: D1Fault | null) => void;
  readonly reset: () => void;
};

/** Wraps a D1 binding. Only the methods that the product uses are known. */
export function faultyD1(real: D1Database): FaultyD1 {
  const statements = new WeakMap<D1PreparedStatement, { real: D1PreparedStatement; sql: string }>();
  let calls: D1Call[] = [];
  let rowsWritten = 0;
  let rowsRead = 0;
  let fault: D1Fault | null = null;
  let broken = 0;

  async function call<T extends readonly D1Result[]>(
    kind: D1Call["kind"],
    sql: string,
    run: () => Promise<T>,
  ): Promise<T> {
    const made = { n: calls.length + 1, kind, sql };
    calls.push(made);
    const hit = fault !== null && broken < (fault.times ?? Infinity) && fault.on(made);
    const mode = hit ? fault?.mode : undefined;
    if (hit) broken += 1;
    if (mode === "before") throw new Error("D1_ERROR: injected before the call");
    if (typeof mode === "object") await new Promise((resolve) => setTimeout(resolve, mode.delayMs));
    const results = await run();
    for (const { meta } of results) {
      rowsWritten += meta.rows_written;
      rowsRead += meta.rows_read;
    }
    if (mode === "after") throw new Error("D1_ERROR: injected after the commit");
    return results;
  }

  async function one<T>(kind: "all" | "run", sql: string, run: () => Promise<D1Result<T>>) {
    const results = await call(kind, sql, async () => [await run()] as const);
    return results[0];
  }

  function wrap(statement: D1PreparedStatement, sql: string): D1PreparedStatement {
    const wrapped = new Proxy(statement, {
      get(target, name) {
        switch (name) {
          case "bind":
            return (...values: unknown[]) => wrap(target.bind(...values), sql);
          case "all":
            return () => one("all", sql, () => target.all());
          case "run":
            return () => one("run", sql, () => target.run());
          default:
            throw new Error(`the D1 proxy does not know statement.${String(name)}`);
        }
      },
    });
    statements.set(wrapped, { real: statement, sql });
    return wrapped;
  }

  async function batch(list: D1PreparedStatement[]): Promise<D1Result[]> {
    const known = list.map((statement) => statements.get(statement));
    const sql = known.map((statement) => statement?.sql ?? "").join(";\n");
    return call("batch", sql, () =>
      real.batch(known.flatMap((statement) => (statement ? [statement.real] : []))),
    );
  }

  const db = new Proxy(real, {
    get(target, name) {
      switch (name) {
        case "prepare":
          return (sql: string) => wrap(target.prepare(sql), sql);
        case "batch":
          return batch;
        default:
          throw new Error(`the D1 proxy does not know db.${String(name)}`);
      }
    },
  });

  return {
    db,
    calls: () => calls,
    rowsWritten: () => rowsWritten,
    rowsRead: () => rowsRead,
    broken: () => broken,
    plan(next) {
      fault = next;
      broken = 0;
    },
    reset() {
      calls = [];
      rowsWritten = 0;
      rowsRead = 0;
    },
  };
}

/** What a queue does with each message. */
export type QueueMode = "deliver" | "throw" | "lose" | "twice" | "five at once";

/** A queue whose consumer is a function of the test, called before `send` resolves. */
export type FaultyQueue = {
  readonly queue: Queue<Job>;
  /** Every message that was handed over, lost and refused ones included. */
  readonly sent: () => readonly { readonly job: Job; readonly delaySeconds: number }[];
};

/** A queue that misbehaves in one way; `mode` is asked for every message. */
export function faultyQueue(mode: () => QueueMode, consume: () => Promise<void>): FaultyQueue {
  const sent: { job: Job; delaySeconds: number }[] = [];
  const unknown = (): Promise<never> => Promise.reject(new Error("not a method the product uses"));

  async function send(job: Job, options?: QueueSendOptions): Promise<QueueSendResponse> {
    sent.push({ job, delaySeconds: options?.delaySeconds ?? 0 });
    switch (mode()) {
      case "throw":
        throw new Error("Queue send failed: injected");
      case "lose":
        break;
      case "deliver":
        await consume();
        break;
      case "twice":
        await consume();
        await consume();
        break;
      case "five at once":
        await Promise.all(Array.from({ length: 5 }, consume));
        break;
    }
    return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
  }

  return { queue: { send, sendBatch: unknown, metrics: unknown }, sent: () => sent };
}
