// The conductor of accept: check → record → wake. A SendCommand of any dialect becomes a committed
// message, or a problem and nothing at all.
import type { App } from "../app.ts";
import { type Allowed, check, type SendPaths } from "../check/check.ts";
import { barrier } from "../lib/barrier.ts";
import { reasonOf } from "../lib/log.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import type { Key } from "../model/key.ts";
import {
  generatedSendId,
  MAX_STORE_MS,
  type MailClass,
  type Message,
  type SendCommand,
} from "../model/message.ts";
import type { Problem } from "../model/problem.ts";
import { packContent, putContent } from "../store/content.ts";
import { twice } from "../store/db.ts";
import {
  type AcceptResult,
  acceptMessage,
  findOwner,
  type Idempotency,
  type Owner,
} from "../store/message.ts";
import { idempotencyKeyFault } from "./idempotency-key.ts";
import { accountPlan } from "./plan.ts";

/** A send that is committed. */
export type Accepted = {
  readonly messageId: string;
  /** The idempotency key was used before with the same body: this is the first answer again. */
  readonly replayed: boolean;
};

/** Who sends and how the request is told from another one. */
export type SendRequest = {
  readonly key: Key;
  readonly command: SendCommand;
  /** Where the parts stood in the request, for the paths of problems. */
  readonly paths: SendPaths;
  /** The Idempotency-Key header, or null. */
  readonly idempotencyKey: string | null;
  /** SHA-256 of the request body; only read beside an idempotency key. */
  readonly bodyHash: string;
};

/** A sender may try again at once; the platform's hiccups are short. */
const STORAGE_RETRY_SECONDS = 5;

/**
 * Accepts a send: after ok() it survives any crash. One D1 round trip when key, plan and sender are cached
 * and the quota lets it in. A replay is never refused for the quota and keeps none of it.
 */
export async function send(app: App, request: SendRequest): Promise<Result<Accepted, Problem>> {
  const { idempotencyKey, bodyHash, key } = request;
  const fault = idempotencyKeyFault(idempotencyKey);
  if (fault) return fail(fault);
  const idempotency =
    idempotencyKey === null ? null : { key: idempotencyKey, requestHash: bodyHash };
  const plan = await accountPlan(app);
  const allowed = await check(app, { ...request, plan });
  if (!allowed.ok) return allowed;
  const { mailClass } = allowed.value;
  const admission = await app.quota.take({ plan, key }, request.command.recipients.length);
  if (!admission.ok) return (await acceptedBefore(app, key, idempotency)) ?? admission;

  await barrier(app.config.faultPlan, "C1");
  const committed = await commit(app, request, allowed.value, idempotency);
  // What may have been committed has been let in.
  if (!committed.ok) return committed;
  await barrier(app.config.faultPlan, "C2");

  const { messageId, result } = committed.value;
  if (result.kind !== "accepted") admission.value.release();
  switch (result.kind) {
    case "accepted":
      app.background("wake_lane_failed", wake(app, mailClass));
      return ok({ messageId, replayed: false });
    case "known":
      return replay(result, idempotency);
    case "all_suppressed":
      return fail({ kind: "all_suppressed" });
    case "out_of_credits":
      return fail(result);
  }
}

/** What a send that the quota refuses was answered before, or null when it is a new one. */
async function acceptedBefore(
  app: App,
  key: Key,
  idempotency: Idempotency | null,
): Promise<Result<Accepted, Problem> | null> {
  if (!idempotency) return null;
  const owner = await findOwner(app.db, { keyId: key.id, key: idempotency.key, now: app.now() });
  return owner && replay(owner, idempotency);
}

function replay(owner: Owner, idempotency: Idempotency | null): Result<Accepted, Problem> {
  return owner.requestHash === idempotency?.requestHash
    ? ok({ messageId: owner.messageId, replayed: true })
    : fail({ kind: "idempotency_key_reused" });
}

/** Stores the content where it belongs and commits the message. */
async function commit(
  app: App,
  request: SendRequest,
  { mailClass, tracking }: Allowed,
  idempotency: Idempotency | null,
): Promise<Result<{ messageId: string; result: AcceptResult }, Problem>> {
  const packed = packContent({ ...request.command.content, tracking });
  const message = makeMessage(app, request, mailClass, packed.size);
  const key = packed.inline ? null : `content/${message.id}/${crypto.randomUUID()}`;
  try {
    if (key !== null) await putContent(app.blobs, key, packed);
    if (app.now() - message.createdAt > MAX_STORE_MS)
      throw new Error("storing the content took too long");
    const result = await twice(() =>
      acceptMessage(app.db, message, { ...packed, key }, idempotency),
    );
    if (key !== null && result.kind !== "accepted") {
      app.background("delete_unused_content_failed", app.blobs.delete(key));
    }
    return ok({ messageId: message.id, result });
  } catch (error) {
    // Whether it was committed is not known: the object stays, and the sweeper collects it if not.
    app.log("error", "accept_failed", { message: message.id, reason: reasonOf(error) });
    return fail({
      kind: "unavailable",
      reason:
        "storage did not answer; send the request again, with the same Idempotency-Key if any",
      retryAfterSeconds: STORAGE_RETRY_SECONDS,
    });
  }
}

function makeMessage(
  app: App,
  { key, command }: SendRequest,
  mailClass: MailClass,
  size: number,
): Message {
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
    size,
  };
}

async function wake(app: App, lane: MailClass): Promise<void> {
  await barrier(app.config.faultPlan, "C3");
  await app.wake.lane(lane);
  await barrier(app.config.faultPlan, "C5");
}
