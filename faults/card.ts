// The report card: one page about a whole run, for people, and its last line, for machines.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { surroundings } from "../bench/report.ts";
import { ROOT } from "../dev/bootstrap.js";
import { sum } from "./account.ts";
import type { Outcome, Row } from "./row.ts";

/** A row and what it came to; null: it was left out. */
export type Result = {
  readonly row: Row;
  readonly outcome: Outcome | null;
  readonly seconds: number;
};

const FILE = join(ROOT, "RELIABILITY.md");

/** The card stands behind this line of RELIABILITY.md; everything after it is written anew. */
const MARK = "<!-- the last report card; written by `npm run faults -- --write` -->";

/** The card in Markdown. */
export async function card(
  results: readonly Result[],
  { quick }: { readonly quick: boolean },
): Promise<string> {
  const { date, commit, machine, versions } = await surroundings();
  const { accepted, lost, phantom, duplicates_explained, duplicates_unexplained, ...rest } =
    lastLine(results);
  const volume = quick ? "The small volumes of `--quick`" : "The full volumes";
  const rows = results.map(({ row, outcome, seconds }) => {
    const cells =
      outcome === null
        ? ["not run", "", "", "left out of `--quick`"]
        : [outcome.n, outcome.figures, `${seconds} s`, held(outcome)];
    return `| ${[row.id, row.fault, ...cells].join(" | ")} |`;
  });
  return [
    `${date}, commit ${commit}. ${versions}. ${machine}. ${volume}.`,
    "",
    `Recipients accepted ${accepted}, lost **${lost}**, phantom **${phantom}**; second copies unexplained **${duplicates_unexplained}**, explained ${duplicates_explained} in ${rest.kills} kills; events lost **${rest.events_lost}**; recovery p95 ${rest.recovery_s_p95 ?? "–"} s.`,
    "",
    "| row | fault | n | figures | time | verdict |",
    "|---|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

function held({ breaches }: Outcome): string {
  return breaches.length === 0
    ? "held"
    : `**missed**: ${breaches.join("; ").replaceAll("|", "\\|")}`;
}

/** What a run came to, all rows together. Pure. */
export function lastLine(results: readonly Result[]) {
  const outcomes = results.flatMap(({ outcome }) => outcome ?? []);
  const account = sum(outcomes.map((outcome) => outcome.account));
  const recovery = outcomes.flatMap((outcome) => outcome.recovery).toSorted((a, b) => a - b);
  const p95 = recovery[Math.ceil(recovery.length * 0.95) - 1];
  return {
    accepted: account.accepted,
    lost: account.lost,
    phantom: account.phantom,
    duplicates_explained: account.explained,
    duplicates_unexplained: account.unexplained,
    events_lost: account.eventsLost,
    kills: outcomes.reduce((kills, outcome) => kills + outcome.kills, 0),
    recovery_s_p95: p95 === undefined ? null : Math.round(p95 * 10) / 10,
  };
}

/** Puts the card into RELIABILITY.md, in place of the last one. */
export async function writeCard(text: string): Promise<void> {
  const [before] = (await readFile(FILE, "utf8")).split(MARK);
  await writeFile(FILE, `${before}${MARK}\n\n${text}\n`);
}
