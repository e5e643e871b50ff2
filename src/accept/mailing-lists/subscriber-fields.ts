// Subscribers on the wire (contract 3.6): what a request says of one, and how one is shown.
import * as z from "zod";
import { fail, ok, type Result } from "../../lib/result.ts";
import { MEMBERSHIP_STATUSES } from "../../model/contact.ts";
import { type CustomField, type FieldValue, fieldValue } from "../../model/custom-field.ts";
import type { List } from "../../model/list.ts";
import { listSettings } from "../../model/list-settings.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import type { Subscriber, ValueChanges } from "../../store/contact.ts";
import { epochSeconds, isoSeconds } from "./envelope.ts";
import { shortValue } from "./list-fields.ts";
import { longValues } from "./map.ts";
import { wrapped } from "./schema.ts";

/** Characters of an IP address as text, IPv6 with an IPv4 tail included. */
const MAX_IP = 45;

const keys = z.object(
  {
    email: z.string("must be an address").trim().optional(),
    status: z
      .enum(MEMBERSHIP_STATUSES, `must be one of ${MEMBERSHIP_STATUSES.join(", ")}`)
      .optional(),
    subscribe_ip: z
      .string("must be an IP address")
      .regex(/^[0-9a-fA-F.:]*$/, "must be an IP address")
      .max(MAX_IP, "must be an IP address")
      .nullable()
      .optional(),
    confirmed: z.boolean("must be true or false").optional(),
    email_format: z.enum(["html", "plaintext"], "must be html or plaintext").optional(),
    custom_fields: z
      .record(z.string(), z.unknown(), "must be an object of names and values")
      .transform((values) =>
        Object.fromEntries(
          Object.entries(values).map(([name, value]) => [name, shortValue(value)]),
        ),
      )
      .optional(),
  },
  "must be an object",
);

/** The body of a change. */
export const subscriberChange = wrapped("subscriber", keys);

/** The body that puts somebody on a list. */
export const newSubscriber = wrapped(
  "subscriber",
  keys.extend({ email: z.string("cannot be blank").trim().min(1, "cannot be blank") }),
);

/** Values to change, those of all lists and the list's own; null takes one away. */
export function valuesAfter(
  asked: Readonly<Record<string, unknown>>,
  fields: readonly CustomField[],
): Result<Readonly<Record<"all" | "list", ValueChanges>>, Problem> {
  const values: Record<"all" | "list", Record<string, FieldValue | null>> = { all: {}, list: {} };
  for (const [name, written] of Object.entries(asked)) {
    const path = `custom_fields.${name}`;
    const field = fields.find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (!field) return fail(invalidField(path, "is no custom field of the list"));
    const gone = written === null || written === "";
    if (gone && field.required) return fail(invalidField(path, "is required"));
    const value = gone ? ok(null) : fieldValue(field, written);
    if (!value.ok) return fail(invalidField(path, value.error));
    values[field.listId === null ? "all" : "list"][field.id] = value.value;
  }
  return ok(values);
}

/** Subscribers of a list, with the values of the fields that it has. */
export function shownSubscribers(
  list: List,
  subscribers: readonly Subscriber[],
  fields: readonly CustomField[],
) {
  const { has_format: format, has_confirmed: confirmed } = listSettings(list.settings);
  return subscribers.map(({ contact, membership }) => ({
    id: contact.id,
    mailing_list_id: list.id,
    email: contact.email,
    created_at: isoSeconds(contact.createdAt),
    created_at_epoch: epochSeconds(contact.createdAt),
    status: membership.status,
    subscribe_time: isoSeconds(membership.subscribedAt),
    subscribe_time_epoch: epochSeconds(membership.subscribedAt),
    subscribe_ip: membership.subscribeIp || null,
    ...(confirmed ? { confirmed: membership.confirmed } : {}),
    ...(format ? { email_format: membership.emailFormat } : {}),
    custom_fields: longValues(
      fields.map((field) => {
        const values = field.listId === null ? contact.fields : membership.fields;
        return [field, values[field.id] ?? null] as const;
      }),
    ),
  }));
}
