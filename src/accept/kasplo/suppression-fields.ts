// What the operations of /v1/suppressions share: how an entry is asked for, and how it is shown.
import * as z from "zod";
import { fail, ok, type Result } from "../../lib/result.ts";
import type { TableShape } from "../../lib/table.ts";
import { headerTextFault } from "../../model/header.ts";
import { MAIL_CLASSES } from "../../model/message.ts";
import {
  bareEntry,
  classesStoppedBy,
  domainEntry,
  emailEntry,
  entryType,
  md5Entry,
  type NewSuppression,
  parseEntry,
  SUPPRESSION_SCOPES,
  type Suppression,
  type SuppressionChange,
  type SuppressionScope,
} from "../../model/suppression.ts";
import { iso, isoTime } from "./native.ts";

/** Characters of a reason; what is kept of a relay's words is no longer. */
const MAX_REASON_LENGTH = 1_000;

/** A reason as people write it. */
export const reasonField = z
  .string("must be a text")
  .trim()
  .max(MAX_REASON_LENGTH, `must have at most ${MAX_REASON_LENGTH} characters`)
  .superRefine((text, context) => {
    const fault = headerTextFault(text);
    if (fault) context.addIssue(fault);
  });

/** A scope. */
export const scopeField = z.enum(SUPPRESSION_SCOPES, {
  error: `must be one of ${SUPPRESSION_SCOPES.join(", ")}`,
});

/** An entry as a request gives it: one of email, domain and md5, or `entry` in any of the three forms. */
export const entryFields = z.object({
  entry: z.string().optional(),
  email: z.string().optional(),
  domain: z.string().optional(),
  md5: z.string().optional(),
  scope: scopeField.optional(),
  reason: reasonField.optional(),
});

/** What stands in a request that names no scope or reason. */
export type Defaults = { readonly scope: SuppressionScope; readonly reason: string };

/** What is wrong with which field. */
export type Fault = { readonly path: string; readonly reason: string };

/** The entry that a request asks for. */
export function requestedEntry(
  fields: z.output<typeof entryFields>,
  defaults: Defaults,
): Result<NewSuppression, Fault> {
  const entry = entryOf(fields);
  if (!entry.ok) return entry;
  const { scope = defaults.scope, reason = defaults.reason } = fields;
  return ok({ entry: entry.value, scope, reason });
}

function entryOf(fields: z.output<typeof entryFields>): Result<string, Fault> {
  const { entry, email, domain, md5 } = fields;
  if (entry !== undefined) return named("entry", parseEntry(entry));
  if ([email, domain, md5].filter((value) => value !== undefined).length !== 1) {
    return fail({ path: "email", reason: "give exactly one of email, domain and md5" });
  }
  if (email !== undefined) return named("email", emailEntry(email));
  if (domain !== undefined) return named("domain", domainEntry(domain));
  return named("md5", md5Entry(md5 ?? ""));
}

function named(path: string, parsed: Result<string, string>): Result<string, Fault> {
  return parsed.ok ? parsed : fail({ path, reason: parsed.error });
}

/** The event that made an entry of this scope, if Edgepost made it. */
const EVENTS: Readonly<Record<SuppressionScope, string | null>> = {
  global: null,
  complaint: "spam_complaint",
  bounce: "bounce_bad_address",
  unsubscribe: "unsubscribe",
  transactional: null,
};

/** What `shown` makes. */
export const suppressionView = z.object({
  entry: z.string(),
  email: z.string().optional(),
  domain: z.string().optional(),
  md5: z.string().optional(),
  scope: scopeField,
  stops: z.array(z.enum(MAIL_CLASSES)),
  reason: z.string(),
  evidence: z
    .object({ message_id: z.string(), event: z.string().nullable(), text: z.string() })
    .nullable(),
  added_by: z.string().nullable(),
  created_at: isoTime,
});

/** What `shownChange` makes. */
export const changeView = z.object({
  action: z.string(),
  scope: scopeField,
  at: isoTime,
  by: z.string().nullable(),
  reason: z.string(),
  message_id: z.string().nullable(),
});

/** An entry as answers and exports show it. */
export function shown(suppression: Suppression) {
  const { entry, scope, reason, messageId, keyId, createdAt } = suppression;
  const event = keyId === null ? EVENTS[scope] : null;
  return {
    entry,
    [entryType(entry)]: bareEntry(entry),
    scope,
    stops: classesStoppedBy(scope),
    reason,
    evidence: messageId === null ? null : { message_id: messageId, event, text: reason },
    added_by: keyId,
    created_at: iso(createdAt),
  };
}

/** How files have entries: in CSV one flat line, in JSON as answers show them. */
export const suppressionShape: TableShape<Suppression> = {
  columns: ["entry", "scope", "reason", "message_id", "added_by", "created_at"],
  cells: ({ entry, scope, reason, messageId, keyId, createdAt }) => [
    entry,
    scope,
    reason,
    messageId ?? "",
    keyId ?? "",
    iso(createdAt),
  ],
  json: shown,
};

/** A change as answers show it. */
export function shownChange(change: SuppressionChange) {
  const { action, scope, at, keyId, reason, messageId } = change;
  return { action, scope, at: iso(at), by: keyId, reason, message_id: messageId };
}
