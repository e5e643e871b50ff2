// The envelope of a message that came as MIME: header fields of the request, or its query. The sender is
// not who the message is from, and mail does not leave with it: every door's has the same return path.
import { fail, ok, type Result } from "../lib/result.ts";
import { addressKey, parseAddress } from "../model/address.ts";
import type { Recipient } from "../model/message.ts";
import { invalidField, type Problem } from "../model/problem.ts";
import { MAX_RECIPIENTS } from "./kasplo/fields.ts";

/** Who a submission is for, and what it said it came from. */
export type Envelope = {
  /** As it was given, may be empty or no address at all. */
  readonly from: string;
  /** Each address once, in the order given. */
  readonly recipients: readonly Recipient[];
  /** The name of the field that they stood in. */
  readonly toField: string;
};

/** Where the two parts of an envelope may stand. */
export type EnvelopeQuery = {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
};

/** Octets of a reverse-path with its local part and domain at their longest (RFC 5321 §4.5.3.1). */
const MAX_FROM_LENGTH = 320;

/** Characters of all recipients together: header fields of a request have limits of their own. */
const MAX_TO_LENGTH = 60_000;

/** Reads the envelope; the error names the header field or the query parameter. */
export function readEnvelope(headers: Headers, query: EnvelopeQuery): Result<Envelope, Problem> {
  const from = part("X-Envelope-From", headers, "from", query.from);
  if (!from.ok) return from;
  if (from.value.text.length > MAX_FROM_LENGTH || !/^[\x20-\x7e]*$/.test(from.value.text)) {
    const reason = `must be at most ${MAX_FROM_LENGTH} printable ASCII characters`;
    return fail(invalidField(from.value.name, reason));
  }
  const to = part("X-Envelope-To", headers, "to", query.to);
  if (!to.ok) return to;
  const recipients = recipientsOf(to.value);
  if (!recipients.ok) return recipients;
  return ok({ from: from.value.text, recipients: recipients.value, toField: to.value.name });
}

type Part = { readonly name: string; readonly text: string };

/** One part from where it stands; "" when it is nowhere. */
function part(
  header: string,
  headers: Headers,
  parameter: string,
  asked: string | undefined,
): Result<Part, Problem> {
  const sent = headers.get(header);
  if (sent !== null && asked !== undefined) {
    const reason = `is given beside ?${parameter}=; give one of the two`;
    return fail(invalidField(header, reason));
  }
  if (asked !== undefined) return ok({ name: parameter, text: asked.trim() });
  return ok({ name: header, text: (sent ?? "").trim() });
}

function recipientsOf({ name, text }: Part): Result<readonly Recipient[], Problem> {
  if (text === "") {
    return fail(invalidField(name, "is required: recipients, separated by commas"));
  }
  if (text.length > MAX_TO_LENGTH) {
    return fail(invalidField(name, `must be at most ${MAX_TO_LENGTH} characters long`));
  }
  const given = text.split(",");
  if (given.length > MAX_RECIPIENTS) {
    return fail(invalidField(name, `must name at most ${MAX_RECIPIENTS} recipients`));
  }
  const kept = new Map<string, Recipient>();
  for (const [index, item] of given.entries()) {
    const address = parseAddress(item.trim());
    if (!address.ok) return fail(invalidField(`${name}[${index}]`, address.error));
    const key = addressKey(address.value);
    if (!kept.has(key)) kept.set(key, { address: address.value, name: "", role: "to" });
  }
  return ok([...kept.values()]);
}
