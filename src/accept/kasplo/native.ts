// What the native resources share: envelopes, times and pages (decision 2).
import * as z from "zod";
import { isUuidv7 } from "../../lib/id.ts";
import { shownAs } from "../json-schema.ts";
import type { Answer } from "../endpoint.ts";

/** Items on a page unless asked otherwise, and at most. */
const DEFAULT_LIMIT = 25;
const MAX_LIMIT = 100;

/** `limit` of a list, unless it is asked for. */
export function limitOf(byDefault: number) {
  return z.coerce
    .number("must be a whole number")
    .int("must be a whole number")
    .min(1, "must be at least 1")
    .max(MAX_LIMIT, `must be at most ${MAX_LIMIT}`)
    .default(byDefault);
}

/** `limit` of a list. */
export const limitParameter = limitOf(DEFAULT_LIMIT);

/** A date, or a date and a time with its zone; Date.parse alone also takes `-1` or `5 dogs`. */
const ISO_8601 = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/;

/** The end of the year 9999: later moments have no such text. */
const MAX_TIME = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** A moment as ISO 8601 or epoch milliseconds; parsed to epoch milliseconds. */
export const timeParameter = shownAs(
  z.string().transform((text, context) => {
    const written = ISO_8601.test(text) ? Date.parse(text) : Number.NaN;
    const time = /^\d+$/.test(text) ? Number(text) : written;
    if (Number.isSafeInteger(time) && time >= 0 && time <= MAX_TIME) return time;
    context.addIssue("must be ISO 8601 such as 2026-11-21T10:00:00Z, or epoch milliseconds");
    return z.NEVER;
  }),
  z.string().meta({ examples: ["2026-11-21T10:00:00Z", "1795255200000"] }),
);

/** A moment in an answer. */
export const isoTime = z.iso.datetime();

/** A moment, or null where there is none. */
export const maybeTime = isoTime.nullable();

/** The answer that `one` makes, for `response` of an endpoint. */
export function dataOf<Data extends z.ZodType>(data: Data) {
  return z.object({ data });
}

/** The answer that `page` makes, for `response` of an endpoint. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ data: z.array(item), next_cursor: z.string().nullable() });
}

/** One thing. */
export function one(data: unknown, status = 200): Answer {
  return { status, json: { data } };
}

/** A page of things. */
export function page(data: readonly unknown[], nextCursor: string | null): Answer {
  return { status: 200, json: { data, next_cursor: nextCursor } };
}

/** Epoch milliseconds as ISO 8601, UTC; null stays null. */
export function iso(time: number): string;
export function iso(time: number | null): string | null;
export function iso(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}

/** `cursor` of a list whose things have UUIDs: the id that ended the page before. */
export const uuidCursor = z
  .string()
  .refine(isUuidv7, "must be the next_cursor of an earlier answer")
  .optional();

/** `cursor` of a list whose things have numbers: the number that ended the page before, 0 at first. */
export const idCursor = z
  .string()
  .regex(/^\d{1,15}$/, "must be the next_cursor of an earlier answer")
  .transform(Number)
  .default(0);

/** Of things that were asked for one more than a page shows: those to show, and the next cursor. */
export function numbered<T>(
  found: readonly T[],
  limit: number,
  numberOf: (one: T) => number,
): { readonly shown: readonly T[]; readonly next: string | null } {
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const more = found.length > limit && last !== undefined;
  return { shown, next: more ? String(numberOf(last)) : null };
}
