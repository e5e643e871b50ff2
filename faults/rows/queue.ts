// F05 to F08: queues that repeat, lose and refuse wake-ups, and mail that nobody can compose.
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { within } from "../../test/node/faults/ledger.ts";
import type { World } from "../../test/node/faults/world.ts";
import { sendAll, type Sent, wishes } from "../client.ts";
import { type QueueFault, queues } from "../edits.ts";
import type { Row, Stand } from "../row.ts";
import { isIdle, scene, unless } from "../scene.ts";

const RECIPIENTS = { quick: 60, full: 2_000 } as const;

function sendSome(stand: Stand, world: World, prefix: string): Promise<readonly Sent[]> {
  const count = stand.quick ? RECIPIENTS.quick : RECIPIENTS.full;
  return sendAll(world, wishes(prefix, count), 10);
}

/** A queue that fails until all was sent, and then works again; nothing is killed, so no second copy is allowed. */
function row(id: string, fault: string, queueFault: QueueFault): Row {
  return {
    id,
    fault,
    run: (stand) =>
      scene(
        stand,
        { edit: queues(queueFault), mends: true },
        async (world) => {
          const sent = await sendSome(stand, world, id.toLowerCase());
          await within(SETTLE_MS, () => isQuiet(world));
          return { sent };
        },
        async (world) => {
          const copies = world.peer.log().messages.length;
          const recipients = new Set(world.peer.log().messages.map(({ to }) => to.join()));
          return unless(copies === recipients.size, "second copies although nothing was killed");
        },
      ),
  };
}

/** What the queue lets through is delivered within this, before the Worker is mended by a new start; the rest waits. */
const SETTLE_MS = 120_000;

async function isQuiet(world: World): Promise<boolean> {
  const before = world.peer.log().messages.length;
  await sleep(500);
  return world.peer.log().messages.length === before;
}

export const queueRepeats = row("F05", "each wake-up is handed over five times", {
  kind: "repeat",
  times: 5,
});
export const queueLoses = row("F06", "a fifth of the wake-ups is lost", {
  kind: "drop",
  share: 0.2,
});
export const queueLosesAll = row("F06a", "every wake-up is lost for a while: cron finds the work", {
  kind: "drop",
  share: 1,
});
export const queueThrows = row("F07", "every hand-over to a queue throws", {
  kind: "throw",
  share: 1,
});

/** What cannot be composed keeps its lease until that ends; after so many it is held, for a person to see. */
const LEASES_LOST = 8;

/** One in so many messages. */
const POISON_EVERY = 10;

const stateRow = z.object({ state: z.string() });

export const poison: Row = {
  id: "F08",
  fault: "the content of some messages cannot be read",
  run: (stand) =>
    scene(
      stand,
      // Nothing leaves before some of it is spoilt.
      { edit: queues({ kind: "drop", share: 1 }) },
      async (world) => {
        const sent = await sendSome(stand, world, "poison");
        const bad = sent.filter((_, index) => index % POISON_EVERY === 0).map(({ ids }) => ids[0]);
        for (const id of bad) {
          const sql = "update contents set head = '{' where message_id = ?1";
          await world.sql(z.unknown(), sql, id ?? "");
        }
        world.become(stand.planted);
        await world.kill();
        await world.restart();
        await world.sweep();
        const good = sent.filter((_, index) => index % POISON_EVERY !== 0);
        const wanted = good.reduce((sum, { to }) => sum + to.length, 0);
        const came = await within(30_000, () => world.peer.log().messages.length >= wanted);
        for (let n = 0; n < LEASES_LOST && !(await isIdle(world)); n++) {
          await world.sql(
            z.unknown(),
            "update deliveries set lease_until = 0 where lease_id is not null",
          );
          await world.sweep();
          await within(2_000, () => isIdle(world));
        }
        return {
          sent,
          n: `${sent.length} messages, ${bad.length} of them unreadable`,
          breaches: unless(came, "good mail waited for bad mail"),
        };
      },
      async (world) => {
        const sql = `select distinct d.state from deliveries d join contents c on c.message_id = d.message_id
          where c.head = '{'`;
        const states = (await world.sql(stateRow, sql)).map(({ state }) => state);
        return unless(
          states.length > 0 && states.every((state) => state !== "delivered"),
          `unreadable mail ended as ${states.join(", ") || "nothing"}`,
        );
      },
    ),
};
