// A composed message of a domain that signs: Feedback-ID and the DKIM signatures before it. Pure.
import { utf8 } from "../lib/bytes.ts";
import { leavesAt, type MailClass, type Message } from "../model/message.ts";
import type { Composed } from "./compose.ts";
import { dkimFields, type DkimSigner, hasField } from "./dkim.ts";
import { textHeader } from "./header.ts";

/** What of a message stands in Feedback-ID. */
type Identified = Pick<Message, "sendId" | "createdAt" | "sendAt"> & {
  readonly mailClass: MailClass;
};

/**
 * The message with its signatures, and a Feedback-ID unless the sender gave one; unchanged without
 * signers. It is signed with the time of the accept, or the one it was scheduled for, so that every
 * attempt has the same bytes.
 */
export async function signed(
  composed: Composed,
  message: Identified,
  signing: { readonly signers: readonly DkimSigner[]; readonly account: string },
): Promise<Composed> {
  const { signers, account } = signing;
  if (signers.length === 0) return composed;
  const own = hasField(composed.content, "feedback-id");
  const feedback = utf8(own ? "" : textHeader("Feedback-ID", feedbackId(message, account)));
  const content = [feedback, ...composed.content];
  const fields = await dkimFields(content, signers, leavesAt(message));
  const head = utf8(fields.join(""));
  const size = composed.size + feedback.length + head.length;
  return { ...composed, content: [head, ...content], size };
}

/** `<sendid>:<mailclass>:<account>` (F-117): what a provider's feedback loop is told apart by. */
function feedbackId({ sendId, mailClass }: Identified, account: string): string {
  return `${sendId}:${mailClass}:${account}`;
}
