// Requests about lists (contract 1.5, 3.2). Each key may be left out; an update changes what it names. Whether
// what is named exists is asked in references.ts.
import * as z from "zod";
import { parseAddress } from "../../model/address.ts";
import { headerTextFault } from "../../model/header.ts";
import { MAX_LIST_NAME } from "../../model/list.ts";
import { DELAY_UNITS, parsePercentage, WINNER_METRICS } from "../../model/list-settings.ts";

/** Characters of a text; a name in a header is shorter than one of its lines. */
const MAX_TEXT_LENGTH = 255;

/** Messages an hour that anybody can mean. */
const MAX_SPEED = 1_000_000_000;
const MAX_DELAY = 100_000;

/** Names and values of one request. */
const MAX_ENTRIES = 500;

/** Lines of headers, with room for each to be as long as it may. */
const MAX_HEADERS_LENGTH = 20_000;

/** An object under its own name, or by itself (C-33). */
export function wrapped<Inner extends z.ZodType>(name: string, inner: Inner) {
  return z.preprocess((body: unknown) => {
    if (typeof body !== "object" || body === null || !(name in body)) return body;
    return Object.entries(body).find(([key]) => key === name)?.[1];
  }, inner);
}

/** A text that is null when it is empty. */
const text = z
  .string("must be text or null")
  .trim()
  .max(MAX_TEXT_LENGTH, `must be at most ${MAX_TEXT_LENGTH} characters`)
  .superRefine((value, context) => {
    const fault = headerTextFault(value);
    if (fault) context.addIssue(fault);
  })
  .transform((value) => (value === "" ? null : value))
  .nullable();

/** An address that is null when it is empty. */
const address = text.transform((value, context) => {
  if (value === null) return null;
  const parsed = parseAddress(value);
  if (parsed.ok) return parsed.value;
  context.addIssue(parsed.error);
  return z.NEVER;
});

const flag = z.boolean("must be true or false");

function whole(least: number, most: number) {
  return z
    .int(`must be a whole number from ${least} to ${most}, or null`)
    .min(least, `must be at least ${least}`)
    .max(most, `must be at most ${most}`);
}

const percentage = z
  .union([z.number(), z.string()], 'must be a number such as "12.5"')
  .transform((given, context) => {
    const parsed = parsePercentage(given);
    if (parsed.ok) return parsed.value;
    context.addIssue(parsed.error);
    return z.NEVER;
  });

/** Numbers that count records. */
export const recordId = z.int("must be the number of a record").min(0, "must not be negative");

const analytics = z.object(
  {
    enabled: flag.optional(),
    tracking_id: z.string("must be text").optional(),
    source: z.string("must be text").optional(),
    restrict_to_domain_list: flag.optional(),
    domain_list: z
      .array(z.string("must be host names"), "must be a list of host names")
      .max(MAX_ENTRIES, `must be at most ${MAX_ENTRIES}`)
      .optional(),
  },
  "must be an object",
);
export type AnalyticsAsked = z.output<typeof analytics>;

/** A name: not blank, one line. */
export function nameOf(most: number) {
  return z
    .string("cannot be blank")
    .trim()
    .min(1, "cannot be blank")
    .max(most, `must be at most ${most} characters`)
    .regex(/^\P{Cc}*$/u, "must not have control characters");
}

const keys = z.object(
  {
    name: nameOf(MAX_LIST_NAME).optional(),
    d_from_email: address.optional(),
    d_from_name: text.optional(),
    d_reply_to: address.optional(),
    d_virtual_mta: text.optional(),
    d_url_domain: text.optional(),
    d_speed: whole(0, MAX_SPEED).nullable().optional(),
    d_sender_email: address.optional(),
    d_bounce_email: address.optional(),
    d_seed_list_ids: z
      .array(recordId, "must be a list of numbers")
      .max(MAX_ENTRIES, `must be at most ${MAX_ENTRIES}`)
      .optional(),
    d_seed_list_names: z
      .array(z.string("must be names"), "must be a list of names")
      .max(MAX_ENTRIES, `must be at most ${MAX_ENTRIES}`)
      .optional(),
    d_autowinner_enabled: flag.optional(),
    d_autowinner_percentage: percentage.nullable().optional(),
    d_autowinner_delay_amount: whole(0, MAX_DELAY).nullable().optional(),
    d_autowinner_delay_unit: z
      .enum(DELAY_UNITS, `must be one of ${DELAY_UNITS.join(", ")}`)
      .optional(),
    d_autowinner_metric: z
      .enum(WINNER_METRICS, `must be one of ${WINNER_METRICS.join(", ")}`)
      .nullable()
      .optional(),
    has_format: flag.optional(),
    has_confirmed: flag.optional(),
    custom_headers_enabled: flag.optional(),
    custom_headers: z
      .string("must be text, one header on each line")
      .max(MAX_HEADERS_LENGTH, `must be at most ${MAX_HEADERS_LENGTH} characters`)
      .optional(),
    primary_key_custom_field_id: recordId.nullable().optional(),
    preview_custom_field_data: z
      .record(z.string(), z.unknown(), "must be an object of names and values")
      .refine(
        (value) => Object.keys(value).length <= MAX_ENTRIES,
        `must have at most ${MAX_ENTRIES}`,
      )
      .optional(),
    is_remote_list: flag.nullable().optional(),
    database_connection_id: z.unknown().optional(),
    database_connection_name: z.unknown().optional(),
    google_analytics: analytics.optional(),
  },
  "must be an object",
);

/** What a request says of a list. */
export type ListAsked = z.output<typeof keys>;

/** The body of an update. */
export const updateBody = wrapped("mailing_list", keys);

/** The body that makes a list: it has a name. */
export const createBody = wrapped("mailing_list", keys.extend({ name: nameOf(MAX_LIST_NAME) }));

/** A number in a path; anything else is the number of nothing. */
const pathId = z.string().transform((digits) => (/^\d{1,15}$/.test(digits) ? Number(digits) : 0));

export const listParams = z.object({ mailing_list_id: pathId });
