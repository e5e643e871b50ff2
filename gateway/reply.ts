// What the gateway answers to AUTH and to the final dot for each answer of the Worker (contract 1.6).
// Pure. Every text begins with its enhanced status code (RFC 3463).
import type { WorkerAnswer } from "./worker-client.ts";

/** One SMTP reply: `text` is one line of printable ASCII. */
export type Reply = { readonly code: number; readonly text: string };

/** RFC 5321 §4.5.3.1.5 allows 512 octets for a reply line; what is more of a Worker's text is cut. */
const MAX_WORDS = 400;

/** No reply of the Worker, or none that can be used: the client tries again (never 5xx for our own faults). */
export const WORKER_UNAVAILABLE: Reply = {
  code: 451,
  text: "4.3.0 The message could not be stored now; try again later",
};

/** The Worker could not be asked whether a password is right (RFC 4954 §6); never 535 then. */
export const AUTH_UNAVAILABLE: Reply = {
  code: 454,
  text: "4.7.0 Temporary authentication failure; try again later",
};

/** RFC 4954 §6; the same words for an unknown user and for a wrong password. */
export const AUTH_INVALID: Reply = {
  code: 535,
  text: "5.7.8 Authentication credentials invalid",
};

/** Decision 7, RFC 4954 §6. */
export const ENCRYPTION_REQUIRED: Reply = {
  code: 538,
  text: "5.7.11 Encryption required for requested authentication mechanism; use STARTTLS or the TLS port",
};

/** Over the size of the gateway or of the credential. */
export function tooLarge(limit: number): Reply {
  return { code: 552, text: `5.3.4 Message size exceeds the limit of ${limit} bytes` };
}

/** Too many failures of this user or from this address. */
export function lockedFor(seconds: number): Reply {
  return { code: 454, text: `4.7.0 Too many failed attempts; try again in ${seconds} s` };
}

/** The reply to the final dot when the Worker refused the message; its own words stand behind the code. */
export function replyToRefusal(answer: WorkerAnswer): Reply {
  const [code, enhanced] = codeOf(answer);
  if (code === WORKER_UNAVAILABLE.code) return WORKER_UNAVAILABLE;
  const words = printable(answer.message) || "Message refused";
  return { code, text: `${enhanced} ${words}` };
}

/** Whether the Worker refused the gateway itself, not the client: nothing that the client can mend. */
export function refusesGateway({ status, code }: WorkerAnswer): boolean {
  return status === 404 || (status === 401 && code !== "invalid_credentials");
}

const UNAVAILABLE = [WORKER_UNAVAILABLE.code, "4.3.0"] as const;

/** What the Worker refuses for good with status 400, 403 or 422; any other code there is a fault of ours. */
const REFUSED: ReadonlySet<string> = new Set([
  "invalid_credentials",
  "tls_required",
  "sender_not_allowed",
  "mail_class_not_allowed",
  "amp_not_approved",
  "attachment_refused",
  "all_recipients_suppressed",
  "not_compliant",
]);

function codeOf(answer: WorkerAnswer): readonly [code: number, enhanced: string] {
  const { status, code, field } = answer;
  if (status < 400 || status >= 500 || refusesGateway(answer)) return UNAVAILABLE;
  if (status === 429) return [450, "4.7.1"];
  if (status === 402) return [552, "5.2.2"];
  if (status === 413) return [552, "5.3.4"];
  if (code === "invalid_request") return codeOfField(field ?? "");
  return REFUSED.has(code) ? [550, "5.7.1"] : UNAVAILABLE;
}

function codeOfField(field: string): readonly [code: number, enhanced: string] {
  if (field.startsWith("X-Envelope-To")) return [550, "5.1.3"];
  if (field === "text/x-amp-html") return [550, "5.7.1"];
  return [550, "5.6.0"];
}

/** One line of printable ASCII, whatever came. */
function printable(text: string): string {
  return text
    .replaceAll(/[^\x21-\x7e]+/g, " ")
    .trim()
    .slice(0, MAX_WORDS);
}
