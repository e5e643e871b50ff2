// What a mail that came back is, by what it says of itself first and by its words last. Pure.
import type { Said } from "../model/report.ts";
import { type Feedback, readFeedback } from "./arf.ts";
import { readAutoReply } from "./auto-reply.ts";
import { readBounceText, readVagueBounce } from "./bounce-text.ts";
import { readDsn, type RecipientStatus } from "./dsn.ts";
import type { ReadMail } from "./read-mail.ts";

/** What a mail is. */
export type Recognised =
  | { readonly kind: "feedback"; readonly feedback: Feedback }
  | { readonly kind: "statuses"; readonly statuses: readonly RecipientStatus[] }
  | { readonly kind: "said"; readonly said: Said };

/** Recognises a mail; null for what is none of these. `envelopeFrom` is "" for a notification. */
export function recognise(mail: ReadMail, envelopeFrom: string): Recognised | null {
  const feedback = readFeedback(mail);
  if (feedback) return { kind: "feedback", feedback };
  const statuses = readDsn(mail);
  if (statuses) return { kind: "statuses", statuses };
  // An automatic reply may quote a mail of ours that speaks of failed deliveries.
  const said =
    readBounceText(mail, envelopeFrom) ??
    readAutoReply(mail) ??
    readVagueBounce(mail, envelopeFrom);
  return said && { kind: "said", said };
}
