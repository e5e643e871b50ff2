// Messages as an export has them: one record for each recipient, with what became of the delivery. Delivered
// is what a relay took and no later bounce took back (F-184, F-188).
import { uuidv7Bound } from "../lib/id.ts";
import { flatShape } from "../lib/table.ts";
import { isOfClass, messageCursor } from "../model/export.ts";
import { clickTrackingId } from "../model/message.ts";
import { stored } from "../store/db.ts";
import { type Outcome, readOutcomes } from "../store/message-outcome.ts";
import type { Source } from "./source.ts";

const COLUMNS = [
  "message_id",
  "click_tracking_id",
  "created_at",
  "email",
  "role",
  "state",
  "delivered_at",
  "attempts",
  "last_attempt_at",
  "code",
  "reply",
  "opens",
  "clicks",
  "unsubscribed_at",
  "complained_at",
  "from",
  "from_name",
  "subject",
  "mail_class",
  "tags",
  "sendid",
  "listid",
  "metadata",
] as const;

type MessageRecord = Readonly<Record<(typeof COLUMNS)[number], unknown>>;

/** After an id: sorts behind it and before every other one. */
const BEHIND = "+";

/** Deliveries in the order in which their messages were accepted. */
export const messageSource: Source<MessageRecord> = {
  shape: flatShape(COLUMNS),
  async read(db, one, cursor) {
    const start =
      cursor === null ? { id: uuidv7Bound(one.from), position: 0 } : messageCursor(cursor);
    const end = uuidv7Bound(one.to + 1);
    const { outcomes, last } = await readOutcomes(db, { ...start, end });
    return {
      records: outcomes
        .filter(({ state }) => one.filters.state === null || one.filters.state === state)
        .filter(({ mailClass }) => isOfClass(one, mailClass))
        .map((outcome) => ({
          item: recordOf(outcome),
          next: `${outcome.messageId}:${outcome.position + 1}`,
        })),
      next: last === null ? null : `${last}${BEHIND}:0`,
    };
  },
};

function recordOf(outcome: Outcome): MessageRecord {
  const { messageId, position } = outcome;
  return {
    message_id: messageId,
    click_tracking_id: clickTrackingId(messageId, position),
    created_at: iso(outcome.createdAt),
    email: outcome.email,
    role: outcome.role,
    state: outcome.state,
    delivered_at: iso(outcome.deliveredAt),
    attempts: outcome.attempts,
    last_attempt_at: iso(outcome.lastAt),
    code: outcome.code,
    reply: outcome.reply,
    opens: outcome.opens,
    clicks: outcome.clicks,
    unsubscribed_at: iso(outcome.unsubscribedAt),
    complained_at: iso(outcome.complainedAt),
    from: outcome.from,
    from_name: outcome.fromName,
    subject: outcome.subject,
    mail_class: outcome.mailClass,
    tags: outcome.tags,
    sendid: outcome.sendId,
    listid: outcome.listId,
    metadata: stored<Readonly<Record<string, string>>>(outcome.metadata),
  };
}

function iso(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
