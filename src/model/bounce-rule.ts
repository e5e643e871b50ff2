// One rule of judgement, and the words that rules look at. Rules are data: to teach Edgepost a new
// reply, add the real line to test/model/replies.ts, then a rule with that line as `seen`. Pure.
import type { BounceCode } from "./bounce.ts";
import { relayWords } from "./relay-words.ts";
import type { Reply } from "../deliver/smtp/transaction.ts";

/** If the words of a reply match, the bounce has this code. The first matching rule of a list wins. */
export type Rule = {
  /** Over `ruleText`: lower case. No `*`, `+` or open-ended braces: replies are hostile text. */
  readonly pattern: RegExp;
  readonly code: BounceCode;
  /** The real reply that asked for this rule. */
  readonly seen: string;
};

// The longest real replies (Gmail's, five lines) have about 600 characters.
const RULE_TEXT_LIMIT = 2_000;

// RFC 5321 §4.5.3.1: 64 octets local part, 255 domain. Bounded, so that matching stays linear.
const ADDRESS = /[^\s<>()[\],;:"'@]{1,64}@[^\s<>()[\],;:"'@]{1,255}/gu;
const LINK_PATH = /(https?:\/\/[\w.-]{1,255})\S{0,500}/gu;

/**
 * What rules are matched against: the reply in lower case, on one line, each address written `@` and
 * each link cut after its host. A name such as `user-unknown@spam.example` must not decide anything.
 */
export function ruleText(reply: Reply): string {
  return relayWords(reply, RULE_TEXT_LIMIT)
    .toLowerCase()
    .replace(/[‘’`´]/gu, "'")
    .replace(ADDRESS, "@")
    .replace(LINK_PATH, "$1");
}
