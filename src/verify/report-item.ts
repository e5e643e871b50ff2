// Building one item of a domain's report. Pure.
import type { CheckStatus, ReportItem } from "./report.ts";

/** How much each check counts: what the large mailbox providers demand of bulk senders counts most. */
const WEIGHTS: Readonly<Record<ReportItem["check"], number>> = {
  spf: 25,
  dkim: 30,
  dmarc: 25,
  mx: 10,
  ptr: 10,
};

/** The share of its points that a check earns. */
const EARNED: Readonly<Record<CheckStatus, number>> = { pass: 1, warn: 0.5, fail: 0, unknown: 0 };

/** An item of a report; a warning earns half. */
export function reportItem(
  check: ReportItem["check"],
  status: CheckStatus,
  found: readonly string[],
  advice: string,
): ReportItem {
  const of = WEIGHTS[check];
  return { check, status, points: of * EARNED[status], of, found, advice };
}
