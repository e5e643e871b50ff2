// The form of an Idempotency-Key header (decision 3).
import { invalidField, type Problem } from "../model/problem.ts";

/** 1–256 printable ASCII characters. */
const IDEMPOTENCY_KEY = /^[\x20-\x7e]{1,256}$/;

/** Why a key is refused, or null; null, no key, is fine. */
export function idempotencyKeyFault(key: string | null): Problem | null {
  if (key === null || IDEMPOTENCY_KEY.test(key)) return null;
  return invalidField("Idempotency-Key", "must be 1 to 256 printable ASCII characters");
}
