// The From field of a message that somebody else made (RFC 5322 §3.6.2): exactly one mailbox, read in
// only one way. What two readers could take for two different senders is refused.
import { fail, ok, type Result } from "../../lib/result.ts";
import { parseMailbox } from "../address.ts";
import type { Mailbox } from "../message.ts";
import { withoutComments } from "./comments.ts";
import { decodeWords } from "./encoded-word.ts";

/** As E-01's fromName. */
const MAX_NAME_LENGTH = 255;

/** The mailbox of a From field, its name decoded; a comment is the name when there is no other. */
export function parseFrom(value: string): Result<Mailbox, string> {
  const split = withoutComments(value);
  if (!split) return fail("has a quote or a comment that does not end");
  if (split.list) return fail("must name exactly one address");
  const mailbox = parseMailbox(split.text.trim());
  if (!mailbox.ok) return mailbox;
  const { address, name } = mailbox.value;
  const decoded = decodeWords(name === "" ? split.comment : name);
  if (decoded.length > MAX_NAME_LENGTH)
    return fail(`has a name over ${MAX_NAME_LENGTH} characters`);
  return ok({ address, name: decoded });
}
