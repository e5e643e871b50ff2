// Requests of the Audience API (contract 1.4).
import * as z from "zod";
import { AUDIENCE_TYPE_NAMES } from "../../model/custom-field.ts";
import { shownAs } from "../json-schema.ts";
import { namePart } from "../kasplo/named.ts";

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
  name: namePart,
});

/** The query of tags: 1 is active, 2 inactive. */
export const tagQuery = pageQuery.extend({
  status: z.enum(["1", "2"], "must be 1 or 2").default("1"),
});

const MESSAGE = "Request processed successfully.";

/** `YYYY-MM-DDThh:mm:ssZ`. */
const time = z.iso.datetime({ precision: 0 });
const hexId = z.string().regex(/^[0-9a-f]{32}$/);
const number = z.literal([1, 2]).describe("1 is active, 2 is not");

function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    data: z.array(item),
    error: z.object({}),
    limit: z.int(),
    message: z.literal(MESSAGE),
    status: z.literal(200),
    total: z.int(),
  });
}

/** The answer of E-04. */
export const listPage = pageOf(
  z.object({
    name: z.string(),
    list_id: hexId,
    status: number,
    created_at: time,
    updated_at: time,
  }),
);

/** The answer of E-05. */
export const fieldPage = pageOf(
  z.object({
    name: z.string(),
    custom_id: hexId,
    type: z.enum(AUDIENCE_TYPE_NAMES),
    values: z.string().describe("What to choose from, with commas between"),
    status: number,
    created_at: time,
    updated_at: time,
    required: z.literal([0, 1]),
    default: z.string(),
  }),
);

/** The answer of E-06, an envelope of its own (C-43). */
export const tagPage = z.object({
  data: z.array(
    z.object({
      tag_id: z.string(),
      name: z.string(),
      status: number,
      created_at: time,
      modified_at: time,
    }),
  ),
  limit: z.int(),
  message: z.literal("Success"),
  status: z.literal(true),
  statuscode: z.literal(200),
  total: z.int(),
});

/** The answer of E-07. */
export const contactReport = z.object({
  status: z.literal(202),
  message: z.literal(MESSAGE),
  data: z.object({
    invalid_contacts: z
      .array(z.looseObject({ string: z.string(), reason: z.string() }))
      .describe("As they came, with what is wrong with each"),
    total_invalid: z.int(),
    total_valid: z.int(),
    valid_contacts: z.array(z.looseObject({})).describe("As they came"),
  }),
  error: z.object({}),
});

export const sidParams = z.object({ sid: z.string() });

/** Contacts of one request (E-07). */
export const MAX_CONTACTS = 100;

/** Bytes of a request: its contacts are answered again, and 20 KB each are plenty. */
export const MAX_CONTACT_BYTES = 2 * 1024 * 1024;

/** Tags of one request. */
const MAX_TAGS_GIVEN = 100;

const contact = shownAs(
  z.looseObject({}, "must be objects"),
  z.object({
    email: z.string(),
    first_name: z.string().optional(),
    last_name: z.string().optional(),
    custom_fields: z.record(z.string(), z.unknown()).optional(),
  }),
);

const EXAMPLE = {
  update_subscribers: true,
  data: [{ email: "test@kasplo.com", first_name: "John", last_name: "Doe" }],
  list_id: "229dc5317d78a2ab45ac641a5a4de156",
};

const contactFields = z.object({
  update_subscribers: z.boolean("must be true or false").default(false),
  data: z
    .array(contact, "must be a list of contacts")
    .min(1, "must have a contact")
    .max(MAX_CONTACTS, `must have at most ${MAX_CONTACTS} contacts`),
  list_id: z.string("must be the list_id of a list"),
  tags: z
    .array(z.string("must be tag ids"), "must be a list of tag ids")
    .max(MAX_TAGS_GIVEN, `must be at most ${MAX_TAGS_GIVEN}`)
    .default([]),
});

/** What is wrong with one contact is told of that contact, not of the request. */
export const contactBody = contactFields.meta({ examples: [EXAMPLE] });
export type ContactBody = z.output<typeof contactBody>;
