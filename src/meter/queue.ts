// Queues with their operations counted: each message is written, read and deleted.
import type { Meter } from "./meter.ts";

/** An operation is billed for each 64 KB begun of a message. */
const OPERATION_BYTES = 64 * 1024;

/** A queue whose writes are counted. */
export function meteredQueue<T>(real: Queue<T>, meter: Meter): Queue<T> {
  return {
    send(body, options) {
      meter.count("queue_operations", operationsOf(body));
      return real.send(body, options);
    },
    sendBatch(messages, options) {
      const all = [...messages];
      for (const { body } of all) meter.count("queue_operations", operationsOf(body));
      return real.sendBatch(all, options);
    },
    metrics: () => real.metrics(),
  };
}

/** Counts messages that came: their reads, and their deletions when they are handled. */
export function countReceived(meter: Meter, messages: readonly { readonly body: unknown }[]): void {
  for (const { body } of messages) meter.count("queue_operations", 2 * operationsOf(body));
}

function operationsOf(body: unknown): number {
  const text = JSON.stringify(body);
  // A UTF-16 unit is at most three bytes: only what may be more than one operation is measured.
  if (text.length * 3 <= OPERATION_BYTES) return 1;
  return Math.ceil(new TextEncoder().encode(text).length / OPERATION_BYTES);
}
