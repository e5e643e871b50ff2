// What may stand in a header: the characters of a text, and the own headers that a sender may set
// (contract 1.3, "safe custom headers"). Judges only; compose/header.ts encodes.

/** Own headers per message. */
export const MAX_OWN_HEADERS = 20;
const MAX_NAME_LENGTH = 70;
const MAX_VALUE_LENGTH = 900;

/**
 * Characters that start a new line somewhere, or end a text: C0 but the tab, DEL and C1 (U+0085 is
 * one), the Unicode line and paragraph separators.
 */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const LINE_BREAKERS = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]/;

/** Says why a text may not stand in a header (subject, display name, own header), or null. */
export function headerTextFault(text: string): string | null {
  if (LINE_BREAKERS.test(text)) return "must be one line without control characters";
  return text.isWellFormed() ? null : "must not hold half of a surrogate pair";
}

/** The same text with everything that `headerTextFault` refuses turned into a space. */
export function toHeaderText(text: string): string {
  return text.toWellFormed().replace(new RegExp(LINE_BREAKERS, "g"), " ");
}

/** ftext of RFC 5322 §3.6.8 without what has a meaning elsewhere. */
const HEADER_NAME = /^[A-Za-z][A-Za-z0-9-]*$/;
const EXTENSION = /^x-./i;
/** Headers with a grammar of their own: an encoded-word would break them. */
const STRUCTURED: readonly string[] = [
  "list-help",
  "list-unsubscribe",
  "list-unsubscribe-post",
  "references",
  "in-reply-to",
  "auto-submitted",
  "precedence",
];

/** Says why a sender may not set this header to this value, or null. */
export function ownHeaderFault(name: string, value: string): string | null {
  const structured = isStructuredHeader(name);
  if (name.length > MAX_NAME_LENGTH || !HEADER_NAME.test(name)) {
    return `is not a header name: use at most ${MAX_NAME_LENGTH} letters, digits and hyphens`;
  }
  if (!structured && !EXTENSION.test(name)) {
    return "may not be set: use X-…, List-Help, List-Unsubscribe, List-Unsubscribe-Post, References, In-Reply-To, Auto-Submitted or Precedence";
  }
  if (value.length > MAX_VALUE_LENGTH) return `must be at most ${MAX_VALUE_LENGTH} characters`;
  if (structured && !/^[\x20-\x7e]*$/.test(value)) return "must be printable ASCII";
  return headerTextFault(value);
}

/** Whether a header's value has a grammar that allows no encoded-word (RFC 2047 §5). */
export function isStructuredHeader(name: string): boolean {
  return STRUCTURED.includes(name.toLowerCase());
}
