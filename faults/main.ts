// `npm run faults`, in Node 22: runs the rows of the fault matrix one after the other and prints the report card.
// `-- --quick` has the volumes of CI, `-- --only F01` runs one row, `-- --teeth` plants bugs that the rows must
// find, `-- --write` keeps the card in RELIABILITY.md. Ends with one line of JSON; exit 1 when a goal is missed.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Ground, prepareGround } from "../test/node/faults/ground.ts";
import { sum } from "./account.ts";
import { card, lastLine, type Result, writeCard } from "./card.ts";
import type { Outcome, Row, Stand } from "./row.ts";
import { ROWS } from "./rows.ts";
import { bite } from "./teeth.ts";

// Grounds and worlds are made in here, and removed on exit, whatever it comes from.
const scratch = mkdtempSync(join(tmpdir(), "edgepost-faults-run-"));
process.env["TMPDIR"] = scratch;
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => process.exit(1));
}

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    teeth: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});

try {
  process.exitCode = (await (values.teeth ? teeth() : faults())) ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

async function faults(): Promise<boolean> {
  const rows = chosen(values.only);
  const ground = await prepareGround();
  try {
    const results: Result[] = [];
    for (const [index, row] of rows.entries()) {
      const part = `${index + 1} of ${rows.length}`;
      if (values.quick && row.slow && values.only === undefined) {
        results.push({ row, outcome: null, seconds: 0 });
        continue;
      }
      console.log(`${row.id} (${part}): ${row.fault}`);
      const result = await timed(row, stand(ground, row.id));
      results.push(result);
      console.log(`${row.id}: ${verdict(result)}`);
    }
    const text = await card(results, values);
    console.log(`\n${text}\n`);
    if (values.write) await writeCard(text);
    console.log(JSON.stringify(lastLine(results)));
    return results.every(({ outcome }) => outcome === null || outcome.breaches.length === 0);
  } finally {
    ground.remove();
  }
}

async function teeth(): Promise<boolean> {
  const ground = await prepareGround();
  try {
    return await bite(stand(ground, "teeth"), values.only);
  } finally {
    ground.remove();
  }
}

function chosen(only: string | undefined): readonly Row[] {
  if (only === undefined) return ROWS;
  const ids = only.split(",");
  const found = ROWS.filter(({ id }) => ids.includes(id));
  if (found.length > 0) return found;
  throw new Error(`--only ${only}: no such row; there are ${ROWS.map(({ id }) => id).join(", ")}`);
}

function stand(ground: Ground, id: string): Stand {
  return {
    ground,
    quick: values.quick || values.teeth,
    planted: null,
    tell: (progress) => console.log(`  ${id}: ${progress}`),
  };
}

/** A row that cannot be finished has missed its goal; the others run all the same. */
async function timed(row: Row, stand: Stand): Promise<Result> {
  const began = Date.now();
  const outcome = await row.run(stand).catch((error: unknown): Outcome => {
    const reason = error instanceof Error ? error.message : String(error);
    const breaches = [`it could not be finished: ${reason}`];
    return { n: "", figures: "", breaches, account: sum([]), kills: 0, recovery: [] };
  });
  return { row, outcome, seconds: Math.round((Date.now() - began) / 1_000) };
}

function verdict({ outcome, seconds }: Result): string {
  if (outcome === null) return "not run";
  const { n, figures, breaches } = outcome;
  const end = breaches.length === 0 ? "held" : `MISSED: ${breaches.join("; ")}`;
  return [n, figures, `${seconds} s`, end].filter((part) => part !== "").join(" · ");
}
