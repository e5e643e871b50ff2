// A client that wants its mail accepted: asks until it is answered, and once more, as one that was cut off would.
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import type { World } from "../test/node/faults/world.ts";

const ASK_AGAIN_MS = 200;

/** Longer than any row keeps the Worker from answering. */
const PATIENCE_MS = 180_000;

/** What a client holds in the end. */
export type Sent = {
  readonly key: string;
  readonly to: readonly string[];
  readonly hold: boolean;
  /** The id of every 200 that it saw for its key. */
  readonly ids: readonly string[];
};

/** What is to be sent. */
export type Wish = {
  /** Its Idempotency-Key. */
  readonly key: string;
  readonly to: readonly string[];
  readonly hold?: boolean;
  readonly subject?: string;
  /** By another API key than the world's own. */
  readonly apiKey?: string;
};

const createdKey = z.object({ data: z.object({ id: z.string(), key: z.string() }) });

/** A new API key that may send. */
export async function newKey(
  world: World,
  name: string,
  mailClass?: "marketing",
): Promise<{ readonly id: string; readonly key: string }> {
  const about = { name, scopes: ["send"], ...(mailClass ? { mailClass } : {}) };
  return (await world.create(createdKey, "/v1/keys", about)).data;
}

/** Sends once, as many times as it takes, and once more with the answer in hand. */
export async function sendFor(world: World, wish: Wish): Promise<Sent> {
  const { key, to, hold = false } = wish;
  const first = await persist(world, wish);
  const second = await persist(world, wish);
  return { key, to, hold, ids: [first, second] };
}

/** A promise that somebody waits for later: until then its failure is nobody's. */
export function heard<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** Sends many at the same pace, `everyMs` apart; `tell` hears of each answer. */
export function sendAll(
  world: World,
  wishes: readonly Wish[],
  everyMs: number,
  tell: () => void = () => undefined,
): Promise<readonly Sent[]> {
  return heard(
    Promise.all(
      wishes.map(async (wish, index) => {
        await sleep(index * everyMs);
        const sent = await sendFor(world, wish);
        tell();
        return sent;
      }),
    ),
  );
}

/** Wishes of one to five recipients each, until there are `recipients` of them. Pure. */
export function wishes(
  prefix: string,
  recipients: number,
  shape: (index: number, to: readonly string[]) => Partial<Wish> = () => ({}),
): readonly Wish[] {
  const made: Wish[] = [];
  let left = recipients;
  for (let index = 0; left > 0; index++) {
    const count = Math.min(left, (index % 5) + 1);
    const to = Array.from({ length: count }, (_, n) => `${prefix}-${index}-${n}@example.com`);
    made.push({ key: `${prefix}-${index}`, to, ...shape(index, to) });
    left -= count;
  }
  return made;
}

async function persist(world: World, wish: Wish): Promise<string> {
  const { key, to, hold, subject = `Mail ${key}`, apiKey } = wish;
  const email = {
    from: "sender@edgepost.test",
    subject,
    text: "Hold on to your hat.",
    recipients: { to: to.map((address) => ({ email: address })) },
  };
  const body = { email, onAmbiguous: hold ? "hold" : "retry" };
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline) {
    const answer = await world.send(body, key, apiKey);
    if (answer?.status === 200 && answer.id !== null) return answer.id;
    if (answer && answer.status < 500 && answer.status !== 429) {
      throw new Error(`a send was answered ${answer.status}`);
    }
    await sleep(ASK_AGAIN_MS);
  }
  throw new Error(`the client of ${key} never got its answer:\n${world.output}`);
}
