// F09 to F11: a D1 that fails before and after what it was asked, one that is away, and clients that race.
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { heard, sendAll, sendFor, wishes } from "../client.ts";
import { all, d1 } from "../edits.ts";
import type { Row } from "../row.ts";
import { scene, unless } from "../scene.ts";

const RECIPIENTS = { quick: 200, full: 1_000 } as const;

export const d1Fails: Row = {
  id: "F09",
  fault: "one call to D1 in four fails, most of them after their commit",
  run: (stand) =>
    scene(stand, { mends: true }, async (world) => {
      world.become(all(stand.planted, d1({ before: 0.05, after: 0.2 })));
      await world.kill();
      await world.restart();
      const count = stand.quick ? RECIPIENTS.quick : RECIPIENTS.full;
      const sent = await sendAll(world, wishes("d1", count), 20);
      // Whatever the consumer does next fails now and then, too.
      for (let n = 0; n < 3; n++) {
        await world.sweep().catch(() => undefined);
        await sleep(1_000);
      }
      return { sent };
    }),
};

const AWAY_MS = { quick: 10_000, full: 600_000 } as const;

export const d1Away: Row = {
  id: "F10",
  fault: "D1 answers nothing for a while",
  run: (stand) =>
    scene(stand, { mends: true }, async (world) => {
      const before = await sendAll(world, wishes("before", 20), 10);
      world.become(d1({ before: 1, after: 0 }));
      await world.kill();
      await world.restart();
      const end = Date.now() + (stand.quick ? AWAY_MS.quick : AWAY_MS.full);
      const statuses = new Map<number, number>();
      const email = { from: "sender@edgepost.test", subject: "Now", text: "Now" };
      const recipients = { to: [{ email: "now@example.com" }] };
      while (Date.now() < end) {
        const answer = await world.post(JSON.stringify({ email: { ...email, recipients } }));
        const isHonest = answer.status === 503 && answer.headers.has("Retry-After");
        const status = isHonest ? 503 : -answer.status;
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        await sleep(100);
      }
      const asked = [...statuses.values()].reduce((sum, count) => sum + count, 0);
      const others = [...statuses.keys()].filter((status) => status !== 503);
      return {
        sent: before,
        n: `${asked} sends meanwhile`,
        figures: `${statuses.get(503) ?? 0} answered 503 with Retry-After`,
        breaches: unless(others.length === 0, `also answered ${others.join(", ")}`),
      };
    }),
};

const RACE = 100;
const ROUNDS = { quick: 1, full: 20 } as const;

const countRow = z.object({ n: z.number() });

export const race: Row = {
  id: "F11",
  fault: "100 clients send with one Idempotency-Key, and the Worker is killed meanwhile",
  run: (stand) =>
    scene(
      stand,
      {},
      async (world) => {
        const rounds = stand.quick ? ROUNDS.quick : ROUNDS.full;
        const sent = [];
        for (let round = 0; round < rounds; round++) {
          const wish = { key: `race-${round}`, to: [`race-${round}@example.com`] };
          const clients = Array.from({ length: RACE }, () => heard(sendFor(world, wish)));
          await sleep(50 + Math.random() * 300);
          await world.kill();
          await world.restart();
          await world.leasesRunOut();
          const all = await Promise.all(clients);
          sent.push({ ...wish, hold: false, ids: all.flatMap(({ ids }) => ids) });
        }
        return { sent, n: `${rounds} × ${RACE} clients, ${rounds} kills`, kills: rounds };
      },
      async (world) => {
        const rounds = stand.quick ? ROUNDS.quick : ROUNDS.full;
        const [messages] = await world.sql(countRow, "select count(*) as n from messages");
        return unless(messages?.n === rounds, `${messages?.n} messages of ${rounds} keys`);
      },
    ),
};
