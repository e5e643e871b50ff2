// The order of the questions that every send is asked; the first "no" wins.
import type { App } from "../app.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import type { Key } from "../model/key.ts";
import { isRaw, type MailClass, type SendCommand, type Tracking } from "../model/message.ts";
import type { Plan } from "../model/plan.ts";
import { invalidField, type Problem } from "../model/problem.ts";
import type { SenderDomain } from "../model/sender-domain.ts";
import { databaseSize } from "../store/db.ts";
import { ampApproved, checkAmp, checkMarkup } from "./amp.ts";
import { checkAttachments } from "./attachment.ts";
import { checkRaw } from "./raw.ts";
import { checkMailClass, checkSender } from "./sender.ts";

/** Kept free, so that what was accepted can still be recorded, settled and purged. */
const RESERVE_BYTES = 500_000_000;

/** Room comes back only when a person makes some; asking sooner is of no use. */
const FULL_RETRY_SECONDS = 3_600;

/** Where the parts of a send stood in the request, such as `email.amp`. */
export type SendPaths = {
  readonly from: string;
  readonly amp: string;
  readonly recipients: string;
  readonly attachments: string;
};

/** What is checked: who sends what, on which plan. */
export type Checked = {
  readonly key: Key;
  readonly plan: Plan;
  readonly command: SendCommand;
  readonly paths: SendPaths;
};

/** What a send is accepted as. */
export type Allowed = {
  readonly mailClass: MailClass;
  /** What its sender and its domain both want tracked. */
  readonly tracking: Tracking;
  readonly sender: SenderDomain;
};

/** Whether a send may be accepted, and as what. */
export async function check(
  app: App,
  { key, plan, command, paths }: Checked,
): Promise<Result<Allowed, Problem>> {
  const { content } = command;
  const mailClass = checkMailClass(key, command.mailClass);
  if (!mailClass.ok) return mailClass;
  const sender = await checkSender(app, key, content.from.address);
  if (!sender.ok) return sender;
  if (command.recipients.length > plan.recipients) {
    const reason = `must be at most ${plan.recipients} recipients together (plan ${plan.name})`;
    return fail(invalidField(paths.recipients, reason));
  }
  const parts = await checkParts(app, { plan, command, paths }, sender.value);
  if (!parts.ok) return parts;
  const tracking = both(content.tracking, sender.value.tracking);
  const allowed = { mailClass: mailClass.value, tracking, sender: sender.value };
  return hasRoom(app) ? ok(allowed) : fail(databaseFull);
}

function both(a: Tracking, b: Tracking): Tracking {
  return { opens: a.opens && b.opens, clicks: a.clicks && b.clicks };
}

/** Whether its attachments and its AMP part may be sent. */
async function checkParts(
  app: App,
  checked: Omit<Checked, "key">,
  { domain, ampFromNames }: SenderDomain,
): Promise<Result<null, Problem>> {
  const { content } = checked.command;
  const files = checkFiles(checked);
  if (!files.ok) return files;
  const { amp } = files.value;
  if (amp === null) return ok(null);
  const fromName = content.from.name;
  if (!ampApproved(ampFromNames, fromName)) {
    return fail({ kind: "amp_not_approved", domain, fromName });
  }
  const rule = { path: checked.paths.amp, ownHosts: app.config.ownHosts };
  return isRaw(content) ? checkMarkup(amp, rule) : checkAmp(content, rule);
}

/** Judges the attachments, and finds the AMP part. */
function checkFiles({
  plan,
  command: { content },
  paths,
}: Omit<Checked, "key">): Result<{ readonly amp: string | null }, Problem> {
  const limitBytes = plan.attachmentBytes;
  if (isRaw(content)) return checkRaw(content.raw, { ampPath: paths.amp, limitBytes });
  const files = checkAttachments(content, { path: paths.attachments, limitBytes });
  return files.ok ? ok({ amp: content.amp }) : files;
}

/** Whether the database can still take what follows from another accept. */
function hasRoom(app: App): boolean {
  return databaseSize(app.db) <= app.config.databaseCapacityBytes - RESERVE_BYTES;
}

const databaseFull: Problem = {
  kind: "unavailable",
  reason: "the database is full; shorten the retention or bind another database",
  retryAfterSeconds: FULL_RETRY_SECONDS,
};
