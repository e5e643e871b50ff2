// The From field of a message that somebody else made (RFC 5322 §3.6.2): exactly one mailbox, read in
// only one way. What two readers could take for two different senders is refused.
import { fail, ok, type Result } from "../../lib/result.ts";
import { parseMailbox } from "../address.ts";
import type { Mailbox } from "../message.ts";
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

type Split = {
  readonly text: string;
  readonly comment: string;
  /** A comma or semicolon stands outside of quotes and comments: a list or a group. */
  readonly list: boolean;
};

/** Takes the comments out (§3.2.2: they nest); null when a comment or a quoted-string has no end. */
function withoutComments(value: string): Split | null {
  let text = "";
  let comment = "";
  let depth = 0;
  let quoted = false;
  let list = false;
  for (let index = 0; index < value.length; index++) {
    const character = value.charAt(index);
    if (character === "\\" && (quoted || depth > 0)) {
      index += 1;
      if (depth > 0) comment += value.charAt(index);
      else text += character + value.charAt(index);
    } else if (depth > 0) {
      if (character === "(") depth += 1;
      if (character === ")") depth -= 1;
      if (depth > 0) comment += character;
    } else if (quoted) {
      quoted = character !== '"';
      text += character;
    } else if (character === "(") {
      depth = 1;
      text += " ";
    } else {
      quoted = character === '"';
      list ||= character === "," || character === ";";
      text += character;
    }
  }
  return quoted || depth > 0 ? null : { text, comment: comment.trim(), list };
}
