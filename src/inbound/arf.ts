// Complaints (ARF, RFC 5965): what kind of feedback it is, and whatever in it may name the delivery. The
// address of the recipient is mostly taken out by who sends it; our own tokens stay. Pure.
import { printable } from "../model/relay-words.ts";
import { fieldGroups } from "./fields.ts";
import { type ReadMail, returnedHeader } from "./read-mail.ts";

/** A feedback report. */
export type Feedback = {
  /** The reader complained; else it is another kind of feedback, such as `not-spam`. */
  readonly complaint: boolean;
  /** What kind and who reported it, on one line. */
  readonly reply: string;
  /** Addresses that may be return paths of ours. */
  readonly returnPaths: readonly string[];
  /** Where the mail's own header would have its reader unsubscribe. */
  readonly unsubscribeUrls: readonly string[];
  /** The returned mail's Message-ID, "" when there is none. */
  readonly messageId: string;
};

/** RFC 5965 §7.3; `opt-out` is what some providers say in its place. */
const COMPLAINTS: ReadonlySet<string> = new Set(["abuse", "fraud", "virus", "opt-out"]);

/** Candidates looked at; a real mail has one or two. */
const MAX_CANDIDATES = 10;

/** A local part of ours has at most 64 octets; in any case, anywhere in a field. */
const RETURN_PATH = /(?<![\w+.-])b\+[a-z2-7]{20,62}@[a-z0-9.-]{1,253}/gi;

/** Reads feedback; null when the mail is none. */
export function readFeedback(mail: ReadMail): Feedback | null {
  const part = mail.parts.find(({ type }) => type === "message/feedback-report");
  if (!part) return null;
  const report = fieldGroups(part.text)[0] ?? new Map<string, string>();
  const returned = returnedHeader(mail);
  const type = (report.get("feedback-type") ?? "").toLowerCase();
  const by = report.get("user-agent") ?? mail.headers.get("from") ?? "";
  const fields = [report.get("original-mail-from") ?? "", ...returned.values()].join("\n");
  const listed = returned.get("list-unsubscribe") ?? "";
  return {
    complaint: COMPLAINTS.has(type),
    reply: printable(`${type} report by ${by}`),
    returnPaths: [...new Set(fields.match(RETURN_PATH))].slice(0, MAX_CANDIDATES),
    unsubscribeUrls: [...listed.matchAll(/<\s*(https?:[^\s<>]{1,8000})\s*>/gi)]
      .map(([, url = ""]) => url)
      .slice(0, MAX_CANDIDATES),
    messageId: returned.get("message-id") ?? "",
  };
}
