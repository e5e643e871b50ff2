// Exports, as /v1/exports answers them. Pure.
import { isoOf } from "../../lib/local-time.ts";
import { SCOPES } from "../../lib/words.ts";
import { may, type Me } from "../../lib/session.ts";

export type Export = {
  readonly id: string;
  readonly kind: string;
  readonly format: string;
  readonly from: string;
  readonly to: string;
  readonly filters: Readonly<Record<string, unknown>>;
  readonly state: string;
  readonly rows: number;
  readonly progress: number | null;
  readonly size: number | null;
  readonly link: string | null;
  readonly error: string | null;
  readonly created_at: string;
  readonly expires_at: string;
};

export const KINDS = [
  ["events", "events: every attempt, bounce, open, click …"],
  ["messages", "messages: each recipient and what became of it"],
  ["statistics", "statistics: counts by time"],
  ["suppressions", "suppressions"],
  ["contacts", "contacts"],
] as const;

/** The kinds that somebody may order: what they may not read, they get as no file. */
export function kindsFor(me: Me): readonly (typeof KINDS)[number][] {
  return KINDS.filter(([kind]) => may(me, kind === "statistics" ? "stats" : kind));
}

export const FORMATS = ["csv", "json", "ndjson"] as const;

export const STATES = [
  ["", "all"],
  "queued",
  "sending",
  "deferred",
  "delivered",
  "bounced",
  "expired",
  "suppressed",
  "cancelled",
  "held",
] as const;

export const ANY_SCOPE = [["", "all"], ...SCOPES] as const;

export const INTERVALS = ["hour", "day"] as const;
export const BY = [
  ["domain_group", "recipient domains"],
  ["tag", "tags"],
] as const;

/** What the form holds; empty text asks for nothing. */
export type Order = {
  readonly kind: string;
  readonly format: string;
  readonly from: string;
  readonly to: string;
  readonly events: readonly string[];
  readonly mail_class: string;
  readonly state: string;
  readonly scope: string;
  readonly interval: string;
  readonly by: string;
  readonly list: string;
};

/** What the form asks for at first. */
export const NO_ORDER: Order = {
  kind: "events",
  format: "csv",
  from: "",
  to: "",
  events: [],
  mail_class: "",
  state: "",
  scope: "",
  interval: "day",
  by: "domain_group",
  list: "",
};

/** The body of POST /v1/exports: only what means something for the kind. Times are the viewer's. */
export function bodyOf(order: Order): Readonly<Record<string, unknown>> {
  const { kind, format, events, mail_class, state, scope, interval, by, list } = order;
  const filters: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    events: { events: events.length > 0 ? events : "", state, mail_class },
    messages: { state, mail_class },
    statistics: { interval, by, mail_class },
    suppressions: { scope },
    contacts: { list },
  };
  const times = { from: isoOf(order.from), to: isoOf(order.to) };
  const given = Object.entries({ ...times, ...filters[kind] });
  return { kind, format, ...Object.fromEntries(given.filter(([, value]) => value !== "")) };
}

/** Whether its work goes on. */
export function isRunning({ state }: Pick<Export, "state">): boolean {
  return state === "queued" || state === "running";
}

/** The filters of an export in words. */
export function filterWords({ filters }: Pick<Export, "filters">): string {
  return Object.entries(filters)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${wordsOf(value)}`)
    .join(", ");
}

function wordsOf(value: unknown): string {
  if (typeof value === "object" && value !== null && "name" in value) return String(value.name);
  return String(value);
}
