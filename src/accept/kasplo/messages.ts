// /v1/messages: what was accepted, and everything that happened to each recipient (decision 19).
import * as z from "zod";
import type { App } from "../../app.ts";
import { composeOutgoing } from "../../compose/outgoing.ts";
import { isUuidv7 } from "../../lib/id.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import { addressKey } from "../../model/address.ts";
import { DELIVERY_STATES } from "../../model/delivery.ts";
import {
  type Content,
  isRaw,
  MAIL_CLASSES,
  type Message,
  type SendCommand,
} from "../../model/message.ts";
import type { Key } from "../../model/key.ts";
import { invalidField, type Problem, STORAGE_UNAVAILABLE } from "../../model/problem.ts";
import { aheadFault, wakeDelay } from "../../model/schedule.ts";
import type { StoredContent } from "../../store/content.ts";
import { readContent } from "../../store/content-read.ts";
import { twice } from "../../store/db.ts";
import { deliveriesOf } from "../../store/delivery.ts";
import { findMessage } from "../../store/message.ts";
import { listMessages } from "../../store/message-list.ts";
import { cancelMessage, rescheduleMessage } from "../../store/message-schedule.ts";
import { endpoint } from "../endpoint.ts";
import { send } from "../send.ts";
import { detailed, detailedView, listed, listedView } from "./message-view.ts";
import { dataOf, limitParameter, one, page, pageOf, timeParameter, uuidCursor } from "./native.ts";
import { sendAtField } from "./schema.ts";
import { sentHeaders } from "./sent.ts";

/** A resend has no request fields: problems name the parts of the stored message. */
const STORED = {
  from: "message.from",
  amp: "message.amp",
  recipients: "message.recipients",
  attachments: "message.attachments",
};

const METADATA_PREFIX = "metadata.";

/** A message by its id, or by what the KasaPost API calls it: `<id>@<domain>`, or `log_<id>`. */
export const messageId = z.object({
  id: z.string().transform((text) => text.replace(/^log_/, "").replace(/@.*$/, "")),
});

const listQuery = z
  .looseObject({
    recipient: z.string().optional(),
    tag: z.string().optional(),
    state: z.enum(DELIVERY_STATES).optional(),
    mail_class: z.enum(MAIL_CLASSES).optional(),
    from: timeParameter.optional(),
    to: timeParameter.optional(),
    limit: limitParameter,
    cursor: uuidCursor,
  })
  .transform((query) => ({
    ...query,
    metadata: Object.fromEntries(
      Object.entries(query).flatMap(([name, value]) =>
        name.startsWith(METADATA_PREFIX)
          ? [[name.slice(METADATA_PREFIX.length), String(value)] as const]
          : [],
      ),
    ),
  }));

const list = endpoint({
  method: "GET",
  path: "/messages",
  summary: "List messages, newest first",
  description:
    "`metadata.<name>=<value>` finds those that were sent with it, by any name of their own.",
  scope: "read",
  request: { query: listQuery },
  response: { 200: pageOf(listedView) },
  async handle(app, { query, key }) {
    const { messages, next } = await listMessages(app.db, {
      before: query.cursor ?? null,
      recipient: query.recipient ?? null,
      tag: query.tag ?? null,
      state: query.state ?? null,
      mailClass: key.mailClass ?? query.mail_class ?? null,
      from: query.from ?? null,
      to: query.to ?? null,
      metadata: query.metadata,
      limit: query.limit,
    });
    return ok(page(messages.map(listed), next));
  },
});

const get = endpoint({
  method: "GET",
  path: "/messages/:id",
  summary: "Get a message with every delivery and every attempt",
  scope: "read",
  request: { params: messageId },
  response: { 200: dataOf(detailedView) },
  async handle(app, { params, key }) {
    const found = await find(app, params.id, key);
    if (!found.ok) return found;
    const { message } = found.value;
    const keys = message.recipients.map((recipient) => addressKey(recipient.address));
    const deliveries = await deliveriesOf(app.db, message.id, keys);
    return ok(one(detailed(message, deliveries)));
  },
});

const raw = endpoint({
  method: "GET",
  path: "/messages/:id/raw",
  summary: "Get the exact MIME of one delivery while the content is kept",
  scope: "read",
  request: {
    params: messageId,
    query: z.object({ index: z.coerce.number().int().min(0).default(0) }),
  },
  response: { 200: { type: "message/rfc822" } },
  async handle(app, { params, key, query }) {
    const found = await find(app, params.id, key);
    if (!found.ok) return found;
    const { message } = found.value;
    const recipient = message.recipients[query.index];
    if (!recipient) {
      return fail(invalidField("index", `must be below ${message.recipients.length}`));
    }
    if (recipient.erased !== undefined) {
      return fail({ kind: "not_found", what: "this recipient, who was erased," });
    }
    const content = await contentOf(app, found.value.content);
    if (!content.ok) return content;
    const composed = await composeOutgoing(app, message, content.value, query.index);
    const headers = {
      "Content-Type": "message/rfc822",
      "Content-Disposition": `attachment; filename="${message.id}.eml"`,
      "X-Content-Type-Options": "nosniff",
    };
    return ok({ status: 200, bytes: new Blob(composed.content.map(copy)), headers });
  },
});

const resend = endpoint({
  method: "POST",
  path: "/messages/:id/resend",
  summary: "Send a message again, as a new message to the same recipients",
  scope: "send",
  sends: true,
  request: { params: messageId },
  response: { 201: dataOf(z.object({ id: z.string(), resent_from: z.string() })) },
  async handle(app, { params, key, idempotencyKey }) {
    const found = await find(app, params.id, key);
    if (!found.ok) return found;
    const { message } = found.value;
    const content = await contentOf(app, found.value.content);
    if (!content.ok) return content;
    const left = again(message, content.value);
    if (left.recipients.length === 0) {
      return fail({ kind: "not_found", what: "a recipient of this message who was not erased" });
    }
    const command: SendCommand = {
      ...left,
      tags: message.tags,
      sendId: message.sendId,
      listId: message.listId,
      mailClass: message.mailClass,
      metadata: message.metadata,
      onAmbiguous: message.onAmbiguous,
    };
    const bodyHash = `resend ${message.id}`;
    const sent = await send(app, { key, command, paths: STORED, idempotencyKey, bodyHash });
    if (!sent.ok) return sent;
    return ok({
      ...one({ id: sent.value.messageId, resent_from: message.id }, 201),
      headers: sentHeaders(sent.value),
    });
  },
});

const cancel = endpoint({
  method: "POST",
  path: "/messages/:id/cancel",
  summary: "Call a message back: all of it, and only while nothing of it can have left",
  description:
    "`cancelled` means that nobody gets it; `too_late` that something of it left or may have, and that nothing was changed.",
  scope: "send",
  request: { params: messageId },
  response: { 200: dataOf(z.object({ result: z.enum(["cancelled", "too_late"]) })) },
  async handle(app, { params, key }) {
    const found = await find(app, params.id, key);
    if (!found.ok) return found;
    const { message } = found.value;
    const stopped = await twice(() => cancelMessage(app.db, message, app.now()));
    return ok(one({ result: stopped ? "cancelled" : "too_late" }));
  },
});

const reschedule = endpoint({
  method: "POST",
  path: "/messages/:id/reschedule",
  summary: "Send a message that waits for its time at another one",
  scope: "send",
  request: { params: messageId, body: z.object({ sendAt: sendAtField }) },
  response: { 200: dataOf(z.object({ result: z.enum(["rescheduled", "too_late"]) })) },
  async handle(app, { params, key, body }) {
    const now = app.now();
    if (body.sendAt === null) return fail(invalidField("sendAt", "is required: a time"));
    const fault = aheadFault(body.sendAt, now);
    if (fault !== null) return fail(invalidField("sendAt", fault));
    const found = await find(app, params.id, key);
    if (!found.ok) return found;
    const { message } = found.value;
    const sendAt = Math.max(body.sendAt, now);
    if (!(await twice(() => rescheduleMessage(app.db, message, sendAt)))) {
      return ok(one({ result: "too_late" }));
    }
    const delay = wakeDelay(sendAt, now);
    if (delay !== null) {
      app.background("wake_lane_failed", app.wake.lane(message.mailClass, delay));
    }
    return ok(one({ result: "rescheduled" }));
  },
});

/** The operations of /v1/messages. */
export const messageEndpoints = [list, get, raw, resend, cancel, reschedule];

type Found = { readonly message: Message; readonly content: StoredContent };

/** The message with this id, and where its content is; none of a class that whoever asks is not bound to. */
export async function find(
  app: App,
  id: string,
  { mailClass }: Pick<Key, "mailClass">,
): Promise<Result<Found, Problem>> {
  const found = isUuidv7(id) ? await findMessage(app.db, id) : null;
  const isTheirs = mailClass === null || found?.message.mailClass === mailClass;
  return found && isTheirs ? ok(found) : fail({ kind: "not_found", what: "this message" });
}

async function contentOf(app: App, stored: StoredContent): Promise<Result<Content, Problem>> {
  const read = await readContent(app.blobs, stored);
  switch (read.kind) {
    case "content":
      return ok(read.content);
    case "gone":
      return fail({ kind: "not_found", what: "the content of this message" });
    case "unreadable":
      return fail(STORAGE_UNAVAILABLE);
  }
}

/** What goes out again, to those who were not erased. */
function again(message: Message, content: Content) {
  const left = message.recipients.flatMap((one, position) =>
    one.erased === undefined ? [{ ...one, position }] : [],
  );
  const recipients = left.map(({ address, name, role }) => ({ address, name, role }));
  if (isRaw(content) || content.variables === null) return { content, recipients };
  const variables = left.map(({ position }) => content.variables?.[position] ?? {});
  return { content: { ...content, variables }, recipients };
}

/** Bytes over an ArrayBuffer of their own, as Blob wants them. */
function copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
