// The envelope as the gateway takes it (contract 1.6): any sender, also one without a domain; recipients
// by the same strict grammar as every other door. Pure.
import { parseAddress } from "../src/model/address.ts";

/** The server library judges addresses with a domain; it gets this one where a sender has none (RFC 2606). */
const NO_DOMAIN = "@no-domain.invalid";

/** `MAIL FROM:` with a reverse-path, in angle brackets or bare, and its parameters. */
const MAIL_LINE = /^(\s*mail\s+from\s*:\s*)(?:<([^<>]*)>|([^\s<>]+))(\s.*)?$/i;

/** The library knows one space between the two words. */
const MAIL_FROM = "MAIL FROM:";

/**
 * A MAIL command with a reverse-path that a strict parser takes: one without a domain (the documented
 * Python sample sends its user name) gets one, one without brackets gets them.
 */
export function completeMailLine(line: string): string {
  const match = MAIL_LINE.exec(line);
  if (!match) return line;
  const [, , bracketed, bare, parameters = ""] = match;
  const path = bracketed ?? bare ?? "";
  const domain = path === "" || path.includes("@") ? "" : NO_DOMAIN;
  return `${MAIL_FROM}<${path}${domain}>${parameters}`;
}

/** The sender as the client gave it, domain as A-labels; null when it cannot stand in a header of HTTP. */
export function senderOf(address: string): string | null {
  if (address.endsWith(NO_DOMAIN)) return address.slice(0, -NO_DOMAIN.length);
  const canonical = parseAddress(address);
  if (canonical.ok) return canonical.value;
  // Single labels and address literals are no addresses to us, but the envelope is the client's affair.
  return isAscii(address) ? address : null;
}

/** The recipient in canonical form; null when it is none that mail can be sent to. */
export function recipientOf(address: string): string | null {
  const canonical = parseAddress(address);
  return canonical.ok && isAscii(canonical.value) ? canonical.value : null;
}

/** SMTPUTF8 is not offered (RFC 6531 §3.2): a command line is printable ASCII. */
export function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}
