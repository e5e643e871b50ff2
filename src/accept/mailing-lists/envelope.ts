// The envelope of every answer of the Mailing Lists API (contract 3.1), and how it writes times.
import type { Answer } from "../endpoint.ts";

/** The error codes of contract 3.1. */
export type ErrorCode =
  | "validation_failed"
  | "invalid_request"
  | "requested_too_many"
  | "not_found"
  | "multiple_records_found"
  | "internal_error"
  | "not_authorized";

/** An answer that went well; `page` are keys that stand beside `data` in pages. */
export function success(data: unknown, page: Readonly<Record<string, unknown>> = {}): Answer {
  const json = { success: true, data, error_code: null, error_message: null, ...page };
  return { status: 200, json };
}

/** An answer that says no. */
export function failure(
  status: number,
  code: ErrorCode,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const json = { success: false, data: null, error_code: code, error_message: message };
  return { status, json, headers };
}

/** `YYYY-MM-DDThh:mm:ssZ`. */
export function isoSeconds(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
}

/** Whole seconds since 1970. */
export function epochSeconds(time: number): number {
  return Math.floor(time / 1000);
}
