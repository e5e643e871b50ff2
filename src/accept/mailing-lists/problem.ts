// Problems on the wire of the Mailing Lists API (contract 1.5, 3.1).
import type { Problem } from "../../model/problem.ts";
import type { Answer } from "../endpoint.ts";
import { messageOf, wireOf } from "../kasplo/problem.ts";
import { type ErrorCode, failure } from "./envelope.ts";

/** How somebody shows who they are here (RFC 7617). */
const CHALLENGE = { "WWW-Authenticate": 'Basic realm="Mailing Lists API"' };

/** The answer to a problem. What is wrong with a record is 422; all other statuses are those of /v1. */
export function mailingListsProblem(problem: Problem): Answer {
  const code = codeOf(problem);
  const wire = wireOf(problem);
  const status = code === "validation_failed" ? 422 : wire.status;
  const headers = problem.kind === "unauthorized" ? CHALLENGE : wire.headers;
  return failure(status, code, sentenceOf(problem), headers);
}

/** What is wrong, as documented: `name cannot be blank`. */
function sentenceOf(problem: Problem): string {
  return problem.kind === "invalid_field"
    ? `${problem.path} ${problem.reason}`
    : messageOf(problem);
}

function codeOf(problem: Problem): ErrorCode {
  switch (problem.kind) {
    case "invalid_field":
    case "conflict":
      return "validation_failed";
    case "not_found":
      return "not_found";
    case "unauthorized":
    case "invalid_credentials":
    case "second_factor_required":
    case "tls_required":
    case "too_many_attempts":
    case "insufficient_scope":
    case "not_permitted":
    case "sender_not_allowed":
    case "mail_class_not_allowed":
    case "amp_not_approved":
      return "not_authorized";
    case "unavailable":
      return "internal_error";
    case "malformed_body":
    case "unsupported_media_type":
    case "method_not_allowed":
    case "attachment_refused":
    case "too_large":
    case "all_suppressed":
    case "not_compliant":
    case "too_many_recipients":
    case "out_of_credits":
    case "rate_limited":
    case "idempotency_key_reused":
      return "invalid_request";
  }
}
