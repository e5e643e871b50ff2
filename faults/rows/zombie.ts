// F04: a Worker that sleeps for longer than its leases last, and then goes on as if nothing had been.
import { within } from "../../test/node/faults/ledger.ts";
import { sendAll, wishes } from "../client.ts";
import type { Row } from "../row.ts";
import { scene } from "../scene.ts";

/** Longer than a lease, 30 s. */
const SLEEP_MS = 33_000;

/** A relay so slow that the sleep finds messages on their way. */
const SLOW = { rules: [{ at: "dot", do: { reply: "250 2.0.0 Ok", delay: 1_500 } }] } as const;

const RECIPIENTS = { quick: 20, full: 200 } as const;

export const zombie: Row = {
  id: "F04",
  fault: "the Worker is stopped for longer than a lease, then goes on",
  run: (stand) =>
    scene(stand, { script: SLOW }, async (world) => {
      const count = stand.quick ? RECIPIENTS.quick : RECIPIENTS.full;
      const sent = await sendAll(world, wishes("zombie", count), 0);
      await within(20_000, () => world.peer.log().messages.length > 1);
      stand.tell(`stopped for ${SLEEP_MS / 1_000} s`);
      await world.freeze(SLEEP_MS);
      // Others would take what it holds: the sweeper comes at once, several times.
      await Promise.all([world.sweep(), world.sweep(), world.sweep()]);
      world.peer.setRules([]);
      return { sent };
    }),
};
