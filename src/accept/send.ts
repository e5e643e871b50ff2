// The conductor of accept: check → record → wake. A SendCommand of any dialect becomes a committed
// message, or a problem and nothing at all.
import type { App } from "../app.ts";
import { type Allowed, check, type SendPaths } from "../check/check.ts";
import { barrier } from "../lib/barrier.ts";
import { reasonOf } from "../lib/log.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import type { Key } from "../model/key.ts";
import { MAX_STORE_MS, type MailClass, type SendCommand } from "../model/message.ts";
import type { Plan } from "../model/plan.ts";
import { invalidField, type Problem } from "../model/problem.ts";
import { aheadFault, wakeDelay } from "../model/schedule.ts";
import { packContent, putContent } from "../store/content.ts";
import { twice } from "../store/db.ts";
import {
  type AcceptResult,
  acceptMessage,
  findOwner,
  type Idempotency,
  type Owner,
} from "../store/message-accept.ts";
import { draftMessage } from "./draft.ts";
import { idempotencyKeyFault } from "./idempotency-key.ts";
import { asListMail } from "./list-mail.ts";
import { passGate, type Rehearsal, rehearse } from "./lint.ts";
import { accountPlan } from "./plan.ts";
import { domainLimit } from "./reputation.ts";

/** A send that is committed. */
export type Accepted = {
  readonly messageId: string;
  /** Epoch milliseconds; 0 of a replay. */
  readonly createdAt: number;
  /** The idempotency key was used before with the same body: this is the first answer again. */
  readonly replayed: boolean;
  /** The bulk-sender rules that the message breaks, if the gate of its domain is on. */
  readonly brokenRules: readonly string[];
  /** Positions of recipients that a suppression stopped, where `tellStopped` asked; none of a replay. */
  readonly stopped: readonly number[];
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
  /** The door tells of stopped recipients, and takes a send all of whose recipients are (E-02). */
  readonly tellStopped?: boolean;
};

/** A sender may try again at once; the platform's hiccups are short. */
const STORAGE_RETRY_SECONDS = 5;

/** Whether it was committed is not known. */
export const STORAGE_UNANSWERED: Problem = {
  kind: "unavailable",
  reason: "storage did not answer; send the request again, with the same Idempotency-Key if any",
  retryAfterSeconds: STORAGE_RETRY_SECONDS,
};

/**
 * Accepts a send: after ok() it survives any crash. One D1 round trip when key, plan and sender are cached
 * and the quota lets it in, one more to look up the list that it names. A replay is refused neither for the quota, of which it keeps nothing, nor by the
 * gate of its domain, which composes a delivery only if it is on.
 */
export async function send(app: App, asked: SendRequest): Promise<Result<Accepted, Problem>> {
  const { idempotencyKey, bodyHash, key } = asked;
  const plan = await accountPlan(app);
  const allowed = await allow(app, asked, plan);
  if (!allowed.ok) return allowed;
  const command = await asListMail(app, asked.command, allowed.value.mailClass);
  const request = { ...asked, command };
  const idempotency =
    idempotencyKey === null ? null : { key: idempotencyKey, requestHash: bodyHash };
  const passed = await passGate(app, request, allowed.value);
  const sent = passed.ok
    ? await admit(app, request, { plan, allowed: allowed.value, idempotency })
    : ((await acceptedBefore(app, key, idempotency)) ?? passed);
  return sent.ok ? ok({ ...sent.value, brokenRules: passed.ok ? passed.value : [] }) : sent;
}

/** What a send would give: refused like a send, but it uses and stores nothing. */
export async function dryRun(
  app: App,
  request: Omit<SendRequest, "bodyHash">,
): Promise<Result<Rehearsal, Problem>> {
  const allowed = await allow(app, request, await accountPlan(app));
  if (!allowed.ok) return allowed;
  const command = await asListMail(app, request.command, allowed.value.mailClass);
  return rehearse(app, { ...request, command }, allowed.value);
}

/** Whether the request may be sent at all, and as what. */
async function allow(
  app: App,
  request: Omit<SendRequest, "bodyHash">,
  plan: Plan,
): Promise<Result<Allowed, Problem>> {
  const fault = idempotencyKeyFault(request.idempotencyKey) ?? sendAtFault(app, request.command);
  return fault ? fail(fault) : check(app, { ...request, plan });
}

/** Why a send may not leave when it asks to, or null. */
export function sendAtFault(app: App, { sendAt }: SendCommand): Problem | null {
  const reason = aheadFault(sendAt ?? 0, app.now());
  return reason === null ? null : invalidField("sendAt", reason);
}

/** A send that is committed, before the answer says which rules it breaks. */
type Committed = Omit<Accepted, "brokenRules">;

/** Lets a send in by the quota, commits it and wakes its lane. */
async function admit(
  app: App,
  request: SendRequest,
  about: {
    readonly plan: Plan;
    readonly allowed: Allowed;
    readonly idempotency: Idempotency | null;
  },
): Promise<Result<Committed, Problem>> {
  const { plan, allowed, idempotency } = about;
  const { key, command } = request;
  const domain = await domainLimit(app, key, allowed.sender);
  const admission = await app.quota.take({ plan, key, domain }, command.recipients.length);
  if (!admission.ok) return (await acceptedBefore(app, key, idempotency)) ?? admission;

  await barrier(app.config.faultPlan, "C1");
  const committed = await commit(app, request, allowed, idempotency);
  // What may have been committed has been let in.
  if (!committed.ok) return committed;
  await barrier(app.config.faultPlan, "C2");

  const { messageId, createdAt, result } = committed.value;
  const sends = result.kind === "accepted" && result.stopped.length < command.recipients.length;
  if (!sends) admission.value.release();
  switch (result.kind) {
    case "accepted":
      if (sends) app.background("wake_lane_failed", wake(app, allowed.mailClass, command));
      if (result.stopped.length > 0) app.background("wake_webhooks_failed", app.wake.events());
      return ok({ messageId, createdAt, replayed: false, stopped: result.stopped });
    case "known":
      return replay(result, idempotency);
    case "all_suppressed":
      return fail({ kind: "all_suppressed" });
    case "out_of_credits":
      return fail(result);
  }
}

/** What a send that is refused now was answered before, or null when it is a new one. */
async function acceptedBefore(
  app: App,
  key: Key,
  idempotency: Idempotency | null,
): Promise<Result<Committed, Problem> | null> {
  if (!idempotency) return null;
  const owner = await findOwner(app.db, { keyId: key.id, key: idempotency.key, now: app.now() });
  return owner && replay(owner, idempotency);
}

function replay(owner: Owner, idempotency: Idempotency | null): Result<Committed, Problem> {
  return owner.requestHash === idempotency?.requestHash
    ? ok({ messageId: owner.messageId, createdAt: 0, replayed: true, stopped: [] })
    : fail({ kind: "idempotency_key_reused" });
}

/** Stores the content where it belongs and commits the message. */
async function commit(
  app: App,
  request: SendRequest,
  { mailClass, tracking }: Allowed,
  idempotency: Idempotency | null,
): Promise<Result<{ messageId: string; createdAt: number; result: AcceptResult }, Problem>> {
  const packed = packContent({ ...request.command.content, tracking });
  const message = { ...draftMessage(app, request, mailClass), size: packed.size };
  const tellStopped = request.tellStopped ? request.command.recipients.map(app.newId) : null;
  const key = packed.inline ? null : `content/${message.id}/${crypto.randomUUID()}`;
  try {
    if (key !== null) await putContent(app.blobs, key, packed);
    if (app.now() - message.createdAt > MAX_STORE_MS)
      throw new Error("storing the content took too long");
    const result = await twice(() =>
      acceptMessage(app.db, message, { ...packed, key }, idempotency, tellStopped),
    );
    if (key !== null && result.kind !== "accepted") {
      app.background("delete_unused_content_failed", app.blobs.delete(key));
    }
    return ok({ messageId: message.id, createdAt: message.createdAt, result });
  } catch (error) {
    // Whether it was committed is not known: the object stays, and the sweeper collects it if not.
    app.log("error", "accept_failed", { message: message.id, reason: reasonOf(error) });
    return fail(STORAGE_UNANSWERED);
  }
}

async function wake(app: App, lane: MailClass, { sendAt }: SendCommand): Promise<void> {
  await barrier(app.config.faultPlan, "C3");
  const delay = wakeDelay(sendAt ?? 0, app.now());
  if (delay !== null) await app.wake.lane(lane, delay);
  await barrier(app.config.faultPlan, "C5");
}
