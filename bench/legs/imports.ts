// A million contacts from one CSV, in the memory that the platform gives (V8 limited to 128 MB: a workerd
// that runs out of it dies, and with it the leg); every row counted, every contact there.
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { rounded } from "../figures.ts";
import type { Ground } from "../ground.ts";
import type { Leg, LegResult } from "../leg.ts";
import { type Scene, withLimitedMemory } from "../limited.ts";
import { manage } from "../load.ts";

const CONTACTS = 1_000_000;

/** One row in a thousand has no address. */
const REFUSED_EVERY = 1_000;

const DEADLINE_MS = 30 * 60_000;
const LOOK_EVERY_MS = 250;

export const imports: Leg = { name: "imports", goal: "imports", goals: ["imports"], run };

function run(ground: Ground, line: (content: object) => void): Promise<LegResult> {
  return withLimitedMemory(ground, (scene) => measure(scene, line));
}

const seen = z.object({
  data: z.object({
    id: z.string(),
    state: z.string(),
    bytes: z.number(),
    rows: z.number(),
    added: z.number(),
    refused: z.number(),
    error: z.string().nullable(),
  }),
});
const counts = z.object({ d1_rows_written: z.number(), d1_round_trips: z.number() });

async function measure(scene: Scene, line: (content: object) => void): Promise<LegResult> {
  await manage(scene, ["POST", "/v1/lists", { name: "everybody" }], z.unknown());
  await manage(scene, ["POST", "/v1/custom-fields", { name: "city", type: "string" }], z.unknown());
  const { data: file } = await uploaded(scene);
  await manage(scene, ["POST", "/bench/counts", null], counts);
  const begin = performance.now();
  const start = `/v1/imports/${file.id}/start`;
  await manage(scene, ["POST", start, { list_id: "everybody" }], seen);
  const { rows, added, refused } = await finished(scene, file.id);
  const seconds = rounded((performance.now() - begin) / 1000, 1);
  const counted = await manage(scene, ["GET", "/bench/counts", null], counts);
  const expected = { rows: CONTACTS, refused: CONTACTS / REFUSED_EVERY };
  const gate =
    rows === expected.rows && refused === expected.refused && added === rows - expected.refused;
  const megabytes = Math.round(file.bytes / 1_000_000);
  line({ rows, added, refused, seconds, megabytes, ...counted });
  const written = rounded(counted.d1_rows_written / added, 2);
  return {
    end: { goal: "imports", ratio: null, min: null, max: null, rounds: 1, gate },
    figures: [
      {
        number: "imports",
        what: "1,000,000 contacts from a CSV, V8 limited to 128 MB; rows/s",
        measured: `${Math.round(rows / seconds)} (${seconds} s, ${megabytes} MB)`,
        range: "one run",
        n: `${added} added, ${refused} refused`,
        verdict: gate ? "good (all, and alive)" : "GATE FAILED",
      },
      {
        number: "imports",
        what: "D1 rows written for each contact · round trips of that import",
        measured: `${written} · ${counted.d1_round_trips}`,
        range: "a count",
        n: "1 import",
        verdict: "a count",
      },
    ],
  };
}

async function uploaded({ url, apiKey }: Scene): Promise<z.output<typeof seen>> {
  const rows = Array.from({ length: CONTACTS }, (_, n) =>
    n % REFUSED_EVERY === 0 ? `nobody,Person ${n},Delhi` : `p${n}@example.com,Person ${n},Delhi`,
  );
  const headers = { authorization: `Bearer ${apiKey}`, "content-type": "text/csv" };
  const body = `email,first_name,city\r\n${rows.join("\r\n")}\r\n`;
  const answer = await fetch(`${url}/v1/imports`, { method: "POST", headers, body });
  if (!answer.ok) throw new Error(await answer.text());
  return seen.parse(await answer.json());
}

async function finished(scene: Scene, id: string) {
  const deadline = Date.now() + DEADLINE_MS;
  while (Date.now() < deadline) {
    const { data } = await manage(scene, ["GET", `/v1/imports/${id}`, null], seen);
    if (data.state === "done") return data;
    if (data.state === "failed") throw new Error(data.error ?? "failed");
    await sleep(LOOK_EVERY_MS);
  }
  throw new Error("the import does not end");
}
