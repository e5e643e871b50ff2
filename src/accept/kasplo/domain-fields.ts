// What the operations on domains share.
import * as z from "zod";
import { shownAs } from "../json-schema.ts";
import { parseDomain } from "../../model/address.ts";
import { GATES } from "../../model/sender-domain.ts";
import { isoTime, maybeTime } from "./native.ts";

/** A domain name, parsed to A-labels in lower case. */
export const domainField = shownAs(
  z.string().transform((text, context) => {
    const domain = parseDomain(text.trim());
    if (domain.ok) return domain.value;
    context.addIssue("must be a domain name such as mail.example.com");
    return z.NEVER;
  }),
  z.string().meta({ examples: ["example.com"] }),
);

/** The domain in the path. */
export const domainParams = z.object({ domain: domainField });

/** A sender domain as answers show it. */
export const domainView = z.object({
  domain: z.string(),
  state: z.string(),
  default_sender: z.string().nullable(),
  default_name: z.string().nullable(),
  return_path_domain: z.string(),
  return_path_ready: z.boolean(),
  tracking_domain: z.string().nullable(),
  tracking_ready: z.boolean(),
  tracking: z.object({ opens: z.boolean(), clicks: z.boolean() }),
  ed25519: z.boolean(),
  gate: z.enum(GATES),
  dkim_rotation_asked_at: maybeTime,
  created_at: isoTime,
  checked_at: maybeTime,
  next_check_at: maybeTime,
  records: z.array(
    z.object({
      type: z.enum(["TXT", "MX", "CNAME"]),
      name: z.string(),
      value: z.string(),
      status: z.string(),
      purpose: z.string(),
      required: z.boolean(),
      found: z.array(z.string()),
      advice: z.string(),
    }),
  ),
});
