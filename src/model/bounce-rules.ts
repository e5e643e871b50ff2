// What a refusal means: reply → bounce code of contract 3.7. Enhanced status code first where it says
// something definite, then phrases, then the three digits. Knows no state and no queue. Pure.
import type { BounceCode } from "./bounce.ts";
import { BAD_ADDRESS } from "./bounce.ts";
import { ruleText } from "./bounce-rule.ts";
import type { Rule } from "./bounce-rule.ts";
import {
  ADDRESS_RULES,
  MAYBE_ALIVE,
  NOT_THE_RECIPIENT,
  ROOM_RULES,
} from "./bounce-rules-address.ts";
import { BLOCK_RULES, POLICY_RULES, SENDER_RULES, TEMPORARY_RULES } from "./bounce-rules-block.ts";
import type { Reply } from "../deliver/smtp/transaction.ts";

/**
 * Subject and detail of an enhanced status code (RFC 3463, RFC 7372, RFC 7505) that decide alone.
 * Vague ones (x.0.0, x.1.0, x.2.0, x.2.1, x.5.0, x.7.0, x.7.1 …) are missing: there, words decide.
 * x.2.3 too: some servers use it for policy.
 */
const STATUS_CODES: Readonly<Record<string, BounceCode>> = {
  "1.1": 10, // bad destination mailbox address
  "1.2": 10, // bad destination system address: the recipient's domain
  "1.3": 10, // bad destination mailbox address syntax
  "1.6": 10, // mailbox has moved, no forwarding address
  "1.10": 10, // recipient's domain has a null MX; Exchange Online: RecipientNotFound
  "2.2": 22, // mailbox full
  "3.4": 23, // message too big for system
  "4.4": 10, // unable to route: the recipient's domain has no host
  "7.20": 55, // no passing DKIM signature
  "7.21": 55, // no acceptable DKIM signature
  "7.22": 55, // no valid author-matched DKIM signature
  "7.23": 55, // SPF validation failed
  "7.24": 55, // SPF validation error
  "7.25": 55, // reverse DNS validation failed
  "7.26": 55, // multiple authentication checks failed
};

/** The same for a temporary refusal, where it differs. */
const TEMPORARY_STATUS_CODES: Readonly<Record<string, BounceCode>> = {
  "1.2": 21,
  "4.1": 29, // no answer from host
  "4.3": 21, // directory server failure: DNS
  "4.4": 21,
};

// Room before blocks: "message too large, remove attachments" is about size.
const CAUSES = [...SENDER_RULES, ...ROOM_RULES, ...BLOCK_RULES];
const TEMPORARY_CAUSES = [...SENDER_RULES, ...TEMPORARY_RULES, ...ROOM_RULES, ...BLOCK_RULES];

/**
 * The bounce code of a refusal: of a 5xx now, of a 4xx if it is still refused when it expires. A bad
 * address (10) is only ever said of a 5xx.
 */
export function classify(reply: Reply): BounceCode {
  const text = ruleText(reply);
  const temporary = reply.code < 500;
  const status = statusOf(reply, text);
  const byStatus = (temporary ? TEMPORARY_STATUS_CODES[status] : null) ?? STATUS_CODES[status];
  if (byStatus !== undefined && byStatus !== BAD_ADDRESS) return byStatus;
  return temporary
    ? classifyTemporary(text)
    : classifyPermanent({ text, status, digits: reply.code, bad: byStatus === BAD_ADDRESS });
}

function classifyTemporary(text: string): BounceCode {
  return firstMatch(TEMPORARY_CAUSES, text) ?? 20;
}

function classifyPermanent(refusal: {
  readonly text: string;
  readonly status: string;
  readonly digits: number;
  /** The enhanced status code says that the address is bad. */
  readonly bad: boolean;
}): BounceCode {
  const { text, status, digits, bad } = refusal;
  const cause = firstMatch(CAUSES, text);
  if (cause !== null) return cause;
  const blameless = NOT_THE_RECIPIENT.some((pattern) => pattern.test(text));
  const said = !MAYBE_ALIVE.test(text) && firstMatch(ADDRESS_RULES, text) !== null;
  if (!blameless && (bad || said)) return BAD_ADDRESS;
  return firstMatch(POLICY_RULES, text) ?? byDigits(status, digits);
}

/** When neither status nor words are clear (RFC 5321 §4.2.3, RFC 3463 §3.8). */
function byDigits(status: string, digits: number): BounceCode {
  if (status.startsWith("7.")) return 50;
  // "exceeded storage allocation"
  if (digits === 552 && status === "") return 22;
  return 40;
}

function firstMatch(rules: readonly Rule[], text: string): BounceCode | null {
  return rules.find((rule) => rule.pattern.test(text))?.code ?? null;
}

/** `subject.detail` of the status, also where qmail writes it, `(#5.1.1)` at the end; else "". */
function statusOf(reply: Reply, text: string): string {
  const status = reply.enhanced ?? QMAIL_STATUS.exec(text)?.[1] ?? "";
  return status.slice(status.indexOf(".") + 1);
}

const QMAIL_STATUS = /\(#([45]\.\d{1,3}\.\d{1,3})\)/u;
