// F01: the Worker is killed again and again, at times that nobody chose, while it accepts and delivers. Leases run
// out in real time and cron comes each minute, as in production.
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import type { HttpScript, SmtpScript } from "../../test/peers/script.ts";
import { drain } from "../../test/node/faults/ledger.ts";
import { inWorld, type World } from "../../test/node/faults/world.ts";
import { judge } from "../account.ts";
import { newKey, sendAll, wishes } from "../client.ts";
import type { Outcome, Row, Stand } from "../row.ts";
import { unless } from "../scene.ts";

/** How much, and how often. */
export type Volume = {
  readonly recipients: number;
  readonly kills: number;
  /** Leases of the dead end at once and cron comes all the time: for a test that has no minutes. */
  readonly hurried?: true;
};

/** The design's volumes, for CI and for the full run. */
const QUICK: Volume = { recipients: 600, kills: 10 };
const FULL: Volume = { recipients: 10_000, kills: 100 };

/** The Worker lives at least so long, and at most so much longer. */
const LIFE_MS = 2_000;
const LIFE_SPREAD_MS = 4_000;
/** Its next start, about. */
const START_MS = 2_500;

/** Cron's own pace, and that of a test. */
const SWEEP_EVERY_MS = { real: 60_000, hurried: 500 } as const;

/** I13: cron, a lease, and some slack. */
const MAX_RECOVERY_S = 100;

/** A window of outcomes that is not committed, and the connections of a lane. */
const MAX_EXPLAINED_A_KILL = 50 + 4;
/** Of recipients, where there are at least so many for each kill. */
const MAX_EXPLAINED = 0.02;
const RECIPIENTS_A_KILL = 100;

/** A relay that takes its time, so that kills find messages on their way; and some bad addresses. */
export const RELAY: SmtpScript = {
  rules: [
    { at: "rcpt", match: "gone-", do: { reply: "550 5.1.1 User unknown" } },
    { at: "dot", do: { reply: "250 2.0.0 Ok: queued", delay: 60 } },
  ],
};

/** An endpoint that takes its time, so that kills find events half told. */
export const ENDPOINT: HttpScript = { replies: [{ delay: 50 }] };

export const killStorm: Row = {
  id: "F01",
  fault: "the Worker is killed again and again while it accepts and delivers",
  run(stand) {
    const volume = stand.quick ? QUICK : FULL;
    const setting = { script: RELAY, hook: ENDPOINT, edit: stand.planted };
    return inWorld(stand.ground, setting, (world) => storm(world, volume, stand.tell));
  },
};

/** Kills a world's Worker again and again, waits until its work is done, and judges what came of it. */
export async function storm(
  world: World,
  { recipients, kills, hurried }: Volume,
  tell: Stand["tell"] = () => undefined,
): Promise<Outcome> {
  const keys = await Promise.all(["a", "b", "c"].map((name) => newKey(world, name)));
  const wanted = wishes("rcpt", recipients, (index, to) => ({
    hold: index % 4 === 0,
    ...(index % 25 === 24 ? { to: [`gone-${index}@example.com`, ...to.slice(1)] } : {}),
    apiKey: keys[index % keys.length]?.key ?? "",
  }));
  const length = kills * (LIFE_MS + LIFE_SPREAD_MS / 2 + START_MS);
  let answered = 0;
  let done = 0;
  const cron = endless(hurried ? SWEEP_EVERY_MS.hurried : SWEEP_EVERY_MS.real, () => world.sweep());
  const progress = endless(10_000, async () =>
    tell(`${done} of ${kills} kills, ${answered} of ${wanted.length} sends answered`),
  );
  const sending = sendAll(world, wanted, length / wanted.length, () => (answered += 1));
  const interrupted: Interrupted[] = [];
  let restartedAt = 0;
  for (; done < kills; done++) {
    await sleep(LIFE_MS + Math.random() * LIFE_SPREAD_MS);
    await world.kill();
    const killedAt = Date.now();
    await world.restart();
    restartedAt = Date.now();
    interrupted.push({ killedAt, deliveries: await leased(world) });
    if (hurried) await world.leasesRunOut();
  }
  const sent = await sending;
  tell(`${kills} kills, all sends answered; waiting until leases ran out and cron came`);
  await workIsDone(world, restartedAt);
  await Promise.all([cron.stop(), progress.stop()]);
  await drain(world);

  const recovery = await recoveries(world, interrupted);
  const { account, breaches } = await judge(world, sent);
  const slowest = Math.max(0, ...recovery);
  const share = account.explained / account.accepted;
  return {
    n: `${account.accepted} recipients, ${kills} kills, ${recovery.length} deliveries interrupted`,
    figures: `${account.explained} explained second copies (${(share * 100).toFixed(1)} %), slowest recovery ${slowest.toFixed(0)} s`,
    breaches: [
      ...breaches,
      ...unless(
        slowest <= MAX_RECOVERY_S,
        `a delivery was picked up after ${slowest.toFixed(0)} s`,
      ),
      ...unless(
        account.explained <= kills * MAX_EXPLAINED_A_KILL,
        "more second copies than a kill can explain",
      ),
      ...unless(
        share <= MAX_EXPLAINED || recipients / kills < RECIPIENTS_A_KILL,
        "explained second copies are more than 2 %",
      ),
    ],
    account,
    kills,
    recovery,
  };
}

type Interrupted = { readonly killedAt: number; readonly deliveries: readonly string[] };

const nameRow = z.object({ name: z.string() });

/** The deliveries that the dead process had leased: those of the new one are not there yet, or a few. */
async function leased(world: World): Promise<readonly string[]> {
  const rows = await world.sql(
    nameRow,
    "select recipient || ' ' || message_id as name from deliveries where lease_id is not null",
  );
  return rows.map(({ name }) => name);
}

const attemptRow = z.object({ name: z.string(), at: z.number() });

/** Seconds from each kill to the next attempt of each delivery that it interrupted. */
async function recoveries(
  world: World,
  interrupted: readonly Interrupted[],
): Promise<readonly number[]> {
  const rows = await world.sql(
    attemptRow,
    `select recipient || ' ' || message_id as name, a.value ->> 'at' as at
     from deliveries, json_each(history) a order by at`,
  );
  const attempts = Map.groupBy(rows, ({ name }) => name);
  return interrupted.flatMap(({ killedAt, deliveries }) =>
    deliveries.flatMap((name) => {
      const next = attempts.get(name)?.find(({ at }) => at > killedAt);
      return next ? [(next.at - killedAt) / 1_000] : [];
    }),
  );
}

const countRow = z.object({ n: z.number() });

/** Waits until nothing is leased or due any more. */
async function workIsDone(world: World, since: number): Promise<void> {
  const sql =
    "select count(*) as n from deliveries where lease_id is not null or due_at is not null";
  while (Date.now() < since + 2 * MAX_RECOVERY_S * 1_000) {
    const [open] = await world.sql(countRow, sql);
    if (open?.n === 0) return;
    await sleep(500);
  }
}

/** Does something again and again until it is stopped; a Worker that is dead is asked again soon. */
function endless(
  everyMs: number,
  act: () => Promise<void>,
): { readonly stop: () => Promise<void> } {
  const stopping = new AbortController();
  const running = (async () => {
    while (!stopping.signal.aborted) {
      const worked = await act().then(
        () => true,
        () => false,
      );
      const pause = worked ? everyMs : 500;
      await sleep(pause, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
