// `npm run bench`, in Node 22: runs the legs one after the other, prints JSON lines and a table.
// `-- --only NAME` runs one leg (its name or the number of a goal it measures) and ends with its last
// line; `-- --write` keeps the table in BENCHMARKS.md. Exit 1 when a correctness gate fails.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Ground, prepareGround } from "./ground.ts";
import type { Figure, Leg, LegEnd, LegResult } from "./leg.ts";
import { accept } from "./legs/accept.ts";
import { batch } from "./legs/batch.ts";
import { compose } from "./legs/compose.ts";
import { deliver } from "./legs/deliver.ts";
import { exports } from "./legs/exports.ts";
import { gateway } from "./legs/gateway.ts";
import { growth } from "./legs/growth.ts";
import { imports } from "./legs/imports.ts";
import { lanes } from "./legs/lanes.ts";
import { lists } from "./legs/lists.ts";
import { portal } from "./legs/portal.ts";
import { price } from "./legs/price.ts";
import { redirect } from "./legs/redirect.ts";
import { relays } from "./legs/relays.ts";
import { smtp } from "./legs/smtp.ts";
import { webhooks } from "./legs/webhooks.ts";
import { quota } from "./legs/quota.ts";
import { surroundings, table, writeTable } from "./report.ts";

const LEGS: readonly Leg[] = [
  accept,
  batch,
  deliver,
  relays,
  smtp,
  compose,
  price,
  webhooks,
  exports,
  gateway,
  redirect,
  quota,
  lanes,
  lists,
  imports,
  growth,
  portal,
];

// All that legs put into temporary folders is in here, and removed on exit, whatever it comes from.
const scratch = mkdtempSync(join(tmpdir(), "edgepost-bench-run-"));
process.env["TMPDIR"] = scratch;
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => process.exit(1));
}

try {
  process.exitCode = (await bench()) ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

async function bench(): Promise<boolean> {
  const { values } = parseArgs({
    options: { only: { type: "string" }, write: { type: "boolean", default: false } },
  });
  const legs = legsFor(values.only);
  const about = await surroundings();
  print(about);
  const ground = await prepareGround();
  const figures: Figure[] = [];
  const ends: LegEnd[] = [];
  for (const leg of legs) {
    const part = `${ends.length + 1} of ${legs.length}`;
    print({ leg: leg.name, part, begins: new Date().toISOString() });
    const { end, others = [], figures: own } = await runLeg(leg, ground);
    figures.push(...own);
    ends.push(others.find(({ goal }) => String(goal) === values.only) ?? end);
    // A single leg ends the output with its last line; the table comes before it.
    if (values.only === undefined) print(end);
  }
  ground.remove();
  console.log(`\n${table(figures)}\n`);
  if (about.warning !== null) console.log(`${about.warning}\n`);
  if (values.write) await writeTable(figures, about);
  if (values.only !== undefined) ends.forEach(print);
  return ends.every(({ gate }) => gate);
}

/** A leg that cannot be finished has failed its gate; the others are measured all the same. */
async function runLeg(leg: Leg, ground: Ground): Promise<LegResult> {
  try {
    return await leg.run(ground, (line) => print({ leg: leg.name, ...line }));
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    print({ leg: leg.name, failed: reason });
    const nothing = { ratio: null, min: null, max: null, rounds: 0 };
    return { end: { goal: leg.goal, ...nothing, gate: false }, figures: [] };
  }
}

function legsFor(only: string | undefined): readonly Leg[] {
  if (only === undefined) return LEGS;
  const found = LEGS.find(
    ({ name, goals }) => name === only || goals.some((goal) => String(goal) === only),
  );
  if (found) return [found];
  const known = LEGS.map(({ name, goals }) => `${name} (${goals.join(", ")})`);
  throw new Error(`--only ${only}: no such leg; there are ${known.join(", ")}`);
}

function print(content: object): void {
  console.log(JSON.stringify(content));
}
