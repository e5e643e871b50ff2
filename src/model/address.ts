// The one parser of e-mail addresses, for checking and for the wire: what it returns is what SMTP
// and the headers carry. Stricter than RFC 5322: no comments, quoting, routes or address literals.
import { fail, ok, type Result } from "../lib/result.ts";
import { utf8 } from "../lib/bytes.ts";
import { headerTextFault } from "./header.ts";
import type { Mailbox } from "./message.ts";

/** RFC 5321 §4.5.3.1.1. */
const MAX_LOCAL_OCTETS = 64;
/** RFC 5321 §4.5.3.1.3 allows 256 for a path, angle brackets included. */
const MAX_ADDRESS_OCTETS = 254;
/** 255 octets on the wire of DNS (RFC 1035 §2.3.4) are 253 as text. */
const MAX_DOMAIN_OCTETS = 253;

/** atext of RFC 5322 §3.2.3 and the non-ASCII of RFC 6531 §3.3, which is looked at further below. */
const DOT_ATOM =
  /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\u{10ffff}]+(?:\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\u{10ffff}]+)*$/u;
/** Controls, format and bidi characters, surrogates, private use, unassigned, every kind of space. */
const INVISIBLE = /[\p{C}\p{Z}]/u;
/** ASCII that may not stand in a dot-atom; found in the NFKC form of look-alikes such as U+FF20. */
const SPECIAL = /[^A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.\u0080-\u{10ffff}]/u;
/** One label of letters, digits and hyphens (RFC 5890 §2.3.1). */
const LDH_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const ASCII = /^[\x21-\x7e]+$/;

/**
 * Parses one addr-spec. The value is canonical: the local part as given, the domain as A-labels in
 * lower case. The error says what is wrong and what would be right.
 */
export function parseAddress(text: string): Result<string, string> {
  const at = text.lastIndexOf("@");
  if (at < 0) return fail("must be an address such as name@example.com: it has no @");
  const local = text.slice(0, at);
  const fault = localPartFault(local);
  if (fault) return fail(fault);
  const domain = parseDomain(text.slice(at + 1));
  if (!domain.ok) return domain;
  const address = `${local}@${domain.value}`;
  if (utf8(address).length > MAX_ADDRESS_OCTETS) {
    return fail(`must be at most ${MAX_ADDRESS_OCTETS} octets long`);
  }
  return ok(address);
}

function localPartFault(local: string): string | null {
  if (local === "") return "must have a name before the @";
  if (local.length > MAX_ADDRESS_OCTETS || utf8(local).length > MAX_LOCAL_OCTETS) {
    return `must have at most ${MAX_LOCAL_OCTETS} octets before the @`;
  }
  if (!DOT_ATOM.test(local) || INVISIBLE.test(local) || SPECIAL.test(local.normalize("NFKC"))) {
    return "must have only letters, digits, single dots and !#$%&'*+-/=?^_`{|}~ before the @";
  }
  return null;
}

/** Parses a domain name into A-labels in lower case; IP addresses and single labels are refused. */
export function parseDomain(text: string): Result<string, string> {
  const wrong = fail("must have a domain name such as example.com after the @");
  if (text === "" || text.length > MAX_DOMAIN_OCTETS) return wrong;
  const domain = toALabels(text);
  if (domain === null || domain.length > MAX_DOMAIN_OCTETS) return wrong;
  const labels = domain.split(".");
  const top = labels.at(-1) ?? "";
  if (labels.length < 2 || /^[0-9]/.test(top)) return wrong;
  return labels.every((label) => LDH_LABEL.test(label)) ? ok(domain) : wrong;
}

/** IDNA (UTS 46) by the platform's URL parser, which never sees a character with a meaning in URLs. */
function toALabels(text: string): string | null {
  const lower = text.toLowerCase();
  const ascii = ASCII.test(lower);
  if (ascii && !/^[a-z0-9.-]+$/.test(lower)) return null;
  if (ascii && !/(?:^|\.)xn--/.test(lower)) return lower;
  const rest = text.replace(/[\u0080-\u{10ffff}]/gu, "");
  if (!/^[A-Za-z0-9.-]*$/.test(rest) || INVISIBLE.test(text)) return null;
  const url = `http://${text}/`;
  return URL.canParse(url) ? new URL(url).hostname : null;
}

/** The domain of a canonical address. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1);
}

/** What two addresses have in common when they are the same mailbox to us: case does not count. */
export function addressKey(address: string): string {
  return address.normalize("NFC").toLowerCase();
}

/** Characters that would make an unquoted display name read as a list, a group or an address. */
const NOT_IN_BARE_NAME = /[<>,;:@"\\]/;

/**
 * Parses `address`, `<address>`, `Name <address>` or `"Name" <address>`. The name is returned
 * unquoted and may stand in a header.
 */
export function parseMailbox(text: string): Result<Mailbox, string> {
  const fault = headerTextFault(text);
  if (fault) return fail(fault);
  const trimmed = text.trim();
  if (!trimmed.endsWith(">")) return withName("", trimmed);
  const open = trimmed.lastIndexOf("<");
  if (open < 0) return fail("must be an address or `Name <name@example.com>`");
  const address = trimmed.slice(open + 1, -1);
  const phrase = trimmed.slice(0, open).trim();
  if (phrase.startsWith('"')) {
    const name = unquote(phrase);
    if (name === null) return fail('has a quoted name that does not end before the "<"');
    return withName(name, address);
  }
  if (NOT_IN_BARE_NAME.test(phrase)) {
    return fail(
      'must hold one address; put a name with <>,;:@ into quotes: "Doe, Jo" <jo@example.com>',
    );
  }
  return withName(phrase, address);
}

function withName(name: string, text: string): Result<Mailbox, string> {
  const address = parseAddress(text);
  return address.ok ? ok({ address: address.value, name }) : address;
}

/** The text of one complete quoted-string (RFC 5322 §3.2.4), or null. */
function unquote(phrase: string): string | null {
  let text = "";
  for (let index = 1; index < phrase.length; index++) {
    const character = phrase.charAt(index);
    if (character === '"') return index === phrase.length - 1 ? text.trim() : null;
    if (character === "\\") index++;
    text += phrase.charAt(index);
  }
  return null;
}

/** `Name <address>` for people, the name in quotes where it must be; the address alone without a name. */
export function formatMailbox({ name, address }: Mailbox): string {
  if (name === "") return address;
  const bare = !NOT_IN_BARE_NAME.test(name);
  return `${bare ? name : `"${name.replaceAll(/["\\]/g, "\\$&")}"`} <${address}>`;
}
