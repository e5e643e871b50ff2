// The order of the questions that every send is asked; the first "no" wins.
import type { App } from "../app.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import type { Key } from "../model/key.ts";
import type { MailClass, SendCommand } from "../model/message.ts";
import type { Problem } from "../model/problem.ts";
import { databaseSize } from "../store/db.ts";
import { ampApproved, checkAmp } from "./amp.ts";
import { checkMailClass, checkSender } from "./sender.ts";

/** Kept free, so that what was accepted can still be recorded, settled and purged. */
const RESERVE_BYTES = 500_000_000;

/** Room comes back only when a person makes some; asking sooner is of no use. */
const FULL_RETRY_SECONDS = 3_600;

/** Whether a send may be accepted, and in which mail class. */
export async function check(
  app: App,
  key: Key,
  command: SendCommand,
): Promise<Result<MailClass, Problem>> {
  const { content } = command;
  const mailClass = checkMailClass(key, command.mailClass);
  if (!mailClass.ok) return mailClass;
  const sender = await checkSender(app, key, content.from.address);
  if (!sender.ok) return sender;
  if (content.amp !== null) {
    const { domain, ampFromNames } = sender.value;
    if (!ampApproved(ampFromNames, content.from.name)) {
      return fail({ kind: "amp_not_approved", domain, fromName: content.from.name });
    }
    const amp = await checkAmp(content.amp);
    if (!amp.ok) return amp;
  }
  if (databaseSize(app.db) > app.config.databaseCapacityBytes - RESERVE_BYTES) {
    return fail({
      kind: "unavailable",
      reason: "the database is full; shorten the retention or bind another database",
      retryAfterSeconds: FULL_RETRY_SECONDS,
    });
  }
  return ok(mailClass.value);
}
