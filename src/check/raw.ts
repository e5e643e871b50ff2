// Whether the parts of a message that came as MIME may be sent: files as any door takes them, AMP beside its
// fallbacks, texts and lines of a size that every reader takes. Reads the structure, changes nothing.
import { fail, ok, type Result } from "../lib/result.ts";
import { ALLOWED_FILES, extensionFor } from "../model/attachment.ts";
import { MAX_TEXT_PART_BYTES } from "../model/content.ts";
import type { RawMessage } from "../model/message.ts";
import { decodeText } from "../model/mime/charset.ts";
import { lineEnd, MAX_LINE_OCTETS } from "../model/mime/lines.ts";
import { isOpenText, roleOf } from "../model/mime/part-role.ts";
import { allParts, isContainer, type Part, parseStructure } from "../model/mime/structure.ts";
import { decodeTransfer } from "../model/mime/transfer.ts";
import { invalidField, type Problem } from "../model/problem.ts";
import { fileFault } from "./attachment.ts";

const AMP_TYPE = "text/x-amp-html";

/** What the parts are judged by. */
export type RawRule = {
  /** The field that problems of the AMP part are told of. */
  readonly ampPath: string;
  /** Decoded bytes of all files together. */
  readonly limitBytes: number;
};

/** Judges every part but the AMP part's markup, which is answered; null when there is none. */
export function checkRaw(
  raw: RawMessage,
  { ampPath, limitBytes }: RawRule,
): Result<{ readonly amp: string | null }, Problem> {
  const root = parseStructure(raw);
  if (!root.ok) return fail(invalidField(named(root.error.section), root.error.reason));
  const parts = allParts(root.value);
  const problem = lineProblem(raw.body, parts) ?? filesProblem(raw.body, parts, limitBytes);
  if (problem !== null) return fail(problem);
  const texts = parts.filter((part) => roleOf(part) === "text");
  for (const part of texts) {
    const what = named(part.section);
    const tooLarge = octetsOf(raw.body, part).length > MAX_TEXT_PART_BYTES;
    if (tooLarge) return fail({ kind: "too_large", what, limitBytes: MAX_TEXT_PART_BYTES });
  }
  return ampOf(raw.body, parts, ampPath);
}

/** A part as errors call it. */
function named(section: string): string {
  return section === "" ? "message" : `part ${section}`;
}

function octetsOf(body: Uint8Array, { bodyStart, bodyEnd, encoding }: Part): Uint8Array {
  return decodeTransfer(body.subarray(bodyStart, bodyEnd), encoding);
}

/** A line that is too long, outside of the texts that compose can write anew (RFC 5322 §2.1.1). */
function lineProblem(body: Uint8Array, parts: readonly Part[]): Problem | null {
  const open = parts.filter((part) => isOpenText(part) && part.encoding === "identity");
  for (let start = 0, line = 1; start < body.length; line++) {
    const end = lineEnd(body, start, body.length);
    if (end - start > MAX_LINE_OCTETS) {
      const mendable = open.some(({ bodyStart, bodyEnd }) => start >= bodyStart && end <= bodyEnd);
      if (!mendable) {
        const reason = `has over ${MAX_LINE_OCTETS} octets in line ${line} of the body; fold it, or encode the part as quoted-printable`;
        return invalidField(named(partAt(parts, start)?.section ?? ""), reason);
      }
    }
    start = end + 2;
  }
  return null;
}

/** The innermost part around a place. */
function partAt(parts: readonly Part[], position: number): Part | undefined {
  return parts.findLast(({ bodyStart, bodyEnd }) => position >= bodyStart && position < bodyEnd);
}

function filesProblem(
  body: Uint8Array,
  parts: readonly Part[],
  limitBytes: number,
): Problem | null {
  let total = 0;
  for (const part of parts) {
    const role = roleOf(part);
    if (role === null || role === "text") continue;
    // One at a time: a large one is decoded, judged and forgotten.
    const octets = octetsOf(body, part);
    total += octets.length;
    if (total > limitBytes) return { kind: "too_large", what: "all attachments", limitBytes };
    const reason = role === "file" ? faultOf(part, octets) : null;
    if (reason !== null) return { kind: "attachment_refused", path: named(part.section), reason };
  }
  return null;
}

/** Every name that a reader may show must be one of such a file. */
function faultOf({ type, names, fields }: Part, octets: Uint8Array): string | null {
  const said = fields.some(({ name }) => name === "content-type") ? type : "";
  for (const filename of names) {
    const fault = fileFault({ filename, contentType: said }, octets);
    if (fault !== null) return fault;
  }
  if (names.length > 0) return null;
  const extension = extensionFor(type);
  if (extension === null) return `is ${type} without a file name; allowed are ${ALLOWED_FILES}`;
  const fault = fileFault({ filename: `file.${extension}`, contentType: type }, octets);
  return fault === null ? null : `is ${type} but its bytes are not`;
}

/** The AMP part, which must stand in a multipart/alternative beside text and HTML (contract 1.6). */
function ampOf(
  body: Uint8Array,
  parts: readonly Part[],
  path: string,
): Result<{ readonly amp: string | null }, Problem> {
  const found = parts.filter(({ type }) => type === AMP_TYPE);
  const [part] = found;
  if (!part) return ok({ amp: null });
  if (found.length > 1) return fail(invalidField(path, "may stand once in a message"));
  const parent = parts.find(({ children }) => children.includes(part));
  if (parent?.type !== "multipart/alternative") {
    return fail(invalidField(path, "must stand in a multipart/alternative"));
  }
  const siblings = parent.children.map(shownType);
  if (!siblings.includes("text/plain") || !siblings.includes("text/html")) {
    return fail(invalidField(path, "needs both text/plain and text/html beside it as fallbacks"));
  }
  const charset = part.parameters.get("charset")?.[0] ?? "utf-8";
  const text = decodeText(octetsOf(body, part), charset);
  return text ? ok({ amp: text.text }) : fail(invalidField(path, `is not ${charset}`));
}

/** What a reader sees of a sibling: HTML with its images is one multipart/related. */
function shownType(part: Part): string {
  const first = part.children[0];
  return isContainer(part) && part.type === "multipart/related" && first ? first.type : part.type;
}
