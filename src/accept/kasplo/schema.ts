// The body of E-01 (contract 1.2) in its nested and its flat form, as one shape with the paths of
// the form that was used. Rules that need several fields are in map.ts.
import * as z from "zod";
import {
  address,
  attachments,
  displayName,
  entriesOf,
  flatRecipients,
  mailbox,
  MAX_KEYS,
  ownHeaders,
  type ParsedRecipient,
  recipients,
  refuse,
  replyTo,
  string,
  subject,
  tracking,
} from "./fields.ts";
import { type ParsedMetadata, metadataShape, parseMetadata, trackingIdOf } from "./metadata.ts";
import { shownAs } from "../json-schema.ts";
import type { Mailbox, Role } from "../../model/message.ts";
import { readSendAt } from "../../model/schedule.ts";

/** When to send (decision 15). */
export const sendAtField = shownAs(
  z.unknown().transform((value, context): number | null => {
    if (value === undefined || value === null) return null;
    const time = readSendAt(value);
    return time.ok ? time.value : refuse(context, { message: time.error });
  }),
  z.union([z.string(), z.number()]),
);

/** What both forms say about the message; `amp` and `amp_html` mean the same. */
const messageFields = {
  fromName: displayName.nullish(),
  replyTo: replyTo.nullish(),
  subject,
  text: string("the plain text").nullish(),
  html: string("the HTML").nullish(),
  amp: string("the AMP markup").nullish(),
  amp_html: string("the AMP markup").nullish(),
  autoText: z.boolean({ error: "must be true or false" }).nullish(),
  headers: ownHeaders.nullish(),
  attachments: attachments.nullish(),
  tracking: tracking.nullish(),
};

/** What both forms have at the top level. */
const envelopeFields = {
  sendAt: sendAtField.nullish(),
  onAmbiguous: z.enum(["retry", "hold"], { error: 'must be "retry" or "hold"' }).nullish(),
};

const groupsError = { error: 'must be an object such as {"to": [{"email": "name@example.com"}]}' };
const recipientGroups = z.object(
  { to: recipients.nullish(), cc: recipients.nullish(), bcc: recipients.nullish() },
  groupsError,
);

/** `{"email": {…}, "metadata": {…}}`. */
const nestedSchema = z.object({
  email: z.object(
    { from: address, ...messageFields, recipients: recipientGroups.nullish() },
    { error: "must be an object with from, subject, recipients, text or html" },
  ),
  ...envelopeFields,
});

/** `{"from", "to", "subject", …}`. */
const flatSchema = z.object({
  from: mailbox.nullish(),
  to: flatRecipients.nullish(),
  cc: flatRecipients.nullish(),
  bcc: flatRecipients.nullish(),
  ...messageFields,
  ...envelopeFields,
});

/** Keys that only the flat form has at its top level; next to `email` they contradict it (C-03). */
const FLAT_KEYS: ReadonlySet<string> = new Set(
  Object.keys(flatSchema.shape).filter((key) => !(key in envelopeFields)),
);

const EXAMPLE = {
  email: {
    from: "hello@edgepost.test",
    subject: "Hello",
    text: "Hello from Edgepost",
    recipients: { to: [{ email: "you@example.com" }] },
  },
};

/** What parseMetadata and trackingIdOf read, beside either form. */
const besideMessage = {
  metadata: metadataShape.nullish(),
  "x-kasplo-click-tracking-id": z.string().nullish(),
};

/** A send request in one shape. `prefix` and `groups` lead from it back to the paths of its form. */
export type SendBody = {
  /** Before the name of a message field: `email.` or nothing. */
  readonly prefix: "email." | "";
  /** Before `to`, `cc` and `bcc`. */
  readonly groups: "email.recipients." | "";
  readonly from: Mailbox | null;
  readonly message: MessageFields;
  readonly recipients: Readonly<Record<Role, readonly ParsedRecipient[]>>;
  readonly trackingId: string | null;
  readonly metadata: ParsedMetadata;
  readonly onAmbiguous: "retry" | "hold";
  /** Epoch milliseconds; null is at once. */
  readonly sendAt: number | null;
};
type MessageFields = Omit<z.output<typeof flatSchema>, "from" | Role | keyof typeof envelopeFields>;

const eitherForm = z.unknown().transform((body, context): SendBody => {
  const entries = entriesOf(body);
  if (!entries) {
    return refuse(context, { message: `must be a JSON object of at most ${MAX_KEYS} keys` });
  }
  const given = new Map(entries);
  const trackingId = trackingIdOf(given);
  if (!trackingId.ok) return refuse(context, trackingId.error);
  const metadata = parseMetadata(given.get("metadata"));
  if (!metadata.ok) return refuse(context, metadata.error);
  const nested = given.get("email") !== undefined && given.get("email") !== null;
  const flatKey = entries.find(([key, value]) => FLAT_KEYS.has(key) && value != null)?.[0];
  if (nested && flatKey !== undefined) {
    const message = `stands next to "email": put it into "email", or use the flat form without "email"`;
    return refuse(context, { message, path: [flatKey] });
  }
  if (!nested && flatKey === undefined) {
    return refuse(context, { message: "is required: an object with the message", path: ["email"] });
  }
  const rest = { trackingId: trackingId.value, metadata: metadata.value };
  const result = nested ? parseNested(body, rest) : parseFlat(body, rest);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  return refuse(context, { message: issue?.message ?? "is invalid", path: issue?.path ?? [] });
});

/** The body of `POST /v1/send-email`, either form. */
export const sendBodySchema = shownAs(
  eitherForm,
  z
    .union([nestedSchema.extend(besideMessage), flatSchema.extend(besideMessage)])
    .meta({ examples: [EXAMPLE] }),
);

type Rest = Pick<SendBody, "trackingId" | "metadata">;

function parseNested(body: unknown, rest: Rest) {
  return nestedSchema
    .transform(({ email: { from, recipients, ...message }, onAmbiguous, sendAt }): SendBody => {
      const { to, cc, bcc } = recipients ?? {};
      return {
        prefix: "email.",
        groups: "email.recipients.",
        from: { address: from, name: message.fromName ?? "" },
        message,
        recipients: { to: to ?? [], cc: cc ?? [], bcc: bcc ?? [] },
        onAmbiguous: onAmbiguous ?? "retry",
        sendAt: sendAt ?? null,
        ...rest,
      };
    })
    .safeParse(body);
}

function parseFlat(body: unknown, rest: Rest) {
  return flatSchema
    .transform(({ from, to, cc, bcc, onAmbiguous, sendAt, ...message }): SendBody => {
      return {
        prefix: "",
        groups: "",
        from: from ? { address: from.address, name: message.fromName ?? from.name } : null,
        message,
        recipients: { to: to ?? [], cc: cc ?? [], bcc: bcc ?? [] },
        onAmbiguous: onAmbiguous ?? "retry",
        sendAt: sendAt ?? null,
        ...rest,
      };
    })
    .safeParse(body);
}
