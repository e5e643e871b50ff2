// F14 to F17: relays that take some recipients and not others, answer late, and are away.
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { within } from "../../test/node/faults/ledger.ts";
import type { World } from "../../test/node/faults/world.ts";
import type { SmtpScript } from "../../test/peers/script.ts";
import { sendAll, type Wish, wishes } from "../client.ts";
import type { Row, Stand } from "../row.ts";
import { scene, timePasses, unless, waitsPass } from "../scene.ts";

const stateRow = z.object({ recipient: z.string(), state: z.string() });

function states(world: World): Promise<readonly z.infer<typeof stateRow>[]> {
  return world.sql(stateRow, "select recipient, state from deliveries");
}

const SETS = { quick: 8, full: 60 } as const;

/** Of five recipients one is unknown, one is full at first, one is refused at the dot at first. */
const MIXED: SmtpScript = {
  rules: [
    { at: "rcpt", match: "gone-", do: { reply: "550 5.1.1 User unknown" } },
    { at: "rcpt", match: "full-", times: 8, do: { reply: "452 4.2.2 Mailbox full" } },
    { at: "dot", match: "late-", times: 8, do: { reply: "451 4.3.0 Try again" } },
  ],
};

export const partial: Row = {
  id: "F14",
  fault: "of a message's recipients some are unknown, some full, some refused at the dot",
  run: (stand) =>
    scene(
      stand,
      { script: MIXED, refuses: true },
      async (world) => {
        const sets = stand.quick ? SETS.quick : SETS.full;
        const wanted = Array.from({ length: sets }, (_, n): Wish => {
          const to = ["good", "gone", "full", "late", "fine"].map(
            (kind) => `${kind}-${n}@example.com`,
          );
          return { key: `mixed-${n}`, to };
        });
        const sent = await sendAll(world, wanted, 10);
        await waitsPass(world, HOUR_MS / 4);
        return { sent };
      },
      async (world) => {
        const wrong = (await states(world)).filter(({ recipient, state }) => {
          return state !== (recipient.startsWith("gone-") ? "bounced" : "delivered");
        });
        return unless(
          wrong.length === 0,
          `${wrong.length} recipients in a state that is not theirs`,
        );
      },
    ),
};

const HOUR_MS = 3_600_000;

const LATE_MS = { quick: 5_000, full: 30_000 } as const;

export const lateDots: Row = {
  id: "F15",
  fault: "the relay answers the dot late, or breaks the connection after its 250",
  run: (stand) => {
    const delay = stand.quick ? LATE_MS.quick : LATE_MS.full;
    const script: SmtpScript = {
      rules: [
        { at: "dot", match: "-0-", do: { reply: "250 2.0.0 Ok", delay } },
        { at: "dot", match: "-2-", do: { reply: "250 2.0.0 Ok", after: "rst" } },
      ],
    };
    return scene(stand, { script }, async (world) => {
      const sent = await sendAll(world, wishes("late", 20), 10);
      await within(delay * 2, () => world.peer.log().messages.length >= 20);
      await waitsPass(world, HOUR_MS / 4);
      return { sent };
    });
  },
};

/** What a connection gets that nobody serves. */
const AWAY = { rules: [{ at: "connect", do: { drop: "rst" } }] } as const satisfies SmtpScript;

const RECIPIENTS = { quick: 60, full: 2_000 } as const;

export const relayAway: Row = {
  id: "F16",
  fault: "the only relay is away for an hour (simulated)",
  run: (stand) =>
    scene(
      stand,
      { script: AWAY },
      async (world) => {
        const sent = await away(stand, world, { ms: HOUR_MS, stepMs: HOUR_MS / 12 });
        world.peer.setRules([]);
        await waitsPass(world, HOUR_MS / 4);
        const { maxConnections } = world.peer.log();
        return { sent, figures: `at most ${maxConnections} connections at once` };
      },
      async (world) => {
        const wrong = (await states(world)).filter(({ state }) => state !== "delivered");
        const most = world.peer.log().maxConnections;
        return [
          ...unless(wrong.length === 0, `${wrong.length} were not delivered when it came back`),
          ...unless(most <= MAX_CONNECTIONS, `${most} connections at once`),
        ];
      },
    ),
};

/** Of a pool to a group of recipient domains, unless somebody set it. */
const MAX_CONNECTIONS = 4;

const eventRow = z.object({ n: z.number() });

export const relayGone: Row = {
  id: "F17",
  fault: "the only relay is away for four days (simulated)",
  run: (stand) =>
    scene(
      stand,
      { script: AWAY },
      async (world) => {
        const sent = await away(stand, world, { ms: 96 * HOUR_MS, stepMs: 6 * HOUR_MS });
        await waitsPass(world, HOUR_MS);
        return { sent };
      },
      async (world) => {
        const all = await states(world);
        const wrong = all.filter(({ state }) => state !== "expired");
        const sql = `select count(*) as n from event_log, json_each(events) e where e.value ->> 'name' = 'bounce_all'`;
        const [ends] = await world.sql(eventRow, sql);
        return [
          ...unless(wrong.length === 0, `${wrong.length} are not expired`),
          ...unless(ends?.n === all.length, `${ends?.n} final events of ${all.length} recipients`),
        ];
      },
    ),
};

async function away(
  stand: Stand,
  world: World,
  { ms, stepMs }: { readonly ms: number; readonly stepMs: number },
) {
  const count = stand.quick ? RECIPIENTS.quick : RECIPIENTS.full;
  const sent = await sendAll(world, wishes("away", count), 5);
  for (let passed = 0; passed < ms; passed += stepMs) {
    await timePasses(world, stepMs);
    await world.sweep();
    await sleep(300);
  }
  return sent;
}
