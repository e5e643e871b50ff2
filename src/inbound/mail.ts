// The door for mail: bounces, automatic replies and complaints. Nothing is ever sent in answer, so no
// loop can start. What is not ours is refused in the dialogue (RFC 5321 §3.6.2, §4.2.5: who accepts is
// responsible), so that whoever sent it learns of it; what cannot be recorded now throws, so that the
// sender tries again.
import type { App } from "../app.ts";
import { barrier } from "../lib/barrier.ts";
import { reasonOf } from "../lib/log.ts";
import type { InboundOutcome, IncomingMail } from "../model/inbound.ts";
import { messageIdOfHeader, type ReportPlace, type Said } from "../model/report.ts";
import { COMPLAINTS_LOCAL_PART, type ReadReturnPath } from "../model/return-path.ts";
import { LINK_PATHS } from "../model/link.ts";
import { readReported } from "../store/delivery-report.ts";
import { countInbound } from "../store/inbound.ts";
import type { Feedback } from "./arf.ts";
import { type RecipientStatus, saidOfRecipient } from "./dsn.ts";
import { readMail } from "./read-mail.ts";
import { receiveReports } from "./receive.ts";
import { recognise } from "./recognise.ts";

/** What Email Routing takes (platform limit). */
const MAX_MAIL_BYTES = 25 * 1024 * 1024;

/** What is said to whoever sent what is not ours, an enhanced status code (RFC 3463) first; null accepts. */
const REFUSALS: Readonly<Record<InboundOutcome, string | null>> = {
  too_large: "5.3.4 At most 25 MiB",
  unknown_address: "5.1.1 No such mailbox; this domain takes bounces and complaints only",
  forged: "5.1.1 No such mailbox; this return path was not made here",
  expired: "5.1.1 The message that this return path belonged to is not known any more",
  not_found: "5.1.1 The message that this return path belonged to is not known any more",
  unreadable: "5.6.0 The message is nested too deeply, or its header is too long",
  not_a_report: "5.7.1 This address takes bounces only; write to the address in From",
  // Taken in, understood, and counted: there is nothing that the sender could do better.
  repeated: null,
  unknown_complaint: null,
  other_feedback: null,
};

/** Takes a mail in; answers why it is refused, or null. Throws when it should come again later. */
export async function receiveMail(app: App, mail: IncomingMail): Promise<string | null> {
  try {
    const outcome = await outcomeOf(app, mail);
    if (outcome === "recorded") return null;
    app.log("info", "inbound_ignored", { outcome });
    app.background("count_inbound_failed", countInbound(app.db, outcome, app.now()));
    return REFUSALS[outcome];
  } catch (error) {
    app.log("error", "inbound_failed", { reason: reasonOf(error) });
    throw error;
  }
}

type Outcome = "recorded" | InboundOutcome;

async function outcomeOf(app: App, mail: IncomingMail): Promise<Outcome> {
  if (mail.rawSize > MAX_MAIL_BYTES) return "too_large";
  const path = await app.returnPaths.read(mail.to, app.now());
  if (path.kind === "forged" || path.kind === "expired") return path.kind;
  if (path.kind === "other" && !isForComplaints(mail.to)) return "unknown_address";
  const read = await readMail(mail.raw, mail.rawSize);
  if (!read) return "unreadable";
  const recognised = recognise(read, mail.from.replace(/^<>$/, ""));
  if (recognised?.kind === "feedback") return complain(app, path, recognised.feedback);
  if (!recognised || path.kind === "other") return "not_a_report";
  const place = { ...path, by: "place" } as const;
  const said =
    recognised.kind === "said" ? recognised.said : await ownOf(app, place, recognised.statuses);
  return said ? record(app, place, said) : "not_a_report";
}

function isForComplaints(address: string): boolean {
  return address.slice(0, address.lastIndexOf("@")).toLowerCase() === COMPLAINTS_LOCAL_PART;
}

/** What a notification says of the delivery; its address is asked for only where there are several. */
async function ownOf(
  app: App,
  place: ReportPlace,
  statuses: readonly RecipientStatus[],
): Promise<Said | null> {
  if (statuses.length < 2) return statuses[0]?.said ?? null;
  const [delivery] = await readReported(app.db, [place]);
  return saidOfRecipient(statuses, delivery?.email ?? "");
}

async function complain(app: App, path: ReadReturnPath, feedback: Feedback): Promise<Outcome> {
  if (!feedback.complaint) return "other_feedback";
  const place = await placeOf(app, path, feedback);
  if (!place) return "unknown_complaint";
  return record(app, place, { kind: "complaint", reply: feedback.reply });
}

/**
 * The delivery of a complaint: by the return path that it came to, by one inside it, by our unsubscribe
 * link, or by the Message-ID of a message with one recipient; all of these only who has the mail can know.
 */
async function placeOf(
  app: App,
  path: ReadReturnPath,
  feedback: Feedback,
): Promise<ReportPlace | null> {
  if (path.kind === "place") return { ...path, by: "place" };
  for (const address of feedback.returnPaths) {
    const inside = await app.returnPaths.read(address, app.now());
    if (inside.kind === "place") return { ...inside, by: "place" };
  }
  for (const url of feedback.unsubscribeUrls) {
    const start = `${app.links?.origin ?? ""}${LINK_PATHS.unsubscribe}`;
    const link = url.startsWith(start)
      ? await app.links?.read("unsubscribe", url.slice(start.length))
      : null;
    if (link) return { by: "place", messageId: link.messageId, position: link.position };
  }
  const messageId = messageIdOfHeader(feedback.messageId);
  return messageId === null ? null : { by: "message_id", messageId, recipient: null };
}

async function record(app: App, place: ReportPlace, said: Said): Promise<Outcome> {
  const [outcome = "not_found"] = await receiveReports(app, [{ place, at: app.now(), said }]);
  await barrier(app.config.faultPlan, "C16");
  switch (outcome) {
    case "recorded":
    case "not_found":
      return outcome;
    case "known":
      return "repeated";
    case "too_early":
      throw new Error("the attempt of this delivery is not over yet");
  }
}
