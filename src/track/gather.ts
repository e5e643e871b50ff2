// Opens and clicks that come to one isolate at about the same time travel in one queue message: a message is
// billed three times, however little is in it.
import type { Fact } from "../model/fact.ts";

/** So long the first of them waits for others. */
const GATHER_MS = 250;

/** The request that waited was broken off: the next one sends what it left. */
const BROKEN_OFF_MS = GATHER_MS + 1_000;

/** Under the 64 KB that one operation is billed for. */
const MAX_MESSAGE_BYTES = 60_000;

/** What gathering needs of the world. */
export type GatherWorld = {
  readonly send: (facts: readonly Fact[]) => Promise<unknown>;
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<void>;
};

/**
 * Hands facts over together. The promise of the first one is kept when all that came meanwhile are sent; those
 * of the others at once: an invocation must not wait for another's work.
 */
export function gathering({ send, now, wait }: GatherWorld): (fact: Fact) => Promise<void> {
  let waiting: Fact[] = [];
  let since: number | null = null;
  return async (fact) => {
    waiting.push(fact);
    if (since !== null && now() - since < BROKEN_OFF_MS) return;
    since = now();
    await wait(GATHER_MS);
    const facts = waiting;
    waiting = [];
    since = null;
    const sent = await Promise.allSettled(packed(facts).map(send));
    const failure = sent.find(({ status }) => status === "rejected");
    if (failure?.status === "rejected") {
      throw new Error("opens and clicks could not be queued", { cause: failure.reason });
    }
  };
}

/** Facts in messages of bounded size, in order. */
function packed(facts: readonly Fact[]): readonly (readonly Fact[])[] {
  const messages: Fact[][] = [];
  let room = 0;
  for (const fact of facts) {
    const bytes = new TextEncoder().encode(JSON.stringify(fact)).length + ",".length;
    if (bytes > room) {
      messages.push([]);
      room = MAX_MESSAGE_BYTES;
    }
    messages.at(-1)?.push(fact);
    room -= bytes;
  }
  return messages;
}
