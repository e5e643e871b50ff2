// Which suppressions stop which mail (C-26).
import type { MailClass } from "./message.ts";

/** Why an address is not written to. */
export const SUPPRESSION_SCOPES = [
  "global",
  "bounce",
  "complaint",
  "unsubscribe",
  "transactional",
] as const;
export type SuppressionScope = (typeof SUPPRESSION_SCOPES)[number];

/** The scopes that stop a mail class: an unsubscribe stops marketing only. */
export function scopesThatStop(mailClass: MailClass): readonly SuppressionScope[] {
  const own = mailClass === "marketing" ? "unsubscribe" : "transactional";
  return ["global", "bounce", "complaint", own];
}
