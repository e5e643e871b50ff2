// The body of E-02 (contract 1.3), in the shape that the sends of all dialects have.
import * as z from "zod";
import { parseMailbox } from "../../model/address.ts";
import { headerTextFault } from "../../model/header.ts";
import {
  address,
  displayName,
  entriesOf,
  flatRecipients,
  MAX_KEYS,
  ownHeaders,
  refuse,
  replyTo,
  string,
  subject,
} from "../kasplo/fields.ts";
import { shownAs } from "../json-schema.ts";

/** Who a request says it is from: an address with or without a name, or a name alone (C-47). */
export type GivenFrom = { readonly address: string | null; readonly name: string };

/** `KasaPost <hello@kasapost.com>`, an address, or only a display name. */
const from = shownAs(
  string("an address, `Name <name@example.com>`, or a display name").transform(
    (text, context): GivenFrom => {
      if (text.includes("@")) {
        const mailbox = parseMailbox(text);
        return mailbox.ok ? mailbox.value : refuse(context, { message: mailbox.error });
      }
      const fault = headerTextFault(text);
      return fault === null
        ? { address: null, name: text.replace(/<\s*>\s*$/, "").trim() }
        : refuse(context, { message: fault });
    },
  ),
  z.string(),
);

/** List-Unsubscribe is not among the safe headers of this API. */
const NOT_HERE = /^list-unsubscribe(-post)?$/i;

const safeHeaders = shownAs(
  ownHeaders.transform((headers, context) => {
    const wrong = headers.find(([name]) => NOT_HERE.test(name));
    if (!wrong) return headers;
    const message =
      "may not be set: use X-…, List-Help, References, In-Reply-To, Auto-Submitted or Precedence";
    return refuse(context, { message, path: [wrong[0]] });
  }),
  z.record(z.string(), z.string()),
);

const fields = z.object({
  to: flatRecipients.nullish(),
  cc: flatRecipients.nullish(),
  bcc: flatRecipients.nullish(),
  subject,
  text: string("the plain text").nullish(),
  html: string("the HTML").nullish(),
  from: from.nullish(),
  from_email: address.nullish(),
  from_name: displayName.nullish(),
  reply_to: replyTo.nullish(),
  headers: safeHeaders.nullish(),
});

const body = z.unknown().transform((value, context): z.output<typeof fields> => {
  if (!entriesOf(value)) {
    return refuse(context, { message: `must be a JSON object of at most ${MAX_KEYS} keys` });
  }
  const parsed = fields.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return refuse(context, { message: issue?.message ?? "is invalid", path: issue?.path ?? [] });
});

const EXAMPLE = {
  to: ["customer@example.com"],
  subject: "Welcome to KasaPost",
  text: "Your mailbox and sending lane are ready.",
};

/** The body of `POST /api/v2/kasapost/send/`. */
export const sendBodySchema = shownAs(body, fields.meta({ examples: [EXAMPLE] }));
export type KasapostBody = z.output<typeof fields>;
