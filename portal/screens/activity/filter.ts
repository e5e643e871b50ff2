// The filters of the activity screen: how what is typed and chosen goes into the URL, and what a range of time lets
// in. Pure.
import { isoOf, localOf } from "../../lib/local-time.ts";
import { type ActivityEvent, atOf } from "./event.ts";

/** Filters as they stand in the URL, in the words of the API; times are ISO 8601 in UTC. */
export type Query = Readonly<Record<string, string>>;

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const SECOND_MS = 1_000;

/** What a field shows: what was typed into it, else what stands in the URL; times are the viewer's. */
export function shownIn(name: string, query: Query, typed: Query): string {
  const kept = query[name] ?? "";
  return typed[name] ?? (isTime(name) ? localOf(kept) : kept);
}

/** The filters with what was typed, and with what was chosen just now. */
export function submitted(query: Query, typed: Query, chosen: Query = {}): Query {
  const fields = Object.entries(typed).map(([name, text]) => {
    if (!isTime(name)) return [name, text.trim()];
    // A field has minutes: a time that nobody changed keeps its seconds.
    const kept = query[name] ?? "";
    return [name, text === localOf(kept) ? kept : isoOf(text)];
  });
  return { ...query, ...Object.fromEntries(fields), ...chosen };
}

function isTime(name: string): boolean {
  return name === "from" || name === "to";
}

/** So many hours before now, on a minute, as a field can show it. */
export function hoursBefore(now: number, hours: number): string {
  return new Date(Math.floor((now - hours * HOUR_MS) / MINUTE_MS) * MINUTE_MS).toISOString();
}

/** What is to be done about a range that holds nothing; null when it is good. */
export function rangeFault({ from = "", to = "" }: Query): string | null {
  const isTurned = new Date(from).getTime() > new Date(to).getTime();
  return isTurned
    ? "This range ends before it begins: choose an earlier From, or a later To."
    : null;
}

/** Whether nothing new can come into a range. */
export function isOver({ to }: Query, now: number): boolean {
  return to !== undefined && new Date(to).getTime() <= now;
}

/** Whether an event of the live feed, which knows no ranges, belongs to this one; events have seconds. */
export function isWithin(event: ActivityEvent, { from = "", to = "" }: Query): boolean {
  const at = new Date(atOf(event)).getTime();
  const [start, end] = [new Date(from).getTime(), new Date(to).getTime()];
  return !(at < Math.floor(start / SECOND_MS) * SECOND_MS) && !(at > end);
}
