// What a part is for: text to be read, a file, or what a signature or an encryption is made of.
import { isContainer, type Part } from "./structure.ts";

/** The role of a part that holds no others. */
export type PartRole =
  /** Shown as it is: text, and the machine-readable half of a report (RFC 3462). */
  | "text"
  | "file"
  /** A signature, or something encrypted that nobody but its reader can judge (RFC 1847, RFC 8551). */
  | "cryptographic";

const REPORTS = new Set([
  "message/delivery-status",
  "message/global-delivery-status",
  "message/disposition-notification",
  "message/global-disposition-notification",
  "message/feedback-report",
]);

const SIGNATURES = new Set([
  "application/pgp-signature",
  "application/pkcs7-signature",
  "application/x-pkcs7-signature",
]);

const ENCRYPTED = new Set(["application/pkcs7-mime", "application/x-pkcs7-mime"]);

/** The role of a part; null when it holds others. */
export function roleOf(part: Part): PartRole | null {
  const { type, disposition, names, place } = part;
  if (isContainer(part)) return null;
  if (place.parent === "multipart/encrypted" || ENCRYPTED.has(type)) return "cryptographic";
  if (place.parent === "multipart/signed" && place.index > 0 && SIGNATURES.has(type)) {
    return "cryptographic";
  }
  if (disposition === "attachment" || names.length > 0) return "file";
  return type.startsWith("text/") || REPORTS.has(type) ? "text" : "file";
}

/** Whether it is HTML or plain text that may be written anew: nothing around it would break. */
export function isOpenText(part: Part): boolean {
  const { type, place } = part;
  const known = type === "text/html" || type === "text/plain";
  return known && !place.sealed && !place.attached && roleOf(part) === "text";
}
