// The MIME entity of a message: alternatives, inline images, attachments. The only file that imports
// the MIME library. Its tree is written by hand below, because its streams wait for many ticks and
// copy: here every part is encoded once, into the chunks that go to the relay.
import { Buffer } from "node:buffer";
import MailComposer from "nodemailer/lib/mail-composer";
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
  const root = new MailComposer({
    messageId: `<${parts.messageId}>`,
    date: parts.date,
    ...(parts.text === null ? {} : { text: lines(parts.text) }),
    ...(parts.html === null ? {} : { html: lines(parts.html) }),
    ...(parts.amp === null ? {} : { amp: lines(parts.amp) }),
    attachments: parts.attachments.map((attachment, index) => file(attachment, parts, index)),
    baseBoundary: parts.boundary,
    newline: "windows",
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile();
  const chunks: Uint8Array[] = [];
  write(root, chunks);
  return chunks;
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

/** Every kind of line end becomes CRLF; a text that personalisation emptied keeps its part. */
function lines(text: string): string {
  const normal = text.toWellFormed().replace(/\r\n|\r|\n/g, "\r\n");
  return normal === "" ? "\r\n" : normal;
}

/** Writes a node and its children in the library's order (RFC 2046 §5.1.1). */
function write(node: Node, chunks: Uint8Array[]): void {
  chunks.push(utf8(`${node.buildHeaders()}\r\n\r\n`));
  if (typeof node.boundary === "string") {
    for (const child of node.childNodes) {
      chunks.push(utf8(`--${node.boundary}\r\n`));
      write(child, chunks);
    }
    chunks.push(utf8(`--${node.boundary}--\r\n`));
    return;
  }
  writeContent(node, chunks);
  chunks.push(utf8("\r\n"));
}

function writeContent(node: Node, chunks: Uint8Array[]): void {
  const { content } = node;
  const encoding = node.getTransferEncoding();
  if (content instanceof Uint8Array) {
    chunks.push(...base64Lines(content));
  } else if (typeof content === "string" && encoding === "7bit") {
    chunks.push(utf8(content));
  } else if (typeof content === "string" && encoding === "base64") {
    chunks.push(...base64Lines(utf8(content)));
  } else if (typeof content === "string") {
    chunks.push(...quotedPrintableLines(utf8(content)));
  } else {
    throw new TypeError("a MIME part has neither text nor bytes");
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
