// How most rows are played: in a world of its own somebody sends and does harm, then the world is drained and judged.
import * as z from "zod";
import { drain, within } from "../test/node/faults/ledger.ts";
import { inWorld, type Setting, type World } from "../test/node/faults/world.ts";
import { judge } from "./account.ts";
import type { Sent } from "./client.ts";
import { all } from "./edits.ts";
import type { Outcome, Stand } from "./row.ts";

/** What happened in a scene, beside what the account tells. */
export type Played = {
  readonly sent: readonly Sent[];
  /** Messages that were to be purged: their copies are no phantoms. */
  readonly gone?: readonly string[];
  readonly n?: string;
  readonly figures?: string;
  readonly breaches?: readonly string[];
  readonly kills?: number;
};

/** What a scene needs beside what happens in it. */
export type Scenery = Setting & {
  /** What the relay did not say 2xx to is no copy. */
  readonly refuses?: boolean;
  /** After the harm is done the Worker is as it was built, and is started again. */
  readonly mends?: boolean;
};

/** Plays a scene; `after` looks at the drained world, and answers what is wrong with it. */
export function scene(
  stand: Stand,
  scenery: Scenery,
  play: (world: World) => Promise<Played>,
  after: (world: World) => Promise<readonly string[]> = () => Promise.resolve([]),
): Promise<Outcome> {
  const edit = all(stand.planted, scenery.edit ?? null);
  return inWorld(stand.ground, { ...scenery, edit }, async (world) => {
    const played = await play(world);
    if (scenery.mends) {
      world.become(stand.planted);
      await world.kill();
      await world.restart();
      await world.leasesRunOut();
    }
    await drain(world);
    const { account, breaches } = await judge(world, played.sent, { ...scenery, ...played });
    return {
      n: played.n ?? `${account.accepted} recipients`,
      figures: played.figures ?? "",
      breaches: [...breaches, ...(played.breaches ?? []), ...(await after(world))],
      account,
      kills: played.kills ?? 0,
      recovery: [],
    };
  });
}

/** Lets time pass for all that waits: what is due at a time is due so much sooner. Leases stay as they are. */
export async function timePasses(world: World, ms: number): Promise<void> {
  const moves = [
    "update deliveries set due_at = due_at - ?1, expires_at = expires_at - ?1 where due_at is not null",
    "update webhook_jobs set due_at = due_at - ?1 where due_at is not null",
    "update relay_health set aside_until = aside_until - ?1 where aside_until is not null",
  ];
  for (const sql of moves) await world.sql(z.unknown(), sql, ms);
}

const countRow = z.object({ n: z.number() });

/** How often time passes, at most: then something waits for ever. */
const MAX_STEPS = 40;

/** Whether every delivery has come to its end. */
export async function isIdle(world: World): Promise<boolean> {
  const sql =
    "select count(*) as n from deliveries where due_at is not null or lease_id is not null";
  return (await world.sql(countRow, sql))[0]?.n === 0;
}

/** Lets time pass in steps, with cron in each, until no delivery waits for its next try. */
export async function waitsPass(world: World, stepMs: number): Promise<void> {
  for (let n = 0; n < MAX_STEPS; n++) {
    if (await within(500, () => isIdle(world))) return;
    await timePasses(world, stepMs);
    await world.sweep();
  }
}

/** A breach when something is not so. Pure. */
export function unless(isSo: boolean, breach: string): readonly string[] {
  return isSo ? [] : [breach];
}
