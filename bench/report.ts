// What the benchmark prints and keeps: the table, and what it was measured with.
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";
import { ROOT } from "../dev/bootstrap.js";
import type { Figure } from "./leg.ts";

/** More than this before we begin: others use the processors, and absolute figures suffer. */
const QUIET_LOAD = 1.5;

const FILE = join(ROOT, "BENCHMARKS.md");

/** The table stands behind this line of BENCHMARKS.md; everything after it is written anew. */
const MARK = "<!-- the last table; written by `npm run bench -- --write` -->";

/** What a run was measured with. */
export type Surroundings = {
  readonly date: string;
  readonly commit: string;
  readonly versions: string;
  readonly machine: string;
  readonly load: number;
  readonly warning: string | null;
};

/** Looks at date, commit, versions and machine; names no host. */
export async function surroundings(): Promise<Surroundings> {
  const load = loadavg()[0] ?? 0;
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const versions = await Promise.all(
    ["workerd", "miniflare", "wrangler"].map(async (name) => `${name} ${await versionOf(name)}`),
  );
  const warning = `load average ${load.toFixed(1)} before the start makes absolute figures too low and ratios uncertain`;
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: await commit(),
    versions: [`Node ${process.version.slice(1)}`, ...versions].join(", "),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? "unknown"}, ${gigabytes} GB, ${process.platform}`,
    load,
    warning: load > QUIET_LOAD ? warning : null,
  };
}

/** The figures as a Markdown table. */
export function table(figures: readonly Figure[]): string {
  const head = ["| # | what | measured | min–max | n | verdict |", "|---|---|---|---|---|---|"];
  const rows = figures.map(({ number, what, measured, range, n, verdict }) =>
    ["", number, what, measured, range, n, verdict, ""].join(" | ").trim(),
  );
  return [...head, ...rows].join("\n");
}

/** Puts the table into BENCHMARKS.md, in place of the last one. */
export async function writeTable(figures: readonly Figure[], about: Surroundings): Promise<void> {
  const text = await readFile(FILE, "utf8");
  const [before] = text.split(MARK);
  const warning = about.warning === null ? "" : ` Others used the processors: ${about.warning}.`;
  const after = (loadavg()[0] ?? 0).toFixed(1);
  const facts = [
    `${about.date}, commit ${about.commit}. ${about.versions}.`,
    `${about.machine}. Load average before the start ${about.load.toFixed(1)}, at the end ${after}.${warning}`,
  ];
  await writeFile(FILE, `${before}${MARK}\n\n${facts.join("\n")}\n\n${table(figures)}\n`);
}

async function commit(): Promise<string> {
  const git = async (...args: readonly string[]): Promise<string> =>
    (await promisify(execFile)("git", [...args], { cwd: ROOT })).stdout.trim();
  try {
    const changed = await git("status", "--porcelain", "--", "src", "bench", "migrations");
    return `${await git("rev-parse", "--short", "HEAD")}${changed === "" ? "" : " with changes"}`;
  } catch {
    return "unknown (no git)";
  }
}

async function versionOf(name: string): Promise<string> {
  const file = join(ROOT, "node_modules", name, "package.json");
  return z.object({ version: z.string() }).parse(JSON.parse(await readFile(file, "utf8"))).version;
}
