// The MIME entity of a message: alternatives, inline images, attachments. The only file that imports
// the MIME library. Its tree is written by hand below, because its streams wait for many ticks and
// copy: here every part is encoded once, into the chunks that go to the relay. Without attachments the tree is the same
// for every recipient but for its texts: then a skeleton of it is kept, and the texts are put in.
import { Buffer } from "node:buffer";
import MailComposer from "nodemailer/lib/mail-composer";
import { hasLongerLines, isPlainText } from "nodemailer/lib/mime-funcs";
import { encode as encodeQuotedPrintable, wrap } from "nodemailer/lib/qp";
import { utf8 } from "../lib/bytes.ts";
import type { Attachment } from "../model/message.ts";

/** What an entity is made of. All texts are already personalised. */
export type EntityParts = {
  readonly text: string | null;
  readonly html: string | null;
  readonly amp: string | null;
  readonly attachments: readonly Attachment[];
  readonly attachmentBytes: readonly Uint8Array[];
  /** Makes boundaries: the same for the same message, so that a retry has the same bytes. */
  readonly boundary: string;
  /** Without angle brackets. */
  readonly messageId: string;
  readonly date: Date;
};

type Node = ReturnType<MailComposer["compile"]>;

/**
 * The last header fields (Message-ID, Date, MIME-Version, Content-*), the empty line and the body,
 * as chunks of CRLF lines, at most 998 octets each and 7 bit clean.
 */
export function mimeEntity(parts: EntityParts): Uint8Array[] {
  const mended = { ...parts, ...mendedTexts(parts) };
  const skeleton = skeletonFor(mended);
  if (skeleton === null) return treeEntity(mended);
  const chunks: Uint8Array[] = [];
  fill(skeleton, mended, chunks);
  return chunks;
}

/** The same, made as a tree whatever it holds; line ends are CRLF already. */
export function treeEntity(parts: EntityParts): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  walk(
    treeOf(parts),
    (words) => void chunks.push(utf8(words)),
    (leaf) => void chunks.push(...contentOf(leaf)),
  );
  return chunks;
}

const TEXTS = ["text", "html", "amp"] as const;
type Slot = (typeof TEXTS)[number];

/** Every kind of line end becomes CRLF; a text that personalisation emptied keeps its part. */
function mendedTexts({ text, html, amp }: EntityParts): Pick<EntityParts, Slot> {
  return { text: mended(text), html: mended(html), amp: mended(amp) };
}

function mended(text: string | null): string | null {
  if (text === null) return null;
  const normal = text.toWellFormed().replace(/\r\n|\r|\n/g, "\r\n");
  return normal === "" ? "\r\n" : normal;
}

function treeOf(parts: EntityParts): Node {
  return new MailComposer({
    messageId: `<${parts.messageId}>`,
    date: parts.date,
    ...(parts.text === null ? {} : { text: parts.text }),
    ...(parts.html === null ? {} : { html: parts.html }),
    ...(parts.amp === null ? {} : { amp: parts.amp }),
    attachments: parts.attachments.map((attachment, index) => file(attachment, parts, index)),
    baseBoundary: parts.boundary,
    newline: "windows",
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile();
}

type TransferEncoding = "7bit" | "quoted-printable" | "base64";
type Encodings = Readonly<Record<Slot, TransferEncoding | null>>;

/** What stands in an entity: fixed words, the texts, and the three values of the message. */
type Skeleton = readonly (
  | { readonly kind: "fixed"; readonly words: string }
  | { readonly kind: "text"; readonly slot: Slot; readonly encoding: TransferEncoding }
  | { readonly kind: "messageId" | "date" | "boundary" }
)[];

/** One for each set of texts and encodings, and for each length of an id, which says where its line is folded. */
const skeletons = new Map<string, Skeleton>();

/** Senders have few shapes; whoever has more lets them be made anew now and then. */
const MAX_SKELETONS = 200;

/** Shorter ids could be part of a word. */
const MIN_ID_LENGTH = 8;

/** The skeleton of an entity; null when it is to be made as a tree. */
function skeletonFor(parts: EntityParts): Skeleton | null {
  const { messageId, boundary, attachments } = parts;
  if (TEXTS.every((slot) => parts[slot] === null)) return null;
  if (attachments.length > 0 || Math.min(messageId.length, boundary.length) < MIN_ID_LENGTH) {
    return null;
  }
  const [text = null, html = null, amp = null] = TEXTS.map((slot) => encodingOf(parts[slot]));
  const key = [text, html, amp, messageId.length, boundary.length].join(" ");
  const known = skeletons.get(key);
  if (known) return known;
  const made = makeSkeleton(parts, { text, html, amp });
  if (skeletons.size >= MAX_SKELETONS) skeletons.clear();
  skeletons.set(key, made);
  return made;
}

/** Longer lines are not left as they are. */
const MAX_LINE = 76;

/** How the library would encode a text; null for none. */
function encodingOf(text: string | null): TransferEncoding | null {
  if (text === null) return null;
  if (isPlainText(text) && !hasLongerLines(text, MAX_LINE)) return "7bit";
  const letters = text.match(/[A-Za-z]/g)?.length ?? 0;
  // oxlint-disable-next-line no-control-regex -- they are what it counts
  const others = text.match(/[\x00-\x08\x0b\x0c\x0e-\x1f\u0080-\uffff]/g)?.length ?? 0;
  return others < letters ? "quoted-printable" : "base64";
}

/** A text of each encoding; behind it stands which text it is. */
const SAMPLES = { "7bit": "", "quoted-printable": "é", base64: "é".repeat(9) } as const;
const SAMPLE_DATE = new Date(0);

/** Lets the library make an entity of samples, and cuts out what differs from message to message. */
function makeSkeleton({ messageId, boundary }: EntityParts, encodings: Encodings): Skeleton {
  const sample = (slot: Slot) => {
    const encoding = encodings[slot];
    return encoding && `${SAMPLES[encoding]}${slot}\r\n`;
  };
  const samples = { text: sample("text"), html: sample("html"), amp: sample("amp") };
  const about = { boundary: "B".repeat(boundary.length), messageId: "M".repeat(messageId.length) };
  const files = { attachments: [], attachmentBytes: [] };
  const skeleton: Skeleton[number][] = [];
  const date = dateText(SAMPLE_DATE).replace("+", "\\+");
  const cut = new RegExp(`(${about.messageId}|${about.boundary}|${date})`);
  const say = (words: string) => {
    for (const part of words.split(cut)) {
      if (part === about.messageId) skeleton.push({ kind: "messageId" });
      else if (part === about.boundary) skeleton.push({ kind: "boundary" });
      else if (part === dateText(SAMPLE_DATE)) skeleton.push({ kind: "date" });
      else skeleton.push({ kind: "fixed", words: part });
    }
  };
  walk(treeOf({ ...samples, ...about, ...files, date: SAMPLE_DATE }), say, ({ content }) => {
    const slot = TEXTS.find((one) => content === samples[one]);
    const encoding = slot && encodings[slot];
    if (!slot || !encoding) throw new TypeError("a part of the skeleton is none of its texts");
    skeleton.push({ kind: "text", slot, encoding });
  });
  return skeleton;
}

/** Puts a message's values into a skeleton. */
function fill(skeleton: Skeleton, parts: EntityParts, chunks: Uint8Array[]): void {
  let words = "";
  for (const piece of skeleton) {
    if (piece.kind === "fixed") words += piece.words;
    else if (piece.kind === "date") words += dateText(parts.date);
    else if (piece.kind === "text") {
      const text = parts[piece.slot] ?? "";
      if (piece.encoding === "7bit") words += text;
      else {
        chunks.push(utf8(words), ...encoded(text, piece.encoding));
        words = "";
      }
    } else words += parts[piece.kind];
  }
  chunks.push(utf8(words));
}

function dateText(date: Date): string {
  return date.toUTCString().replace("GMT", "+0000");
}

function file({ filename, contentType, contentId }: Attachment, parts: EntityParts, index: number) {
  const bytes = parts.attachmentBytes[index] ?? new Uint8Array();
  const inline = contentId !== null && parts.html !== null;
  return {
    filename,
    contentType,
    // A view on the same memory.
    content: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    contentDisposition: inline ? ("inline" as const) : ("attachment" as const),
    ...(contentId === null ? {} : { cid: contentId }),
  };
}

/** Tells of a node and its children in the library's order (RFC 2046 §5.1.1), of each content by itself. */
function walk(node: Node, say: (words: string) => void, show: (leaf: Node) => void): void {
  say(`${node.buildHeaders()}\r\n\r\n`);
  if (typeof node.boundary === "string") {
    for (const child of node.childNodes) {
      say(`--${node.boundary}\r\n`);
      walk(child, say, show);
    }
    say(`--${node.boundary}--\r\n`);
    return;
  }
  show(node);
  say("\r\n");
}

function contentOf(node: Node): Iterable<Uint8Array> {
  const { content } = node;
  if (content instanceof Uint8Array) return base64Lines(content);
  if (typeof content !== "string") throw new TypeError("a MIME part has neither text nor bytes");
  const encoding = node.getTransferEncoding();
  return encoded(
    content,
    encoding === "7bit" || encoding === "base64" ? encoding : "quoted-printable",
  );
}

function encoded(text: string, encoding: TransferEncoding): Iterable<Uint8Array> {
  const bytes = utf8(text);
  switch (encoding) {
    case "7bit":
      return [bytes];
    case "base64":
      return base64Lines(bytes);
    case "quoted-printable":
      return quotedPrintableLines(bytes);
  }
}

/** 57 octets make a line of 76 base64 characters (RFC 2045 §6.8). */
const OCTETS_A_LINE = 57;
/** Lines encoded at once; a chunk is about 78 KB. */
const LINES_A_CHUNK = 1000;

/** Octets in base64 (RFC 2045 §6.8), without a line end behind the last line. */
export function* base64Lines(bytes: Uint8Array): Generator<Uint8Array, void> {
  const step = OCTETS_A_LINE * LINES_A_CHUNK;
  for (let start = 0; start < bytes.length; start += step) {
    const length = Math.min(step, bytes.length - start);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString("base64");
    const last = start + step >= bytes.length;
    const folded = text.replace(/.{76}(?=.)/g, "$&\r\n");
    yield utf8(last ? folded : `${folded}\r\n`);
  }
}

/** Octets encoded at once, up to a line end: the encoder builds several copies. */
const QP_CHUNK = 65_536;
const LF = 10;

/** Octets of CRLF lines in quoted-printable (RFC 2045 §6.7). */
export function* quotedPrintableLines(bytes: Uint8Array): Generator<Uint8Array, void> {
  for (let start = 0; start < bytes.length;) {
    const lf = bytes.indexOf(LF, start + QP_CHUNK);
    const end = lf < 0 ? bytes.length : lf + 1;
    const octets = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
    yield utf8(wrap(encodeQuotedPrintable(octets)));
    start = end;
  }
}
