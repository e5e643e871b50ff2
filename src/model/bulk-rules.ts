// The bulk-sender rules of Gmail, Yahoo and Microsoft, and the parts of RFC 5322 that they insist on, as
// data. What is not known breaks no rule: only what was seen to be wrong refuses a mail.
// Sources: support.google.com/a/answer/81126, senders.yahooinc.com/best-practices,
// learn.microsoft.com "Outlook's requirements for high-volume senders".
import { domainOf } from "./address.ts";
import { isAligned, isKnownWrong, keyStatus, spfStatuses, statusesOf } from "./alignment.ts";
import type { Facts } from "./compliance.ts";
import { domainGroup } from "./domain-group.ts";
import { isDateTime, isMessageId } from "./header-syntax.ts";
import { repeatedField, valueOf } from "./mime/fields.ts";
import { parseFrom } from "./mime/from.ts";
import { MAX_LINE_OCTETS } from "./mime/lines.ts";
import { htmlUnsubscribes, textUnsubscribes } from "./unsubscribe-link.ts";

/** Who has a rule. */
export type Provider = "gmail" | "yahoo" | "microsoft" | "all";

/** One rule. */
export type BulkRule = {
  /** Its name in answers, for ever. */
  readonly rule: string;
  /** `error`: a provider refuses such mail or files it as spam; `warning`: its readers are worse off. */
  readonly level: "error" | "warning";
  readonly providers: readonly Provider[];
  readonly appliesTo: "all" | "marketing";
  /** What to do, in one sentence. */
  readonly message: string;
  readonly isBroken: (facts: Facts) => boolean;
};

/** What Gmail takes of a message, its attachments encoded. */
const MAX_SIZE = 25 * 1024 * 1024;

/** What Gmail shows of an HTML part before it says "Message clipped". */
const MAX_HTML_BYTES = 102 * 1024;

/** The rule about a header that cannot be read, which every other rule needs. */
export const HEADER_RULE = {
  rule: "header",
  level: "error",
  message: "make the header one that every receiver can read",
} as const;

/** Every other rule. */
export const BULK_RULES: readonly BulkRule[] = [
  {
    rule: "spf",
    level: "error",
    providers: ["gmail", "yahoo", "microsoft"],
    appliesTo: "all",
    message: "publish the SPF records that GET /v1/domains/:domain lists",
    isBroken: ({ published }) => spfStatuses(published).some(isKnownWrong),
  },
  {
    rule: "dkim-signed",
    level: "error",
    providers: ["gmail", "yahoo", "microsoft"],
    appliesTo: "all",
    message: "publish the DKIM record of the domain's key: Edgepost signs as soon as DNS shows it",
    isBroken: ({ signatures }) => signatures.length === 0,
  },
  {
    rule: "dkim-published",
    level: "error",
    providers: ["gmail", "yahoo", "microsoft"],
    appliesTo: "all",
    message:
      "publish the DKIM record of the key that signs: DNS no longer shows it as it should be",
    isBroken: ({ signatures, published }) =>
      signatures.length > 0 && signatures.every((one) => isKnownWrong(keyStatus(one, published))),
  },
  {
    rule: "dmarc",
    level: "error",
    providers: ["gmail", "yahoo", "microsoft"],
    appliesTo: "all",
    message: "publish one valid DMARC record; v=DMARC1; p=none is enough",
    isBroken: ({ published }) => statusesOf(published, "dmarc").some(isKnownWrong),
  },
  {
    rule: "dmarc-aligned",
    level: "error",
    providers: ["gmail", "yahoo", "microsoft"],
    appliesTo: "all",
    message: "sign with the domain of From, or use a return path in it that has an SPF record",
    isBroken: (facts) => {
      const domain = fromDomain(facts);
      return domain !== null && !isAligned(facts, domain);
    },
  },
  {
    rule: "dns-known",
    level: "warning",
    providers: ["all"],
    appliesTo: "all",
    message: "DNS was not asked or did not answer: POST /v1/domains/:domain/verify",
    isBroken: ({ published: { records } }) =>
      records === null ||
      records.some(
        ({ required, status }) => required && !["ok", "missing", "wrong"].includes(status),
      ),
  },
  {
    rule: "from",
    level: "error",
    providers: ["all"],
    appliesTo: "all",
    message: "give the message exactly one From field with exactly one address",
    isBroken: ({ fields }) => {
      const found = fields.filter(({ name }) => name === "from");
      return found.length !== 1 || !parseFrom(found[0]?.value ?? "").ok;
    },
  },
  {
    rule: "from-provider",
    level: "error",
    providers: ["gmail", "yahoo", "microsoft"],
    appliesTo: "all",
    message: "send from a domain of your own: mailbox providers reject mail that uses theirs",
    isBroken: (facts) => {
      const domain = fromDomain(facts);
      // A domain of a group is a mailbox provider's.
      return domain !== null && domainGroup(domain) !== domain;
    },
  },
  {
    rule: "date",
    level: "error",
    providers: ["all"],
    appliesTo: "all",
    message:
      "give the message one Date as RFC 5322 (3.3) writes it: Mon, 2 Jan 2006 15:04:05 +0000",
    isBroken: ({ fields }) => !isDateTime(valueOf({ fields }, "date") ?? ""),
  },
  {
    rule: "message-id",
    level: "error",
    providers: ["all"],
    appliesTo: "all",
    message: "give the message one Message-ID such as <unique@example.com> (RFC 5322, 3.6.4)",
    isBroken: ({ fields }) => !isMessageId(valueOf({ fields }, "message-id") ?? ""),
  },
  {
    rule: "single-fields",
    level: "error",
    providers: ["all"],
    appliesTo: "all",
    message: "give each field that may stand once only once (RFC 5322, 3.6)",
    // The rule `from` counts its own.
    isBroken: ({ fields }) =>
      repeatedField({ fields: fields.filter(({ name }) => name !== "from") }) !== null,
  },
  {
    rule: "subject",
    level: "warning",
    providers: ["all"],
    appliesTo: "all",
    message: "give the message a Subject",
    isBroken: ({ fields }) => (valueOf({ fields }, "subject") ?? "") === "",
  },
  {
    rule: "one-click",
    level: "error",
    providers: ["gmail", "yahoo"],
    appliesTo: "marketing",
    message:
      "give List-Unsubscribe one https URI, and List-Unsubscribe-Post: List-Unsubscribe=One-Click (RFC 8058); Edgepost adds both where PUBLIC_URL is https",
    isBroken: ({ fields }) => {
      const https = unsubscribeUris(fields).some((uri) => /^https:\/\/[^/]/i.test(uri));
      const post = valueOf({ fields }, "list-unsubscribe-post") ?? "";
      return !https || !/^List-Unsubscribe=One-Click$/i.test(post);
    },
  },
  {
    rule: "unsubscribe-link",
    level: "warning",
    providers: ["gmail", "yahoo", "microsoft"],
    appliesTo: "marketing",
    message: "put a link to unsubscribe into the body, such as {{unsubscribe_url}}",
    isBroken: ({ fields, texts }) => {
      const known = unsubscribeUris(fields);
      const html = texts.filter(({ type }) => type === "text/html");
      // Who has an HTML part sees it; only without one the text is read.
      return html.length > 0
        ? !html.some(({ text }) => htmlUnsubscribes(text, known))
        : !texts.some(({ text }) => textUnsubscribes(text, known));
    },
  },
  {
    rule: "size",
    level: "error",
    providers: ["gmail", "yahoo"],
    appliesTo: "all",
    message: "keep the whole message below 25 MB, in which attachments count four thirds",
    isBroken: ({ size }) => size > MAX_SIZE,
  },
  {
    rule: "html-size",
    level: "warning",
    providers: ["gmail"],
    appliesTo: "all",
    message:
      "keep the HTML below 102 KB: Gmail clips what is longer, a link to unsubscribe with it",
    isBroken: ({ texts }) =>
      texts.some(({ type, bytes }) => type === "text/html" && bytes > MAX_HTML_BYTES),
  },
  {
    rule: "line-length",
    level: "error",
    providers: ["all"],
    appliesTo: "all",
    message: "keep every line at 998 octets or less (RFC 5322, 2.1.1): use a transfer encoding",
    isBroken: ({ longestLine }) => longestLine > MAX_LINE_OCTETS,
  },
  {
    rule: "crlf",
    level: "error",
    providers: ["all"],
    appliesTo: "all",
    message: "end every line with CRLF, and use neither CR nor LF alone (RFC 5321, 2.3.8)",
    isBroken: ({ bareLineEnds }) => bareLineEnds > 0,
  },
];

type Fields = Facts["fields"];

function fromDomain({ fields }: Facts): string | null {
  const from = parseFrom(valueOf({ fields }, "from") ?? "");
  return from.ok ? domainOf(from.value.address) : null;
}

/** RFC 2369 §2: URIs in angle brackets, separated by commas. */
function unsubscribeUris(fields: Fields): readonly string[] {
  const value = valueOf({ fields }, "list-unsubscribe") ?? "";
  return [...value.matchAll(/<\s*([^<>\s]+)\s*>/g)].map(([, uri = ""]) => uri);
}
