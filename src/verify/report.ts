// What receivers will think of a domain: each check with what was found and what to do, a score, and what
// to fix first. Asks DNS through a port; works for any domain.
import type { Dns } from "./spf-find.ts";
import { checkDkim } from "./report-dkim.ts";
import { checkDmarc, checkExchanges, checkReverse, checkSpf } from "./report-checks.ts";

/** `unknown`: DNS did not answer; it costs nothing and earns nothing. */
export type CheckStatus = "pass" | "warn" | "fail" | "unknown";

/** One thing that was looked at. */
export type ReportItem = {
  readonly check: "spf" | "dkim" | "dmarc" | "mx" | "ptr";
  readonly status: CheckStatus;
  /** Points that it earned, of how many; the weights stand in WEIGHTS. */
  readonly points: number;
  readonly of: number;
  readonly found: readonly string[];
  /** What to do, "" when nothing is. */
  readonly advice: string;
};

/** A report. */
export type DomainReport = {
  readonly domain: string;
  /** 0…100 of the checks that could be made; null when none could. */
  readonly score: number | null;
  readonly items: readonly ReportItem[];
  /** The checks that lost points, the largest loss first. */
  readonly fixFirst: readonly ReportItem["check"][];
};

/** What is asked about a domain. */
export type ReportQuestion = {
  readonly domain: string;
  /** SPF mechanisms that must be named; empty for a domain that is not ours. */
  readonly mechanisms: readonly string[];
  /** Selectors that are known to sign; common ones are tried where there are none. */
  readonly selectors: readonly string[];
};

/** Looks at a domain. */
export async function reportOn(question: ReportQuestion, dns: Dns): Promise<DomainReport> {
  const items = await Promise.all([
    checkSpf(question, dns),
    checkDkim(question, dns),
    checkDmarc(question, dns),
    checkExchanges(question, dns),
    checkReverse(question, dns),
  ]);
  const made = items.filter(({ status }) => status !== "unknown");
  const of = made.reduce((sum, item) => sum + item.of, 0);
  const points = made.reduce((sum, item) => sum + item.points, 0);
  const lost = items.filter(({ status }) => status === "warn" || status === "fail");
  return {
    domain: question.domain,
    score: of === 0 ? null : Math.round((100 * points) / of),
    items,
    fixFirst: lost
      .toSorted((a, b) => b.of - b.points - (a.of - a.points))
      .map(({ check }) => check),
  };
}
