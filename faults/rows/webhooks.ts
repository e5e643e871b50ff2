// F19 and F20: endpoints that answer in every bad way there is, and a Worker that is killed while it posts.
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { loggedEvents, within } from "../../test/node/faults/ledger.ts";
import type { World } from "../../test/node/faults/world.ts";
import type { HttpReply } from "../../test/peers/script.ts";
import { sendAll, wishes } from "../client.ts";
import type { Row } from "../row.ts";
import { scene, timePasses, unless } from "../scene.ts";

/** Answers of an endpoint's first calls; later ones are answered 200. */
const BAD: Readonly<Record<string, readonly HttpReply[]>> = {
  "/ok": [{}],
  "/500": [{ status: 500 }, { status: 503 }, {}],
  "/hang": [{ drop: "hang" }, {}],
  "/redirect": [{ status: 302, headers: { location: "/canary" } }, {}],
  "/429": [{ status: 429, headers: { "retry-after": "1" } }, {}],
  "/huge": [{ bodyBytes: 100_000_000 }, {}],
  "/trickle": [{ trickle: 1_000, body: "x".repeat(100) }, {}],
  "/reset": [{ drop: "rst" }, { drop: "close" }, {}],
};

/** Whether an answer says that the event was taken. */
function takes({ status = 200, drop }: HttpReply = {}): boolean {
  return drop === undefined && status >= 200 && status < 300;
}

const EVENTS = { quick: 30, full: 500 } as const;

const MINUTE_MS = 60_000;

const jobsRow = z.object({ n: z.number() });

export const endpoints: Row = {
  id: "F19",
  fault: "endpoints answer 500, 302, 429, too much, too slowly, or not at all",
  run: (stand) =>
    scene(
      stand,
      { hook: { paths: BAD } },
      async (world) => {
        for (const path of Object.keys(BAD)) {
          const url = `http://127.0.0.1:${world.hook.port}${path}`;
          await world.create(z.unknown(), "/v1/webhooks", { url });
        }
        const count = stand.quick ? EVENTS.quick : EVENTS.full;
        const sent = await sendAll(world, wishes("event", count), 20);
        await postsPass(world);
        return { sent, n: `${count} events × ${Object.keys(BAD).length + 1} endpoints` };
      },
      async (world) => {
        const events = (await loggedEvents(world)).map(({ id }) => id);
        const { requests } = world.hook.log();
        const lacking = Object.entries(BAD).flatMap(([path, replies]) => {
          const asked = requests.filter((one) => one.path === path);
          const taken = asked.filter((_, n) => takes(replies[Math.min(n, replies.length - 1)]));
          const got = new Set(taken.map(({ headers }) => headers["webhook-id"]));
          const missing = events.filter((id) => !got.has(id)).length;
          return missing > 0 ? [`${path} took ${missing} events never`] : [];
        });
        const followed = requests.filter(({ path }) => path === "/canary").length;
        return [...lacking, ...unless(followed === 0, `${followed} redirects were followed`)];
      },
    ),
};

/** Time passes until no endpoint has anything to get once more. */
async function postsPass(world: World): Promise<void> {
  const sql = `select (select count(*) from webhook_jobs where due_at is not null)
    + (select count(*) from webhooks where cursor < (select coalesce(max(position), 0) from event_log))
    + (select count(*) from deliveries where due_at is not null or lease_id is not null) as n`;
  const isDone = async (): Promise<boolean> => (await world.sql(jobsRow, sql))[0]?.n === 0;
  for (let n = 0; n < 60; n++) {
    if (await within(1_500, isDone)) return;
    await timePasses(world, 5 * MINUTE_MS);
    await world.sweep();
  }
}

const KILLS = { quick: 3, full: 40 } as const;
const EVENTS_A_KILL = 20;

export const postingKilled: Row = {
  id: "F20",
  fault: "the Worker is killed while it posts to endpoints",
  run: (stand) =>
    scene(stand, { hook: { replies: [{ delay: 100 }] } }, async (world) => {
      const kills = stand.quick ? KILLS.quick : KILLS.full;
      const sending = sendAll(world, wishes("post", kills * EVENTS_A_KILL), 100);
      for (let n = 0; n < kills; n++) {
        await sleep(3_000);
        await world.kill();
        await world.restart();
        await world.leasesRunOut();
        await world.sweep();
      }
      return { sent: await sending, kills };
    }),
};
