// From accepted recipients and the event log's entries to what changes in the hours' counts. Pure but for
// the tally itself, which is filled by one run and then read once.
import type { BounceType } from "../model/bounce.ts";
import { domainGroup } from "../model/domain-group.ts";
import { isTold, type LogEntry } from "../model/event.ts";
import { domainOf } from "../model/address.ts";
import type { MailClass } from "../model/message.ts";
import { COUNTERS, type Counter, SPANS, spanStart } from "../model/stats.ts";
import type { Cell, Change } from "../model/stats-rollup.ts";
import type { AcceptedRow } from "../store/stats.ts";

/** Counts gathered by hour. */
export type Tally = {
  readonly accepted: (row: AcceptedRow) => void;
  /** An entry of the log and when it was committed, epoch milliseconds. */
  readonly entry: (entry: LogEntry, committedAt: number) => void;
  /** Hour (its beginning, epoch milliseconds) → what changes in it. */
  readonly changes: () => ReadonlyMap<number, Change>;
};

/** An entry counts in the hour it tells of; one that tells of a longer time ago, in that of its commit. */
const MAX_LATE_MS = 7 * SPANS.day;

/** What all that happened to a delivery is counted under. */
type Under = { readonly mailClass: MailClass; readonly tag: string; readonly group: string | null };

type Cells = Map<string, Omit<Cell, "counts"> & { readonly counts: number[] }>;
type Hour = { readonly added: Sheet; readonly withdrawn: Sheet };
type Sheet = { readonly tags: Cells; readonly groups: Cells };

/** An empty tally. */
export function newTally(): Tally {
  const hours = new Map<number, Hour>();

  function hourOf(at: number): Hour {
    const start = spanStart("hour", at);
    const hour = hours.get(start) ?? { added: newSheet(), withdrawn: newSheet() };
    hours.set(start, hour);
    return hour;
  }

  return {
    accepted({ hour, mailClass, tag, domain, accepted, suppressed }) {
      const under = { mailClass, tag, group: groupOf(domain) };
      const { added } = hourOf(hour);
      add(added, under, { counter: "accepted", n: accepted });
      add(added, under, { counter: "suppressed", n: suppressed });
    },
    entry(entry, committedAt) {
      const under = underOf(entry);
      const at = committedAt - entry.at > MAX_LATE_MS ? committedAt : entry.at;
      for (const counter of countersOf(entry)) add(hourOf(at).added, under, { counter, n: 1 });
      if (entry.name !== "bounce_all" || typeof entry.deliveredAt !== "number") return;
      add(hourOf(entry.deliveredAt).withdrawn, under, { counter: "delivered", n: 1 });
    },
    changes: () =>
      new Map(
        [...hours].map(([at, { added, withdrawn }]) => [
          at,
          { added: cellsOf(added), withdrawn: cellsOf(withdrawn) },
        ]),
      ),
  };
}

/** What an entry of the log counts as. */
function countersOf(entry: LogEntry): readonly Counter[] {
  switch (entry.name) {
    case "delivery_attempt":
      switch (entry.status) {
        case "success":
          return ["delivered"];
        case "deferral":
          return ["deferrals"];
        case "failure_toolong":
          return ["expired"];
        case "failure":
          // Its bounce_all counts.
          return [];
        case "connmaxout":
          return [];
      }
    case "bounce_all":
      if (entry.deliveredAt === undefined) return [];
      return [BOUNCED[entry.bounceType], ...late(entry.deliveredAt)];
    case "bounce_bad_address":
      return [];
    case "open":
      return entry.machine ? ["opens_machine"] : ["opens", ...(entry.first ? UNIQUE.open : [])];
    case "click":
      return entry.machine ? ["clicks_machine"] : ["clicks", ...(entry.first ? UNIQUE.click : [])];
    case "unsubscribe":
      return ["unsubscribes"];
    case "spam_complaint":
      return ["complaints"];
    case "suppressed":
      return ["suppressed"];
    case "cancelled":
    case "stopped":
      // Its message counts it.
      return [];
  }
}

const BOUNCED: Readonly<Record<BounceType, Counter>> = {
  h: "bounced_hard",
  s: "bounced_soft",
  o: "bounced_other",
};

const UNIQUE = { open: ["opens_unique"], click: ["clicks_unique"] } as const;

function late(deliveredAt: number | null): readonly Counter[] {
  return deliveredAt === null ? [] : ["late_bounces"];
}

function underOf(entry: LogEntry): Under {
  // Of an unsubscribe whose message is purged only this is known: it stops marketing mail.
  const unknown = entry.name === "unsubscribe" ? "marketing" : "transactional";
  const domain = isTold(entry) ? domainOf(entry.email) : entry.domain;
  return { mailClass: entry.mailClass ?? unknown, tag: entry.tags, group: groupOf(domain) };
}

/** Without a domain (its address was erased) there is no group. */
function groupOf(domain: string): string | null {
  return domain === "" ? null : domainGroup(domain.toLowerCase());
}

function newSheet(): Sheet {
  return { tags: new Map(), groups: new Map() };
}

function add(
  sheet: Sheet,
  { mailClass, tag, group }: Under,
  { counter, n }: { readonly counter: Counter; readonly n: number },
): void {
  if (n === 0) return;
  const index = COUNTERS.indexOf(counter);
  for (const [cells, name] of [
    [sheet.tags, tag],
    [sheet.groups, group],
  ] as const) {
    const place = JSON.stringify([mailClass, name]);
    const cell = cells.get(place) ?? { mailClass, name, counts: COUNTERS.map(() => 0) };
    cell.counts[index] = (cell.counts[index] ?? 0) + n;
    cells.set(place, cell);
  }
}

function cellsOf(sheet: Sheet): Change["added"] {
  return { tags: [...sheet.tags.values()], groups: [...sheet.groups.values()] };
}
