// Requests of the Audience API (contract 1.4).
import * as z from "zod";
import { MAX_LIKE_BYTES } from "../../store/db.ts";

/** Rows of a page unless asked otherwise, and at most. */
export const DEFAULT_PAGE_SIZE = 10;
const MAX_PAGE_SIZE = 100;

/** Pages are asked for by number; nothing has so many. */
const MAX_PAGE = 1_000_000;

function whole(byDefault: number, most: number) {
  const reason = `must be a whole number from 1 to ${most}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, reason)
    .transform(Number)
    .pipe(z.number().min(1, reason).max(most, reason))
    .default(byDefault);
}

/** The query of every list. */
export const pageQuery = z.object({
  pageSize: whole(DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE),
  page: whole(1, MAX_PAGE),
  name: z
    .string()
    .refine(
      (text) => new TextEncoder().encode(text).length <= MAX_LIKE_BYTES,
      `must be at most ${MAX_LIKE_BYTES} bytes`,
    )
    .default(""),
});

/** The query of tags: 1 is active, 2 inactive. */
export const tagQuery = pageQuery.extend({
  status: z.enum(["1", "2"], "must be 1 or 2").default("1"),
});

export const sidParams = z.object({ sid: z.string() });

/** Contacts of one request (E-07). */
export const MAX_CONTACTS = 100;

/** Bytes of a request: its contacts are answered again, and 20 KB each are plenty. */
export const MAX_CONTACT_BYTES = 2 * 1024 * 1024;

/** Tags of one request. */
const MAX_TAGS_GIVEN = 100;

/** What is wrong with one contact is told of that contact, not of the request. */
export const contactBody = z.object({
  update_subscribers: z.boolean("must be true or false").default(false),
  data: z
    .array(z.looseObject({}, "must be objects"), "must be a list of contacts")
    .min(1, "must have a contact")
    .max(MAX_CONTACTS, `must have at most ${MAX_CONTACTS} contacts`),
  list_id: z.string("must be the list_id of a list"),
  tags: z
    .array(z.string("must be tag ids"), "must be a list of tag ids")
    .max(MAX_TAGS_GIVEN, `must be at most ${MAX_TAGS_GIVEN}`)
    .default([]),
});
export type ContactBody = z.output<typeof contactBody>;
