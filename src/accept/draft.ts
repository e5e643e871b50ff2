// A send as the message that it becomes.
import type { App } from "../app.ts";
import { generatedSendId, type MailClass, type Message } from "../model/message.ts";
import type { SendRequest } from "./send.ts";

/** The message of a send, with an id and the time of now; how large its content is comes later. */
export function draftMessage(
  app: App,
  { key, command }: Pick<SendRequest, "key" | "command">,
  mailClass: MailClass,
): Omit<Message, "size"> {
  const now = app.now();
  return {
    id: app.newId(),
    createdAt: now,
    keyId: key.id,
    mailClass,
    from: command.content.from,
    subject: command.content.subject,
    tags: command.tags,
    sendId: command.sendId ?? generatedSendId(mailClass, now),
    listId: command.listId ?? mailClass,
    metadata: command.metadata,
    recipients: command.recipients,
    onAmbiguous: command.onAmbiguous,
    sendAt: (command.sendAt ?? 0) > now ? (command.sendAt ?? null) : null,
  };
}
