// The two sides of the account after a crash: what the database says happened to each recipient, and
// what the relay and the webhook endpoint saw. Waits for the system to be drained before it is read.
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { DELIVERY_STATES } from "../../../src/model/delivery.ts";
import type { World } from "./world.ts";

/** A drained system is there in a second or two; this long on a busy machine. */
const DRAIN_DEADLINE_MS = 60_000;

/** How often cron comes in a test; in production each minute. */
const SWEEP_EVERY_MS = 1_000;
const LOOK_EVERY_MS = 100;

/** Who sent nothing for so long after a wake-up sends nothing more. */
const QUIET_MS = 500;

const deliveryRow = z.object({
  message: z.string(),
  recipient: z.string(),
  state: z.enum(DELIVERY_STATES),
  attempts: z.number(),
  leased: z.number(),
  results: z.string().transform((text) => z.array(resultSchema).parse(JSON.parse(text))),
});
const resultSchema = z.enum(["success", "failure", "deferral", "unknown"]);
const eventRow = z.object({
  id: z.string(),
  name: z.string(),
  message: z.string(),
  status: z.string().nullable(),
});
const countRow = z.object({ n: z.number() });

/** One recipient as the database tells it; `results` are those of its attempts, oldest first. */
export type Entry = z.infer<typeof deliveryRow>;

/** One event of the log. */
export type LoggedEvent = z.infer<typeof eventRow>;

/** A message that the relay read to its final dot. */
export type Copy = {
  readonly message: string;
  readonly recipient: string;
  readonly sha256: string;
  /** The relay said 2xx to it. */
  readonly accepted: boolean;
};

/** Every recipient that was ever accepted. */
export function entries(world: World): Promise<readonly Entry[]> {
  return world.sql(
    deliveryRow,
    `select message_id as message, recipient, state, attempts, lease_id is not null as leased,
       (select json_group_array(a.value ->> 'result') from json_each(history) a) as results
     from deliveries order by message_id, position`,
  );
}

/** Every event of the log, oldest first. */
export function loggedEvents(world: World): Promise<readonly LoggedEvent[]> {
  return world.sql(
    eventRow,
    `select e.value ->> 'id' as id, e.value ->> 'name' as name, e.value ->> 'messageId' as message,
       e.value ->> 'status' as status
     from event_log, json_each(events) e order by position, e.key`,
  );
}

/** What the relay has, by the id in Message-ID and the recipient of its envelope. */
export function copies(world: World): readonly Copy[] {
  return world.peer.log().messages.map(({ content, to, sha256, accepted }) => {
    const text = Buffer.from(content, "base64").toString("latin1");
    const message = /^Message-ID: <([^@\r\n]+)@edgepost\.test>\r$/im.exec(text)?.[1];
    return { message: message ?? "none", recipient: to.join(" "), sha256, accepted };
  });
}

/** The bodies that were posted for each webhook-id, in order. */
export function postedBodies(world: World): ReadonlyMap<string, readonly string[]> {
  const bodies = new Map<string, string[]>();
  for (const { headers, body } of world.hook.log().requests) {
    const id = headers["webhook-id"] ?? "none";
    bodies.set(id, [...(bodies.get(id) ?? []), body]);
  }
  return bodies;
}

/** Lets cron come until nothing is left to do, then once more: nobody may do it again. */
export async function drain(world: World): Promise<void> {
  const deadline = Date.now() + DRAIN_DEADLINE_MS;
  for (;;) {
    await world.sweep();
    if (await within(SWEEP_EVERY_MS, () => isDrained(world))) break;
    if (Date.now() > deadline) {
      const left = await openWork(world);
      throw new Error(`work is left after ${DRAIN_DEADLINE_MS} ms: ${left}\n${world.output}`);
    }
  }
  await world.sweep();
  await sleep(QUIET_MS);
}

/** Looks until it is so, at most `ms`. */
export async function within(ms: number, look: () => Promise<boolean> | boolean): Promise<boolean> {
  const deadline = Date.now() + ms;
  for (;;) {
    if (await look()) return true;
    if (Date.now() >= deadline) return false;
    await sleep(LOOK_EVERY_MS);
  }
}

const openRow = z.object({ open: z.string() });

/** What is not done, some of it, in words; times in seconds from now. */
async function openWork(world: World): Promise<string> {
  const rows = await world.sql(
    openRow,
    `select * from (select format('%d %s, due in %s, lease ends in %s, expires in %d, %d attempts', count(*), state,
         coalesce((due_at - ?1) / 1000, 'never'), coalesce((lease_until - ?1) / 1000, 'never'),
         (expires_at - ?1) / 1000, attempts) as open
       from deliveries where due_at is not null or lease_id is not null
       group by state, due_at / 1000, lease_until / 1000, attempts limit 5)
     union all
     select 'a webhook is behind' from webhooks
     where cursor < (select coalesce(max(position), 0) from event_log)`,
    Date.now(),
  );
  return rows.map(({ open }) => open).join("; ");
}

async function isDrained(world: World): Promise<boolean> {
  const [work] = await world.sql(
    countRow,
    `select (select count(*) from deliveries where due_at is not null or lease_id is not null)
       + (select count(*) from webhooks
          where cursor < (select coalesce(max(position), 0) from event_log)) as n`,
  );
  return work?.n === 0;
}
