// Which files may be attached (contract 1.2): their extensions, content types and names. The bytes
// are judged in check/attachment.ts.

/** A type of file: the canonical content type, and the others under which it is sent about. */
type FileType = { readonly contentType: string; readonly aliases: readonly string[] };

/** Senders that do not know the type say this; it contradicts nothing. */
const UNKNOWN_TYPE = "application/octet-stream";

const JPEG: FileType = { contentType: "image/jpeg", aliases: ["image/jpg", "image/pjpeg"] };

/** The allowed extensions, lower case. */
const FILE_TYPES: ReadonlyMap<string, FileType> = new Map([
  ["pdf", { contentType: "application/pdf", aliases: ["application/x-pdf"] }],
  [
    "docx",
    {
      contentType: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
      aliases: [],
    },
  ],
  ["png", { contentType: "image/png", aliases: ["image/x-png"] }],
  ["jpg", JPEG],
  ["jpeg", JPEG],
  [
    "csv",
    {
      contentType: "text/csv",
      aliases: ["application/csv", "text/plain", "application/vnd.ms-excel"],
    },
  ],
  [
    "zip",
    {
      contentType: "application/zip",
      aliases: ["application/x-zip-compressed", "application/x-zip"],
    },
  ],
]);

/** For texts that say what would be right. */
export const ALLOWED_FILES = "PDF, DOCX, PNG, JPG, CSV or ZIP";

/** What follows the last dot of a file name, lower case; "" when there is none. */
export function extensionOf(filename: string): string {
  const dot = filename.lastIndexOf(".");
  return dot < 0 ? "" : filename.slice(dot + 1).toLowerCase();
}

/**
 * The content type that a file is sent with: the canonical one of its extension when none is given
 * or when the given one means the same; null when the extension is not allowed or contradicts it.
 */
export function contentTypeFor(filename: string, given: string | null): string | null {
  const type = FILE_TYPES.get(extensionOf(filename));
  if (!type) return null;
  const essence = (given ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const same = ["", UNKNOWN_TYPE, type.contentType, ...type.aliases].includes(essence);
  return same ? type.contentType : null;
}

/** The extension of a content type; null when no allowed file has it. */
export function extensionFor(contentType: string): string | null {
  for (const [extension, type] of FILE_TYPES) {
    if ([type.contentType, ...type.aliases].includes(contentType)) return extension;
  }
  return null;
}

/** Longest file name. */
const MAX_FILENAME_LENGTH = 255;

/** Says why a file name is refused, or null. */
export function filenameFault(filename: string): string | null {
  if (filename.trim() === "") return "must not be empty";
  if (filename.length > MAX_FILENAME_LENGTH) {
    return `must be at most ${MAX_FILENAME_LENGTH} characters`;
  }
  if (/[/\\]/.test(filename)) return "must not hold path separators";
  // Controls, line separators, and the format characters that make `gpj.exe` read as `exe.jpg`.
  if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(filename)) {
    return "must not hold control or text direction characters";
  }
  return null;
}

/** The left and right side of a Content-ID (RFC 2392), dot-atoms with at most one @. */
const CONTENT_ID = /^[A-Za-z0-9!#$%&'*+\-=?^_`{|}~.]{1,100}(?:@[A-Za-z0-9.-]{1,100})?$/;

/** A content id without its angle brackets, or null when it is not one. */
export function parseContentId(text: string): string | null {
  const id = text.startsWith("<") && text.endsWith(">") ? text.slice(1, -1) : text;
  return CONTENT_ID.test(id) ? id : null;
}
