// Problems on this dialect's two wires: E-01's three keys with a statusCode (contract 1.2), and the
// native error object (decision 2).
import type { Problem } from "../../model/problem.ts";
import type { Answer } from "../endpoint.ts";

/** The path, below the base, that answers with E-01's keys. */
const SEND_EMAIL = "/send-email";

/** The answer to a problem at a path of this dialect. */
export function kasploProblem(
  problem: Problem,
  about: { path: string; requestId: string },
): Answer {
  const { status, statusCode, headers } = wireOf(problem);
  if (about.path === SEND_EMAIL) {
    const json = { statusCode, status: "FAILED", message: messageOf(problem) };
    return { status, json, headers };
  }
  return { status, json: nativeError(problem, about.requestId), headers };
}

/** The native error object, which is also the last line of an answer that was begun (decision 2). */
export function nativeError(problem: Problem, requestId: string) {
  return { error: { ...errorOf(problem), request_id: requestId } };
}

/** A problem as native answers tell it: its code, what would be right, and the field it is about. */
export function errorOf(problem: Problem) {
  const field = problem.kind === "invalid_field" ? { field: problem.path } : {};
  return { code: wireOf(problem).code, message: messageOf(problem), ...field };
}

type Wire = {
  readonly status: number;
  /** statusCode of E-01. */
  readonly statusCode: number;
  /** `error.code` of native answers. */
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
};

function wire(
  status: number,
  statusCode: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): Wire {
  return { status, statusCode, code, headers };
}

/** HTTP status and codes of contract 1.2 and decision 3; 1004 is every "not allowed with this key". */
export function wireOf(problem: Problem): Wire {
  switch (problem.kind) {
    case "malformed_body":
      return wire(400, 1001, "invalid_json");
    case "invalid_field":
      return wire(400, 1002, "invalid_request");
    case "unauthorized":
      return wire(401, 1003, "unauthorized", { "WWW-Authenticate": "Bearer" });
    case "invalid_credentials":
      return wire(401, 1003, "invalid_credentials");
    case "second_factor_required":
      return wire(401, 1003, "second_factor_required");
    case "tls_required":
      return wire(403, 1004, "tls_required");
    case "too_many_attempts":
      return wire(429, 1003, "too_many_attempts", {
        "Retry-After": String(problem.retryAfterSeconds),
      });
    case "sender_not_allowed":
      return wire(403, 1004, "sender_not_allowed");
    case "not_permitted":
      return wire(403, 1004, "not_permitted");
    case "insufficient_scope":
      return wire(403, 1004, "insufficient_scope");
    case "mail_class_not_allowed":
      return wire(403, 1004, "mail_class_not_allowed");
    case "attachment_refused":
      return wire(400, 1005, "attachment_refused");
    case "too_large":
    case "too_many_recipients":
      return wire(413, 1006, "too_large");
    case "out_of_credits":
      return wire(402, 1007, "out_of_credits");
    case "rate_limited":
      return wire(429, 1008, "rate_limited", {
        "Retry-After": String(problem.retryAfterSeconds),
      });
    case "amp_not_approved":
      return wire(403, 1009, "amp_not_approved");
    case "all_suppressed":
      return wire(422, 1010, "all_recipients_suppressed");
    case "unsupported_media_type":
      return wire(415, 1011, "unsupported_media_type");
    case "method_not_allowed":
      return wire(405, 1012, "method_not_allowed", { Allow: problem.allow.join(", ") });
    case "idempotency_key_reused":
      return wire(422, 1013, "idempotency_key_reused");
    case "not_compliant":
      return wire(422, 1014, "not_compliant");
    case "not_found":
      return wire(404, 1002, "not_found");
    case "conflict":
      return wire(409, 1002, "conflict");
    case "unavailable":
      return wire(503, 1099, "unavailable", {
        "Retry-After": String(problem.retryAfterSeconds),
      });
  }
}

const MEGABYTE = 1024 * 1024;

/** What was wrong and what would be right; never a secret (decision 13). */
export function messageOf(problem: Problem): string {
  switch (problem.kind) {
    case "malformed_body":
    case "unauthorized":
    case "invalid_credentials":
    case "not_permitted":
    case "conflict":
    case "unavailable":
    case "too_many_recipients":
    case "rate_limited":
      return problem.reason;
    case "second_factor_required":
      return "give the code that your authenticator app shows, or a recovery code, as code";
    case "tls_required":
      return "this SMTP credential may be used over TLS only; use STARTTLS or port 465";
    case "too_many_attempts":
      return `too many tries; try again in ${problem.retryAfterSeconds} s`;
    case "invalid_field":
    case "attachment_refused":
      return `${problem.path}: ${problem.reason}`;
    case "unsupported_media_type":
      return `send the body as Content-Type: ${problem.wanted}`;
    case "method_not_allowed":
      return `this path answers ${problem.allow.join(", ")}`;
    case "not_found":
      return `${problem.what} does not exist`;
    case "insufficient_scope":
      return `this API key lacks the scope ${problem.scope}`;
    case "sender_not_allowed":
      return `${problem.domain} is not a verified sender domain for this API key`;
    case "mail_class_not_allowed":
      return `this API key may not send ${problem.mailClass} mail; leave mailClass out or use a key that may`;
    case "too_large":
      return `${problem.what} may be at most ${Math.floor(problem.limitBytes / MEGABYTE)} MB`;
    case "amp_not_approved":
      return `AMP is not approved for ${problem.domain} with this From name; get the sender identity approved or leave amp out`;
    case "all_suppressed":
      return "every recipient is suppressed; nothing was sent";
    case "out_of_credits":
      return `${problem.needed} credits are needed and ${problem.balance} are left; nothing was sent`;
    case "not_compliant": {
      const rules = problem.broken.map(({ rule }) => rule).join(", ");
      const remedies = problem.broken.map(({ rule, message }) => `${rule}: ${message}`).join("; ");
      return `${problem.domain} sends no mail that breaks bulk-sender rules (${rules}). ${remedies}`;
    }
    case "idempotency_key_reused":
      return "this Idempotency-Key was used with another body in the last 24 hours";
  }
}
