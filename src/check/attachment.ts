// Which attachments may be sent: by extension, content type, name, leading bytes and total size
// (contract 1.2, F-058, F-059). Does not open archives; it reads their names.
import { utf8 } from "../lib/bytes.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import { ALLOWED_FILES, contentTypeFor, extensionOf, filenameFault } from "../model/attachment.ts";
import type { Attachment, MessageContent } from "../model/message.ts";
import type { Problem } from "../model/problem.ts";

type Files = Pick<MessageContent, "attachments" | "attachmentBytes">;

/** Whether all attachments may be sent; the first that may not is named by its path. */
export function checkAttachments(
  { attachments, attachmentBytes }: Files,
  { path, limitBytes }: { readonly path: string; readonly limitBytes: number },
): Result<null, Problem> {
  const total = attachmentBytes.reduce((sum, bytes) => sum + bytes.length, 0);
  if (total > limitBytes) return fail({ kind: "too_large", what: path, limitBytes });
  for (const [index, attachment] of attachments.entries()) {
    const reason = fileFault(attachment, attachmentBytes[index] ?? new Uint8Array());
    if (reason === null) continue;
    return fail({ kind: "attachment_refused", path: `${path}[${index}]`, reason });
  }
  return ok(null);
}

/** Why a file may not be sent, or null; a content type that is "" says nothing. */
export function fileFault(
  { filename, contentType }: Pick<Attachment, "filename" | "contentType">,
  bytes: Uint8Array,
): string | null {
  const name = filenameFault(filename);
  if (name !== null) return `has a file name that ${name}`;
  const extension = extensionOf(filename);
  if (contentTypeFor(filename, null) === null) {
    return `has the extension ".${extension}"; allowed are ${ALLOWED_FILES}`;
  }
  if (contentTypeFor(filename, contentType) === null) {
    return `is called .${extension} but its content type is ${contentType}`;
  }
  return looksLike(extension, bytes) ? null : `is called .${extension} but its bytes are not`;
}

const PDF = utf8("%PDF");
const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const JPEG = Uint8Array.of(0xff, 0xd8, 0xff);
/** Local file header, end of an empty archive, spanned archive (APPNOTE 4.3.7, 4.3.16, 8.5.3). */
const ZIP = [
  Uint8Array.of(0x50, 0x4b, 0x03, 0x04),
  Uint8Array.of(0x50, 0x4b, 0x05, 0x06),
  Uint8Array.of(0x50, 0x4b, 0x07, 0x08),
] as const;
/** Names that every word processing package holds; names are not compressed (ECMA-376 part 2). */
const DOCX_ENTRIES = [utf8("[Content_Types].xml"), utf8("word/")] as const;

function looksLike(extension: string, bytes: Uint8Array): boolean {
  switch (extension) {
    case "pdf":
      return startsWith(bytes, PDF);
    case "png":
      return startsWith(bytes, PNG);
    case "jpg":
    case "jpeg":
      return startsWith(bytes, JPEG);
    case "zip":
      return ZIP.some((magic) => startsWith(bytes, magic));
    case "docx":
      return startsWith(bytes, ZIP[0]) && DOCX_ENTRIES.some((entry) => includes(bytes, entry));
    case "csv":
      return isTable(bytes);
  }
  return false;
}

function startsWith(bytes: Uint8Array, magic: Uint8Array): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}

function includes(bytes: Uint8Array, wanted: Uint8Array): boolean {
  const first = wanted[0] ?? 0;
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (startsWith(bytes.subarray(at, at + wanted.length), wanted)) return true;
  }
  return false;
}

/** Texts that are something else than a table, in spite of being printable. */
const OTHER_TEXTS = /^(?:%PDF|%!PS|\{\\rtf|#!|<(?:!doctype|html|script|\?xml|svg)\b)/i;
/** Enough for the longest of them after white space. */
const OTHER_TEXT_BYTES = 256;

/** Printable text in UTF-8 or an 8-bit charset: no control characters but tab and line ends. */
function isTable(bytes: Uint8Array): boolean {
  const start = new TextDecoder().decode(bytes.subarray(0, OTHER_TEXT_BYTES)).trimStart();
  if (OTHER_TEXTS.test(start)) return false;
  return (
    bytes.every(
      (byte) => (byte >= 0x20 && byte !== 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d,
    ) && !startsWith(bytes, JPEG)
  );
}
