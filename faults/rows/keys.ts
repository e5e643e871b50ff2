// F30: one key floods, and its relay is dead; another key's mail is as fast as before.
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { within } from "../../test/node/faults/ledger.ts";
import type { World } from "../../test/node/faults/world.ts";
import { newKey, sendFor, type Sent } from "../client.ts";
import type { Row } from "../row.ts";
import { scene, unless, waitsPass } from "../scene.ts";

const FLOOD = { quick: 1_000, full: 5_000 } as const;
const BATCH = 500;

/** Sends of the other key, one after the other. */
const PROBES = { quick: 40, full: 200 } as const;

const QUARTER_MS = 900_000;

const MAX_RATIO = 1.5;
/** Ratios of what takes some milliseconds say nothing: a delay below this is no delay. */
const NO_DELAY_MS = 100;

const created = z.object({ data: z.object({ id: z.string() }) });

export const keyStorm: Row = {
  id: "F30",
  fault: "one key floods the marketing lane towards a dead relay",
  run: (stand) =>
    scene(stand, {}, async (world) => {
      const flooder = await newKey(world, "flood", "marketing");
      const other = await newKey(world, "other", "marketing");
      // Nobody serves it, or whoever does is no relay.
      const relay = { name: "dead", host: "127.0.0.1", port: 2525, tls: "none" };
      const dead = await world.create(created, "/v1/relays", relay);
      const members = [{ relay_id: dead.data.id, weight: 1 }];
      const pool = await world.create(created, "/v1/pools", { name: "dead", relays: members });
      const rule = "insert into pool_rules (position, pool_id, key_id) values (0, ?1, ?2)";
      await world.sql(z.unknown(), rule, pool.data.id, flooder.id);

      const count = stand.quick ? PROBES.quick : PROBES.full;
      const alone = await probe(world, { prefix: "alone", count, apiKey: other.key });
      const flood = stand.quick ? FLOOD.quick : FLOOD.full;
      for (let from = 0; from < flood; from += BATCH) {
        await world.sendBatch(floodOf(from), `flood-${from}`, flooder.key);
      }
      const beside = await probe(world, { prefix: "beside", count, apiKey: other.key });
      // The flood leaves by the relay that works, or the world never ends.
      await world.sql(z.unknown(), "delete from pool_rules");
      await waitsPass(world, QUARTER_MS);
      const ratio = beside.p95 / Math.max(alone.p95, NO_DELAY_MS);
      return {
        sent: [...alone.sent, ...beside.sent],
        n: `${flood} mails of one key, ${2 * count} of another`,
        figures: `p95 from accept to relay ${alone.p95} ms alone, ${beside.p95} ms beside the flood`,
        breaches: unless(ratio <= MAX_RATIO, `p95 is ${ratio.toFixed(1)} times as long`),
      };
    }),
};

function floodOf(from: number): readonly unknown[] {
  return Array.from({ length: BATCH }, (_, n) => ({
    email: {
      from: "sender@edgepost.test",
      subject: "Flood",
      text: "Flood",
      recipients: { to: [{ email: `flood-${from + n}@example.com` }] },
    },
  }));
}

type Probed = { readonly sent: readonly Sent[]; readonly p95: number };

/** Sends one after the other; p95 of milliseconds from the send to the relay's dot. */
async function probe(
  world: World,
  {
    prefix,
    count,
    apiKey,
  }: { readonly prefix: string; readonly count: number; readonly apiKey: string },
): Promise<Probed> {
  const sent: Sent[] = [];
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    const to = `${prefix}-${n}@example.com`;
    const began = Date.now();
    sent.push(await sendFor(world, { key: `${prefix}-${n}`, to: [to], apiKey }));
    const arrived = () => world.peer.log().messages.find((message) => message.to.includes(to));
    await within(30_000, () => arrived() !== undefined);
    times.push((arrived()?.at ?? Number.POSITIVE_INFINITY) - began);
    await sleep(20);
  }
  return { sent, p95: times.toSorted((a, b) => a - b)[Math.ceil(count * 0.95) - 1] ?? 0 };
}
