// Problems on the wire of the KasaPost API (contract 1.3).
import type { Problem } from "../../model/problem.ts";
import type { Answer } from "../endpoint.ts";
import { messageOf, wireOf } from "../kasplo/problem.ts";

/** The answer to a problem; statuses are those of /v1. */
export function kasapostProblem(problem: Problem): Answer {
  const { status, code, headers } = wireOf(problem);
  const field = fieldOf(problem);
  const error = {
    code: codeOf(problem) ?? code,
    message: messageOf(problem),
    ...(field === null ? {} : { field }),
  };
  return { status, json: { error }, headers };
}

/** Codes that this API has for itself; null for those of /v1. */
function codeOf(problem: Problem): string | null {
  switch (problem.kind) {
    case "malformed_body":
    case "attachment_refused":
      return "invalid_request";
    case "mail_class_not_allowed":
      return "sender_not_allowed";
    case "rate_limited":
      if (problem.limit === "domain-daily") return "reputation_limited";
      return problem.limit.endsWith("-daily") ? "daily_limit_exceeded" : null;
    case "all_suppressed":
    case "amp_not_approved":
    case "conflict":
    case "idempotency_key_reused":
    case "insufficient_scope":
    case "invalid_credentials":
    case "invalid_field":
    case "method_not_allowed":
    case "not_compliant":
    case "not_found":
    case "not_permitted":
    case "out_of_credits":
    case "sender_not_allowed":
    case "second_factor_required":
    case "tls_required":
    case "too_large":
    case "too_many_attempts":
    case "too_many_recipients":
    case "unauthorized":
    case "unavailable":
    case "unsupported_media_type":
      return null;
  }
}

function fieldOf(problem: Problem): string | null {
  return problem.kind === "invalid_field" || problem.kind === "attachment_refused"
    ? problem.path
    : null;
}
