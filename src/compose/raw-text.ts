// The texts of a message that came as MIME: which of them are written anew, and how. HTML gets its pixel, its
// tracked links and its unsubscribe links; a text with lines that no server takes is folded by its encoding.
// Encoding and charset stay what they were wherever they can. Pure.
import type { Reader } from "./compose.ts";
import {
  asksForUnsubscribe,
  htmlFor,
  type HtmlSource,
  linkedHtml,
  MAX_TRACKED_LINKS,
  tracksHtml,
} from "./links.ts";
import { base64Lines, quotedPrintableLines } from "./mime.ts";
import { type Edit, utf8 } from "../lib/bytes.ts";
import { type Links, UNSUBSCRIBE_VARIABLE } from "../model/link.ts";
import type { RawContent } from "../model/message.ts";
import { type DecodedText, decodeText } from "../model/mime/charset.ts";
import { lineEnd, MAX_LINE_OCTETS } from "../model/mime/lines.ts";
import { isOpenText } from "../model/mime/part-role.ts";
import { allParts, type Part } from "../model/mime/structure.ts";
import { decodeTransfer } from "../model/mime/transfer.ts";
import { escapeHtml, renderOne } from "../model/template.ts";

/** A text part that may be written anew. */
export type RawText = {
  readonly part: Part;
  /** The part's octets as they came. */
  readonly octets: Uint8Array;
  readonly longLines: boolean;
  /** Null when it is no HTML, or cannot be read for certain. */
  readonly html: { readonly decoded: DecodedText; readonly source: HtmlSource } | null;
};

/** HTML parts whose links are tracked; mail has one. The indices of their links must fit 16 bits. */
const MAX_HTML_PARTS = 16;

/** The texts of a message that somebody may want to be written anew. */
export function textsOf({ raw, tracking }: RawContent, root: Part): readonly RawText[] {
  let htmlParts = 0;
  return allParts(root)
    .filter(isOpenText)
    .map((part) => {
      const octets = raw.body.subarray(part.bodyStart, part.bodyEnd);
      const longLines = part.encoding === "identity" && hasLongLine(octets);
      const own = part.type === "text/html" && htmlParts < MAX_HTML_PARTS;
      const decoded = own ? decodeHtml(part, octets) : null;
      if (!decoded) return { part, octets, longLines, html: null };
      // A message is opened once, whichever of its parts is shown.
      const opens = tracking.opens && htmlParts === 0;
      const firstIndex = htmlParts++ * MAX_TRACKED_LINKS;
      const source = { html: decoded.text, tracking: { ...tracking, opens }, firstIndex };
      return { part, octets, longLines, html: { decoded, source } };
    });
}

function decodeHtml(part: Part, octets: Uint8Array): DecodedText | null {
  const charset = part.parameters.get("charset")?.[0] ?? null;
  return decodeText(decodeTransfer(octets, part.encoding), charset);
}

function hasLongLine(octets: Uint8Array): boolean {
  for (let start = 0; start < octets.length;) {
    const end = lineEnd(octets, start, octets.length);
    if (end - start > MAX_LINE_OCTETS) return true;
    start = end + 2;
  }
  return false;
}

/** Whether recipients get a text that differs from recipient to recipient. */
export function isPersonal({ html }: RawText, links: Links | null): boolean {
  if (html === null || links === null) return false;
  return tracksHtml(html.source) || asksForUnsubscribe(html.decoded.text);
}

/** Whether a text is not sent as it came. */
export function isWrittenAnew(text: RawText, links: Links | null): boolean {
  const { html, longLines } = text;
  return longLines || isPersonal(text, links) || asksForUnsubscribe(html?.decoded.text ?? "");
}

/** A text as one recipient gets it: its body, and the fields of its header that change with it. */
export type WrittenText = { readonly header: readonly Edit[]; readonly body: Edit };

/** Writes a text anew. */
export async function writeText(
  { part, octets, html }: RawText,
  { unsubscribeUrl, ...reader }: Reader,
): Promise<WrittenText> {
  const { bodyStart: start, bodyEnd: end } = part;
  if (html === null) {
    // Its lines are too long, nothing else: the octets stay.
    const chunks = [...quotedPrintableLines(octets)];
    return { header: quotedPrintableFields(part), body: { start, end, chunks } };
  }
  const url = escapeHtml(unsubscribeUrl ?? "");
  const fill = (text: string) => renderOne(text, UNSUBSCRIBE_VARIABLE, url);
  const text = await htmlFor(await linkedHtml(html.source, reader.links), { ...reader, fill });
  const { chunks, header } = encoded(part, octets, { ...html.decoded, text });
  return { header, body: { start, end, chunks } };
}

type Encoded = { readonly chunks: readonly Uint8Array[]; readonly header: readonly Edit[] };

const CRLF = utf8("\r\n");

/** A changed text in the encoding that the part has, or in quoted-printable where that cannot be. */
function encoded(part: Part, octets: Uint8Array, { text, encode, charset }: DecodedText): Encoded {
  const type =
    charset === null ? [] : fieldEdits(part, "Content-Type", `${part.type}; charset=${charset}`);
  // A message that is one part ended with a line end, and does again.
  const ended = octets.at(-1) === CRLF.at(-1);
  if (part.encoding === "base64") {
    return { chunks: [...base64Lines(encode(text)), ...(ended ? [CRLF] : [])], header: type };
  }
  const lines = text.replace(/\r\n|\r|\n/g, "\r\n");
  const bytes = encode(ended && !lines.endsWith("\r\n") ? `${lines}\r\n` : lines);
  if (part.encoding === "identity" && charset === null && !hasLongLine(bytes)) {
    return { chunks: [bytes], header: type };
  }
  const fields = part.encoding === "identity" ? quotedPrintableFields(part) : [];
  const header = [...type, ...fields].toSorted((a, b) => a.start - b.start);
  return { chunks: [...quotedPrintableLines(bytes)], header };
}

/** What makes a part one in quoted-printable. */
function quotedPrintableFields(part: Part): readonly Edit[] {
  const version = part.section === "" ? fieldEdits(part, "MIME-Version", "1.0") : [];
  const encoding = fieldEdits(part, "Content-Transfer-Encoding", "quoted-printable");
  return [...encoding, ...version].toSorted((a, b) => a.start - b.start);
}

/** Puts a field in the place of the one that is there, or behind the last. */
function fieldEdits({ fields, headerStart }: Part, name: string, value: string): readonly Edit[] {
  const known = fields.find((field) => field.name === name.toLowerCase());
  const place = known?.start ?? fields.at(-1)?.end ?? headerStart;
  return [{ start: place, end: known?.end ?? place, chunks: [utf8(`${name}: ${value}\r\n`)] }];
}
