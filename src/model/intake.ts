// Where a relay tells what became of mail after it took it: whose events an intake takes, what proves
// that they are theirs, and the mark by which an event names one of our deliveries. Pure.
import { isUuidv7 } from "../lib/id.ts";

/** The vendors whose events are understood. */
export const VENDORS = [
  "ses",
  "sendgrid",
  "mailgun",
  "postmark",
  "sparkpost",
  "greenarrow",
] as const;
export type Vendor = (typeof VENDORS)[number];

/** A relay's intake as it is stored. */
export type StoredIntake = {
  readonly relayId: string;
  readonly vendor: Vendor;
  /**
   * What proves that a request is the vendor's. `ses`: the ARN of the SNS topic; Amazon's certificates do
   * the rest. `sendgrid`: a P-256 key (SubjectPublicKeyInfo, base64). Others: a secret, sealed for
   * `intakePurpose`: Mailgun signs with it, the rest send it as a Basic password.
   */
  readonly proof: string;
  readonly createdAt: number;
  readonly updatedAt: number;
};

/** Whether the proof is a secret, which is sealed at rest and never shown. */
export function isSecret(vendor: Vendor): boolean {
  return vendor !== "ses" && vendor !== "sendgrid";
}

/** What an intake's secret is sealed for (lib/seal.ts). */
export function intakePurpose(relayId: string): string {
  return `intake:${relayId}`;
}

/** Below this path is the id of the relay that an event comes from. */
export const INTAKE_PATH = "/intake/";

/** What the mark is called in each vendor's metadata: Postmark takes 20 characters, SES no dots. */
export const MARK_NAME = "edgepost-delivery";

/** The text that names a delivery in a vendor's metadata. SES takes letters, digits, `_` and `-` only. */
export function markOf(messageId: string, position: number): string {
  return `${messageId}_${position}`;
}

/** The delivery that a mark names; null for any other text. */
export function placeOfMark(
  text: string,
): { readonly messageId: string; readonly position: number } | null {
  const [, messageId = "", position = ""] = /^([0-9a-f-]{36})_(0|[1-9]\d{0,4})$/.exec(text) ?? [];
  return isUuidv7(messageId) ? { messageId, position: Number(position) } : null;
}
