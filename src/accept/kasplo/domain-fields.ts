// What the operations on domains share.
import * as z from "zod";
import { shownAs } from "../json-schema.ts";
import { parseDomain } from "../../model/address.ts";

/** A domain name, parsed to A-labels in lower case. */
export const domainField = shownAs(
  z.string().transform((text, context) => {
    const domain = parseDomain(text.trim());
    if (domain.ok) return domain.value;
    context.addIssue("must be a domain name such as mail.example.com");
    return z.NEVER;
  }),
  z.string().meta({ examples: ["mail.example.com"] }),
);

/** The domain in the path. */
export const domainParams = z.object({ domain: domainField });
