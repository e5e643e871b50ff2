// The order of the questions that every send is asked; the first "no" wins.
import type { App } from "../app.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import type { Key } from "../model/key.ts";
import type { MailClass, SendCommand } from "../model/message.ts";
import type { Problem } from "../model/problem.ts";
import { databaseSize } from "../store/db.ts";
import { checkMailClass, checkSender } from "./sender.ts";

/** Kept free, so that what was accepted can still be recorded, settled and purged. */
const RESERVE_BYTES = 500_000_000;

/** Room comes back only when a person makes some; asking sooner is of no use. */
const FULL_RETRY_SECONDS = 3_600;

/** Where the parts of a send stood in the request, such as `email.amp`. */
export type SendPaths = {
  readonly from: string;
  readonly amp: string;
  readonly attachments: string;
};

/** Whether a send may be accepted, and in which mail class. */
export async function check(
  app: App,
  { key, command, paths }: { key: Key; command: SendCommand; paths: SendPaths },
): Promise<Result<MailClass, Problem>> {
  const { content } = command;
  const mailClass = checkMailClass(key, command.mailClass);
  if (!mailClass.ok) return mailClass;
  const sender = await checkSender(app, key, content.from.address);
  if (!sender.ok) return sender;
  if (databaseSize(app.db) > app.config.databaseCapacityBytes - RESERVE_BYTES) {
    return fail({
      kind: "unavailable",
      reason: "the database is full; shorten the retention or bind another database",
      retryAfterSeconds: FULL_RETRY_SECONDS,
    });
  }
  return ok(mailClass.value);
}
