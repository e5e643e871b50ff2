// What the headers of an answer to an accepted send tell, at every door of this dialect.
import type { AnswerHeaders } from "../endpoint.ts";
import type { Accepted } from "../send.ts";

/** Header fields of an accepted send, beside those that sentHeaders adds. */
export const SENT_HEADERS = {
  "X-Message-Id": "The id of the message, for `/v1/messages/:id`.",
  "X-Lint": "The bulk-sender rules that the mail breaks; absent when it breaks none.",
} as const;

/** Whether it is the first answer again, and the bulk-sender rules that the mail breaks. */
export function sentHeaders({ replayed, brokenRules }: Accepted): AnswerHeaders {
  return {
    ...(replayed ? { "Idempotent-Replayed": "true" } : {}),
    ...(brokenRules.length > 0 ? { "X-Lint": brokenRules.join(", ") } : {}),
  };
}
