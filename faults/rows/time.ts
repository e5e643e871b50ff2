// F21 to F25: cron that does not come or comes five times, clocks that are wrong, the purge, the quota.
import { within } from "../../test/node/faults/ledger.ts";
import type { World } from "../../test/node/faults/world.ts";
import * as z from "zod";
import { sendAll, type Sent, wishes } from "../client.ts";
import { all, clock, queues } from "../edits.ts";
import type { Row, Stand } from "../row.ts";
import { isIdle, scene, timePasses, unless } from "../scene.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Nobody is told that there is work. */
const UNTOLD = queues({ kind: "drop", share: 1 });

/** Ends that, so that cron can tell. */
async function listen(stand: Stand, world: World): Promise<void> {
  world.become(stand.planted);
  await world.kill();
  await world.restart();
}

const RECIPIENTS = { quick: 50, full: 500 } as const;

function sendSome(stand: Stand, world: World, prefix: string): Promise<readonly Sent[]> {
  const count = stand.quick ? RECIPIENTS.quick : RECIPIENTS.full;
  return sendAll(world, wishes(prefix, count), 5);
}

export const cronMissed: Row = {
  id: "F21",
  fault: "cron does not come for two days (simulated), and no wake-up either",
  run: (stand) =>
    scene(stand, { edit: UNTOLD }, async (world) => {
      const sent = await sendSome(stand, world, "missed");
      await listen(stand, world);
      await timePasses(world, 2 * DAY_MS);
      await world.sweep();
      const recipients = sent.reduce((sum, { to }) => sum + to.length, 0);
      const came = await within(60_000, () => world.peer.log().messages.length >= recipients);
      return { sent, breaches: unless(came, "one sweep did not start all that was due") };
    }),
};

export const cronTwice: Row = {
  id: "F22",
  fault: "cron comes five times at once",
  run: (stand) =>
    scene(
      stand,
      { edit: UNTOLD },
      async (world) => {
        const sent = await sendSome(stand, world, "twice");
        await listen(stand, world);
        await Promise.all(Array.from({ length: 5 }, () => world.sweep()));
        return { sent };
      },
      async (world) => {
        const { messages } = world.peer.log();
        const recipients = new Set(messages.map(({ to }) => to.join()));
        return unless(messages.length === recipients.size, "second copies although nothing failed");
      },
    ),
};

/** How wrong the Worker's clock is, one start after the other. */
const SKEWS = [5 / 60, -5 / 60, 24, -1, 0] as const;

const countRow = z.object({ n: z.number() });

export const skew: Row = {
  id: "F23",
  fault: "the Worker's clock jumps: 5 minutes both ways, a day ahead, an hour back",
  run: (stand) =>
    scene(
      stand,
      { mends: true },
      async (world) => {
        const sent: Sent[] = [];
        for (const [index, hours] of SKEWS.entries()) {
          world.become(all(stand.planted, clock(hours * HOUR_MS)));
          await world.kill();
          await world.restart();
          await world.leasesRunOut();
          sent.push(...(await sendAll(world, wishes(`skew-${index}`, stand.quick ? 10 : 100), 10)));
          await world.sweep();
          const wanted = sent.reduce((sum, { to }) => sum + to.length, 0);
          // What a clock that was ahead dated would wait for that day.
          await within(60_000, () => world.peer.log().messages.length >= wanted);
        }
        return { sent, kills: SKEWS.length };
      },
      async (world) => {
        const [kept] = await world.sql(countRow, "select count(*) as n from contents");
        const [messages] = await world.sql(countRow, "select count(*) as n from messages");
        return unless(kept?.n === messages?.n, "content was purged early");
      },
    ),
};

/** decision 20: what is kept, unless the account says otherwise. */
const RETENTION_MS = 60 * DAY_MS;

const MESSAGES = { quick: 40, full: 5_000 } as const;

/** The purge works in pieces, so cron comes until nothing changes. */
const SWEEPS = 30;

export const purge: Row = {
  id: "F24",
  fault: "the purge is killed half-way, at the very hour that mail becomes 60 days old",
  run: (stand) =>
    scene(stand, { mends: true }, async (world) => {
      const count = stand.quick ? MESSAGES.quick : MESSAGES.full;
      const old = await sendAll(world, wishes("old", count), 2);
      const recipients = old.reduce((sum, { to }) => sum + to.length, 0);
      await within(120_000, () => world.peer.log().messages.length >= recipients);
      // What has no end yet would be sent again, and be younger than the others.
      await within(60_000, () => isIdle(world));
      const breaches: string[] = [];
      const at = async (ms: number): Promise<void> => {
        world.become(all(stand.planted, clock(ms)));
        await world.kill();
        await world.restart();
      };
      const left = async (): Promise<number> => {
        const sql = "select count(*) as n from messages where id <= ?1";
        return (
          (
            await world.sql(
              countRow,
              sql,
              old
                .map(({ ids }) => ids[0] ?? "")
                .sort()
                .at(-1) ?? "",
            )
          )[0]?.n ?? 0
        );
      };
      // Not a minute too early: the youngest of them lacks half an hour.
      await at(RETENTION_MS - HOUR_MS / 2);
      const young = await sendAll(world, wishes("young", 10), 5);
      for (let n = 0; n < 3; n++) await world.sweep();
      const early = old.length - (await left());
      breaches.push(...unless(early === 0, `${early} messages were purged too early`));
      await at(RETENTION_MS + HOUR_MS / 2);
      const sweeping = world.sweep().catch(() => undefined);
      await world.kill();
      await sweeping;
      await world.restart();
      for (let n = 0; n < SWEEPS && (await left()) > 0; n++) await world.sweep();
      const late = await left();
      breaches.push(...unless(late === 0, `${late} messages are left after 60 days`));
      return {
        sent: young,
        gone: old.flatMap(({ ids }) => ids),
        n: `${old.length} messages to purge, ${young.length} to keep`,
        breaches,
        kills: 3,
      };
    }),
};

const BURST = 40;

export const quotaKilled: Row = {
  id: "F25",
  fault: "the quota's object is killed in a burst, three times",
  run: (stand) =>
    scene(stand, {}, async (world) => {
      await world.sql(z.unknown(), "update keys set per_second = 1, burst = ?1", BURST);
      // Nobody remembers the key without its limits.
      await world.kill();
      await world.restart();
      const began = Date.now();
      const email = {
        from: "sender@edgepost.test",
        subject: "Burst",
        text: "Burst",
        recipients: { to: [{ email: "burst@example.com" }] },
      };
      let answered = 0;
      const send = async (): Promise<void> => {
        await world.send({ email });
        answered += 1;
      };
      for (const first of [5, 10, 30]) {
        answered = 0;
        const burst = Array.from({ length: BURST }, send);
        await within(10_000, () => answered >= first);
        await world.kill();
        await Promise.all(burst);
        await world.restart();
      }
      await Promise.all(Array.from({ length: BURST }, send));
      const allowed = BURST + (Date.now() - began) / 1_000;
      const [accepted] = await world.sql(countRow, "select count(*) as n from deliveries");
      const count = accepted?.n ?? 0;
      await world.leasesRunOut();
      return {
        sent: [],
        n: `${4 * BURST} sends, 4 kills`,
        figures: `${count} accepted, ${Math.floor(allowed)} allowed`,
        breaches: unless(count <= allowed && count > 0, `${count} accepted, ${allowed} allowed`),
        kills: 4,
      };
    }),
};
