// A message that came as MIME → the one command of the core. Reads its header, takes out what is for us
// or for nobody (contract 1.6), and leaves every other byte alone. The parts are judged in check/raw.ts.
import type { SendPaths } from "../check/check.ts";
import { concat, utf8 } from "../lib/bytes.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import type { SendCommand } from "../model/message.ts";
import { decodeWords } from "../model/mime/encoded-word.ts";
import {
  type Field,
  type Header,
  repeatedField,
  splitHeader,
  valueOf,
} from "../model/mime/fields.ts";
import { parseFrom } from "../model/mime/from.ts";
import { withCrlf } from "../model/mime/lines.ts";
import { invalidField, type Problem } from "../model/problem.ts";
import type { Envelope } from "./envelope.ts";

/** A command, where its parts stood, and the Message-ID that the sender gave. */
export type MappedRaw = {
  readonly command: SendCommand;
  readonly paths: SendPaths;
  /** "" when there is none. */
  readonly messageId: string;
};

/** C-01: the tracking id of an SMTP message; longer is refused, never cut. */
const TRACKING_FIELD = "X-Kasplo-Click-Tracking-ID";
const TRACKING_ID = /^[\x20-\x7e]{1,300}$/;

const SEND_FIELD = "X-Kasplo-Send-ID";
const SEND_ID = /^[a-z0-9_-]{1,100}$/;

/** Never sent on: two say things to us, two would tell one recipient of another (RFC 5322 §3.6.3). */
const REMOVED: ReadonlySet<string> = new Set([
  "bcc",
  "resent-bcc",
  TRACKING_FIELD.toLowerCase(),
  SEND_FIELD.toLowerCase(),
]);

/** Characters of a subject that are shown and stored beside the message. */
const SHOWN_SUBJECT_LENGTH = 998;

/** Maps the bytes of a message, which may be used until the send is over. */
export function mapRaw(
  bytes: Uint8Array,
  { recipients, toField }: Envelope,
): Result<MappedRaw, Problem> {
  const lines = withCrlf(bytes);
  if (!lines.ok) return fail(invalidField("message", lines.error));
  const message = lines.value;
  const header = splitHeader(message, 0, message.length);
  if (!header.ok) return fail(invalidField("message", header.error));
  const read = readFields(header.value);
  if (!read.ok) return read;
  const { from, subject, tags, sendId, messageId } = read.value;
  const raw = {
    header: keptFields(message, header.value.fields),
    body: message.subarray(header.value.bodyStart),
  };
  return ok({
    command: {
      content: { from, subject, raw, tracking: { opens: true, clicks: true } },
      recipients,
      tags,
      sendId,
      listId: null,
      mailClass: null,
      metadata: {},
      onAmbiguous: "retry",
    },
    paths: { from: "From", amp: "text/x-amp-html", recipients: toField, attachments: "part" },
    messageId,
  });
}

/** What the fields say to us. */
function readFields(header: Header) {
  const repeated = repeatedField(header);
  if (repeated !== null) {
    return fail(invalidField(asWritten(repeated), "stands twice in the header; once is allowed"));
  }
  const field = valueOf(header, "from");
  if (field === null) return fail(invalidField("From", "is required: who the message is from"));
  const from = parseFrom(field);
  if (!from.ok) return fail(invalidField("From", from.error));
  const tags = ownField(header, TRACKING_FIELD);
  if (!tags.ok) return tags;
  if (tags.value !== null && !TRACKING_ID.test(tags.value)) {
    return fail(invalidField(TRACKING_FIELD, "must be 1–300 printable ASCII characters"));
  }
  const sendId = ownField(header, SEND_FIELD);
  if (!sendId.ok) return sendId;
  const lowerCase = sendId.value?.toLowerCase() ?? null;
  if (lowerCase !== null && !SEND_ID.test(lowerCase)) {
    return fail(invalidField(SEND_FIELD, "must be 1–100 letters, digits, _ and -"));
  }
  const subject = decodeWords(valueOf(header, "subject") ?? "");
  return ok({
    from: from.value,
    subject: subject.slice(0, SHOWN_SUBJECT_LENGTH).toWellFormed(),
    tags: tags.value ?? "",
    sendId: lowerCase,
    messageId: valueOf(header, "message-id") ?? "",
  });
}

/** A field's name in the case that people know. */
function asWritten(name: string): string {
  return name.replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase());
}

/** The value of a field for us; given twice it must say the same. Encoded-words are what a client made of it. */
function ownField({ fields }: Header, name: string): Result<string | null, Problem> {
  const key = name.toLowerCase();
  const values = fields.filter((field) => field.name === key).map((field) => field.value);
  if (new Set(values).size > 1) {
    return fail(invalidField(name, "is given twice with different values"));
  }
  const value = values[0];
  if (value === undefined) return ok(null);
  // Decoding tidies controls up; without an encoded-word the value is judged as it stands.
  return ok(value.includes("=?") ? decodeWords(value) : value);
}

const LINE_END = utf8("\r\n");

/** The fields that are sent on, byte for byte; the last one may lack its line end. */
function keptFields(message: Uint8Array, fields: readonly Field[]): Uint8Array {
  const kept = fields
    .filter(({ name }) => !REMOVED.has(name))
    .map(({ start, end }) => message.subarray(start, end));
  const complete = kept.at(-1)?.at(-1) === LINE_END.at(-1);
  return concat(complete ? kept : [...kept, LINE_END]);
}
