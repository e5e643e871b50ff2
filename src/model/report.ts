// What a remote server, a relay or a mailbox provider says about a delivery after the attempt, and how it
// names the delivery. Pure types and rules; record/report.ts says what follows.
import { isUuidv7 } from "../lib/id.ts";
import type { BounceCode } from "./bounce.ts";

/** Every kind of report. Each counts once per delivery, whoever repeats it, and in whatever words. */
export const REPORT_KINDS = [
  /** Some server gave the message up: `delivered` becomes `bounced`. */
  "bounce",
  /** The reader called it spam. */
  "complaint",
  /** Out of office and the like. */
  "auto_reply",
  /** Some server has not given up yet. */
  "delayed",
  /** The mailbox's server has it. */
  "received",
] as const;
export type ReportKind = (typeof REPORT_KINDS)[number];

/** How a report names its delivery. */
export type ReportPlace =
  | { readonly by: "place"; readonly messageId: string; readonly position: number }
  /**
   * By the Message-ID that compose gave it, and the recipient's address; null stands for the only
   * recipient, and for nobody when there are several.
   */
  | { readonly by: "message_id"; readonly messageId: string; readonly recipient: string | null };

/** What was said. */
export type Said =
  | {
      readonly kind: "bounce";
      readonly code: BounceCode;
      /** The server's words on one line; also the reason of a suppression. */
      readonly reply: string;
      /** Host name or address of the server that refused, "" when nobody said. */
      readonly host: string;
    }
  | {
      readonly kind: Exclude<ReportKind, "bounce">;
      /** What was said, on one line; for a complaint its kind and who reported it. */
      readonly reply: string;
    };

/** One report. */
export type Report = {
  readonly place: ReportPlace;
  /** When it was said, epoch milliseconds; a time to come counts as now. */
  readonly at: number;
  readonly said: Said;
};

/** What became of a report. */
export type ReportOutcome =
  | "recorded"
  /** It changes nothing: said before, or of a delivery that had bounced or was never sent. */
  | "known"
  /** There is no such delivery, or it was purged. */
  | "not_found"
  /** Nothing was recorded: its attempt is not over. To be said again later. */
  | "too_early";

/** The id of a message from the Message-ID that compose gave it, `<uuid>@<From's domain>`; or null. */
export function messageIdOfHeader(text: string): string | null {
  const id = /^\s*<?([0-9a-f-]{36})@[A-Za-z0-9.-]{1,253}>?\s*$/i.exec(text)?.[1]?.toLowerCase();
  return id !== undefined && isUuidv7(id) ? id : null;
}
