// Problems on the two wires of this dialect: E-01's three keys (contract 1.2), and the native error
// object (decision 2). The table holds every kind; the compiler sees that none is missing.
import { describe, expect, it } from "vitest";
import { kasploProblem } from "../../../src/accept/kasplo/problem.ts";
import type { Problem } from "../../../src/model/problem.ts";

type Wanted = {
  readonly problem: Problem;
  readonly status: number;
  readonly statusCode: number;
  readonly code: string;
  readonly says: string;
  readonly headers: Readonly<Record<string, string>>;
};

function wanted(
  problem: Problem,
  [status, statusCode, code]: readonly [number, number, string],
  says: string,
  headers: Readonly<Record<string, string>> = {},
): Wanted {
  return { problem, status, statusCode, code, says, headers };
}

/** One row for each kind. */
const PROBLEMS: { readonly [Kind in Problem["kind"]]: Wanted } = {
  malformed_body: wanted(
    { kind: "malformed_body", reason: "not JSON" },
    [400, 1001, "invalid_json"],
    "not JSON",
  ),
  invalid_field: wanted(
    { kind: "invalid_field", path: "email.to[0]", reason: "must be x" },
    [400, 1002, "invalid_request"],
    "email.to[0]: must be x",
  ),
  unauthorized: wanted(
    { kind: "unauthorized", reason: "no key" },
    [401, 1003, "unauthorized"],
    "no key",
    { "WWW-Authenticate": "Bearer" },
  ),
  invalid_credentials: wanted(
    { kind: "invalid_credentials", reason: "the password is wrong" },
    [401, 1003, "invalid_credentials"],
    "the password is wrong",
  ),
  second_factor_required: wanted(
    { kind: "second_factor_required" },
    [401, 1003, "second_factor_required"],
    "authenticator",
  ),
  tls_required: wanted({ kind: "tls_required" }, [403, 1004, "tls_required"], "TLS"),
  too_many_attempts: wanted(
    { kind: "too_many_attempts", retryAfterSeconds: 7 },
    [429, 1003, "too_many_attempts"],
    "7 s",
    { "Retry-After": "7" },
  ),
  sender_not_allowed: wanted(
    { kind: "sender_not_allowed", domain: "a.test" },
    [403, 1004, "sender_not_allowed"],
    "a.test",
  ),
  not_permitted: wanted(
    { kind: "not_permitted", reason: "the role analyst may not change keys" },
    [403, 1004, "not_permitted"],
    "analyst",
  ),
  insufficient_scope: wanted(
    { kind: "insufficient_scope", scope: "manage" },
    [403, 1004, "insufficient_scope"],
    "manage",
  ),
  mail_class_not_allowed: wanted(
    { kind: "mail_class_not_allowed", mailClass: "marketing" },
    [403, 1004, "mail_class_not_allowed"],
    "may not send marketing mail; leave mailClass out",
  ),
  attachment_refused: wanted(
    { kind: "attachment_refused", path: "email.attachments[0]", reason: "is an EXE" },
    [400, 1005, "attachment_refused"],
    "email.attachments[0]: is an EXE",
  ),
  too_large: wanted(
    { kind: "too_large", what: "the request body", limitBytes: 40 * 1024 * 1024 },
    [413, 1006, "too_large"],
    "at most 40 MB",
  ),
  amp_not_approved: wanted(
    { kind: "amp_not_approved", domain: "a.test", fromName: "A" },
    [403, 1009, "amp_not_approved"],
    "a.test",
  ),
  all_suppressed: wanted(
    { kind: "all_suppressed" },
    [422, 1010, "all_recipients_suppressed"],
    "suppressed",
  ),
  not_compliant: wanted(
    {
      kind: "not_compliant",
      domain: "a.test",
      broken: [
        { rule: "spf", message: "publish it" },
        { rule: "date", message: "give it one" },
      ],
    },
    [422, 1014, "not_compliant"],
    "a.test sends no mail that breaks bulk-sender rules (spf, date). spf: publish it; date: give it one",
  ),
  too_many_recipients: wanted(
    { kind: "too_many_recipients", limit: "account", reason: "at most 50: the burst" },
    [413, 1006, "too_large"],
    "at most 50: the burst",
  ),
  out_of_credits: wanted(
    { kind: "out_of_credits", needed: 3, balance: 2 },
    [402, 1007, "out_of_credits"],
    "3 credits are needed and 2 are left",
  ),
  rate_limited: wanted(
    { kind: "rate_limited", limit: "key-daily", reason: "the day is over", retryAfterSeconds: 9 },
    [429, 1008, "rate_limited"],
    "the day is over",
    { "Retry-After": "9" },
  ),
  unsupported_media_type: wanted(
    { kind: "unsupported_media_type", wanted: "text/csv" },
    [415, 1011, "unsupported_media_type"],
    "Content-Type: text/csv",
  ),
  method_not_allowed: wanted(
    { kind: "method_not_allowed", allow: ["GET", "POST"] },
    [405, 1012, "method_not_allowed"],
    "GET, POST",
    { Allow: "GET, POST" },
  ),
  idempotency_key_reused: wanted(
    { kind: "idempotency_key_reused" },
    [422, 1013, "idempotency_key_reused"],
    "Idempotency-Key",
  ),
  not_found: wanted(
    { kind: "not_found", what: "this relay" },
    [404, 1002, "not_found"],
    "this relay",
  ),
  conflict: wanted({ kind: "conflict", reason: "in use" }, [409, 1002, "conflict"], "in use"),
  unavailable: wanted(
    { kind: "unavailable", reason: "later", retryAfterSeconds: 7 },
    [503, 1099, "unavailable"],
    "later",
    { "Retry-After": "7" },
  ),
};

const cases = Object.values(PROBLEMS);
const requestId = "request";

describe("a problem", () => {
  it.each(cases)("$code on /send-email is $status/$statusCode, three keys in order", (want) => {
    const answer = kasploProblem(want.problem, { path: "/send-email", requestId });
    const text = "json" in answer ? JSON.stringify(answer.json) : "";
    const body: Record<string, unknown> = JSON.parse(text);
    expect([answer.status, answer.headers]).toEqual([want.status, want.headers]);
    expect(Object.entries(body)).toEqual([
      ["statusCode", want.statusCode],
      ["status", "FAILED"],
      ["message", expect.stringContaining(want.says)],
    ]);
  });

  it.each(cases)("$code anywhere else is $status with the native error", (want) => {
    const answer = kasploProblem(want.problem, { path: "/messages", requestId });
    const field = want.problem.kind === "invalid_field" ? { field: "email.to[0]" } : {};
    expect(answer).toEqual({
      status: want.status,
      headers: want.headers,
      json: {
        error: {
          code: want.code,
          message: expect.stringContaining(want.says),
          ...field,
          request_id: requestId,
        },
      },
    });
  });
});
