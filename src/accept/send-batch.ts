// The conductor of accept for many messages in one call: each is checked like a send of its own, what may be
// sent is committed together, in one transaction.
import type { App } from "../app.ts";
import { type Allowed, check, type SendPaths } from "../check/check.ts";
import { barrier } from "../lib/barrier.ts";
import { reasonOf } from "../lib/log.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import { addressKey } from "../model/address.ts";
import type { Key } from "../model/key.ts";
import { leavesAt, MAX_STORE_MS, type Message, type SendCommand } from "../model/message.ts";
import { utf8Length } from "../model/content.ts";
import { itemId, rowIdFor } from "../model/message-item.ts";
import type { Plan } from "../model/plan.ts";
import { invalidField, type Problem } from "../model/problem.ts";
import { wakeDelay } from "../model/schedule.ts";
import { packContent, putChunks } from "../store/content.ts";
import { itemChunks, itemsOf } from "../store/content-items.ts";
import { twice } from "../store/db.ts";
import { IDEMPOTENCY_MS, type Owner } from "../store/message-accept.ts";
import {
  acceptBatch,
  type BatchResult,
  placesInCall,
  recipientTuples,
  rehearseBatch,
  storedItems,
} from "../store/message-accept-batch.ts";
import { draftMessage } from "./draft.ts";
import { idempotencyKeyFault } from "./idempotency-key.ts";
import { passGate } from "./lint.ts";
import { asListMail, type ListReader, listReaderFor } from "./list-mail.ts";
import { accountPlan } from "./plan.ts";
import { sendAtFault, STORAGE_UNANSWERED } from "./send.ts";

/** One message of a call, as its door read it. */
export type BatchSend = { readonly command: SendCommand; readonly paths: SendPaths };

/** Who sends a call of many messages. */
export type BatchRequest = {
  readonly key: Key;
  /** In the order of the call: a message, or why it is none. */
  readonly sends: readonly Result<BatchSend, Problem>[];
  /** Nothing is accepted unless every message is. */
  readonly strict: boolean;
  readonly idempotencyKey: string | null;
  readonly bodyHash: string;
};

/** What became of one message of a call. */
export type BatchEntry =
  | {
      readonly kind: "accepted";
      readonly messageId: string;
      readonly brokenRules: readonly string[];
    }
  | { readonly kind: "refused"; readonly problem: Problem }
  /** Nothing is wrong with it, but another was refused. */
  | { readonly kind: "skipped" };

/** What became of a call. */
export type BatchAnswer = { readonly replayed: boolean; readonly entries: readonly BatchEntry[] };

/** Bytes of one parameter: D1 takes 2 MB, and a row must not be larger. */
const MAX_PARAMETER_BYTES = 1_800_000;

/** A message that may be sent, and its place in the call; its id and size are not known yet. */
type Candidate = {
  readonly index: number;
  readonly command: SendCommand;
  readonly allowed: Allowed;
  readonly brokenRules: readonly string[];
  readonly message: Omit<Message, "size">;
};

/**
 * Accepts messages together: after ok() the accepted ones survive any crash. Two D1 round trips, whatever
 * there is in the call; one or two more for each list that is named in it, and one for the answer to a replay.
 */
export async function sendBatch(
  app: App,
  asked: BatchRequest,
): Promise<Result<BatchAnswer, Problem>> {
  const fault = idempotencyKeyFault(asked.idempotencyKey);
  if (fault) return fail(fault);
  const plan = await accountPlan(app);
  const judged = await judgeAll(app, asked, plan);
  if (!judged.ok) return judged;
  const candidates = judged.value.flatMap((one) => (one.ok ? [one.value] : []));
  const keys = keysOf(candidates);
  if (!keys.ok) return keys;
  const { suppressed, owner } = await rehearseBatch(app.db, {
    keys: keys.value,
    keyId: asked.key.id,
    idempotencyKey: asked.idempotencyKey,
    since: app.now() - IDEMPOTENCY_MS,
  });
  const going = candidates.filter((_, n) => !suppressed.has(n));
  const refusals = refusalsOf(judged.value, going);
  const about = { going, refusals, candidates };
  if (owner) return replay(app, asked, owner, about);
  if (going.length === 0 || (asked.strict && going.length < asked.sends.length)) {
    return ok({ replayed: false, entries: entriesOf(refusals, new Map()) });
  }
  const goingKeys = suppressed.size === 0 ? keys : keysOf(going);
  return goingKeys.ok
    ? admit(app, { ...asked, plan }, { ...about, keys: goingKeys.value })
    : goingKeys;
}

/** Judges the messages one after the other; a problem that is nobody's own ends the call. */
async function judgeAll(
  app: App,
  { key, sends }: BatchRequest,
  plan: Plan,
): Promise<Result<readonly Result<Candidate, Problem>[], Problem>> {
  const judged: Result<Candidate, Problem>[] = [];
  const everybody = sends.flatMap((sent) =>
    sent.ok ? sent.value.command.recipients.map(({ address }) => addressKey(address)) : [],
  );
  const lists = listReaderFor(app, everybody);
  for (const [index, sent] of sends.entries()) {
    const one = sent.ok ? await judge(app, { key, plan, index, lists }, sent.value) : sent;
    if (!one.ok && one.error.kind === "unavailable") return one;
    judged.push(one);
  }
  return ok(judged);
}

type Judging = {
  readonly key: Key;
  readonly plan: Plan;
  readonly index: number;
  readonly lists: ListReader;
};

async function judge(
  app: App,
  { key, plan, index, lists }: Judging,
  sent: BatchSend,
): Promise<Result<Candidate, Problem>> {
  const fault = sendAtFault(app, sent.command);
  if (fault) return fail(fault);
  const allowed = await check(app, { key, plan, ...sent });
  if (!allowed.ok) return allowed;
  const { mailClass } = allowed.value;
  const command = await asListMail(app, sent.command, mailClass, lists);
  const passed = await passGate(app, { key, command }, allowed.value);
  if (!passed.ok) return passed;
  const message = draftMessage(app, { key, command }, mailClass);
  return ok({ index, command, allowed: allowed.value, brokenRules: passed.value, message });
}

function keysOf(candidates: readonly Candidate[]): Result<string, Problem> {
  const keys = recipientTuples(candidates.map(({ message }) => message));
  return utf8Length(keys) <= MAX_PARAMETER_BYTES ? ok(keys) : fail(tooLarge("recipients"));
}

function tooLarge(what: string): Problem {
  const reason = `have ${what} of more than ${MAX_PARAMETER_BYTES} bytes together; send them in several calls`;
  return invalidField("messages", reason);
}

/** Why messages of a call were refused, in its order; null: they were not. */
type Refusals = readonly (Problem | null)[];

/** Of those that may be sent only `going` have somebody to go to. */
function refusalsOf(
  judged: readonly Result<Candidate, Problem>[],
  going: readonly Candidate[],
): Refusals {
  const goes = new Set(going);
  return judged.map((one) => {
    if (!one.ok) return one.error;
    return goes.has(one.value) ? null : { kind: "all_suppressed" };
  });
}

/** What became of each message, given those that were accepted by their places in the call. */
function entriesOf(
  refusals: Refusals,
  accepted: ReadonlyMap<number, Extract<BatchEntry, { kind: "accepted" }>>,
): readonly BatchEntry[] {
  return refusals.map(
    (problem, index) =>
      accepted.get(index) ?? (problem ? { kind: "refused", problem } : { kind: "skipped" }),
  );
}

/** What is to be committed. */
type Going = {
  readonly going: readonly Candidate[];
  /** These, and those whose recipients are all suppressed. */
  readonly candidates: readonly Candidate[];
  readonly keys: string;
  readonly refusals: Refusals;
};

/** Lets the messages in by the quota, commits them and wakes their lanes. */
async function admit(
  app: App,
  request: BatchRequest & { readonly plan: Plan },
  about: Going,
): Promise<Result<BatchAnswer, Problem>> {
  const { key, plan } = request;
  const recipients = about.going.reduce((sum, { message }) => sum + message.recipients.length, 0);
  const admission = await app.quota.take({ plan, key, domain: null }, recipients);
  if (!admission.ok) return admission;
  await barrier(app.config.faultPlan, "C1");
  const committed = await commit(app, request, about);
  // What may have been committed has been let in.
  if (!committed.ok) return committed;
  await barrier(app.config.faultPlan, "C2");
  const { result, rowId } = committed.value;
  if (result.kind !== "accepted") admission.value.release();
  switch (result.kind) {
    case "accepted":
      app.background("wake_lane_failed", wake(app, about.going));
      return ok({ replayed: false, entries: entriesOf(about.refusals, acceptedOf(rowId, about)) });
    case "known":
      return replay(app, request, result, about);
    case "out_of_credits":
      return fail(result);
  }
}

function acceptedOf(rowId: string, { going }: Going) {
  return new Map(
    going.map(({ index, brokenRules }, n) => [
      index,
      { kind: "accepted", messageId: itemId(rowId, n), brokenRules } as const,
    ]),
  );
}

/** Stores the contents where they belong and commits the row. */
async function commit(
  app: App,
  { idempotencyKey, bodyHash }: BatchRequest,
  { going, keys }: Going,
): Promise<Result<{ readonly rowId: string; readonly result: BatchResult }, Problem>> {
  const now = app.now();
  const rowId = rowIdFor(app.newId());
  const pieces = going.map(({ command, allowed: { tracking } }) =>
    packContent({ ...command.content, tracking }),
  );
  const content = itemsOf(pieces);
  const messages = pieces.flatMap(({ size, form }, n) => {
    const one = going[n];
    const identity = { id: itemId(rowId, n), createdAt: now, size };
    return one ? [{ message: { ...one.message, ...identity }, form, index: one.index }] : [];
  });
  const key = content.inline ? null : `content/${rowId}/${crypto.randomUUID()}`;
  const idempotency =
    idempotencyKey === null ? null : { key: idempotencyKey, requestHash: bodyHash };
  const items = storedItems(messages);
  if (utf8Length(items) > MAX_PARAMETER_BYTES)
    return fail(tooLarge("subjects, names and metadata"));
  const batch = { rowId, messages, content: { ...content, key }, idempotency, keys, items };
  try {
    if (key !== null) await putChunks(app.blobs, key, itemChunks(content), {});
    if (app.now() - now > MAX_STORE_MS) throw new Error("storing the contents took too long");
    const result = await twice(() => acceptBatch(app.db, batch));
    if (key !== null && result.kind !== "accepted") {
      app.background("delete_unused_content_failed", app.blobs.delete(key));
    }
    return ok({ rowId, result });
  } catch (error) {
    // Whether it was committed is not known: the object stays, and the sweeper collects it if not.
    app.log("error", "accept_failed", { message: rowId, reason: reasonOf(error) });
    return fail(STORAGE_UNANSWERED);
  }
}

const REFUSED_THEN: Problem = {
  kind: "conflict",
  reason: "this message was refused when the call was made first; send it in another call",
};

/** The first answer again: what was accepted then, by its ids. */
async function replay(
  app: App,
  { bodyHash }: BatchRequest,
  owner: Owner,
  { refusals, candidates }: Pick<Going, "refusals" | "candidates">,
): Promise<Result<BatchAnswer, Problem>> {
  if (owner.requestHash !== bodyHash) return fail({ kind: "idempotency_key_reused" });
  const places = await placesInCall(app.db, owner.messageId);
  const accepted = new Map(
    places.map((index, n) => {
      const messageId = itemId(owner.messageId, n);
      const brokenRules = candidates.find((one) => one.index === index)?.brokenRules ?? [];
      return [index, { kind: "accepted", messageId, brokenRules } as const];
    }),
  );
  // It was refused then, and might be sent now: the answer stays what it was.
  const then = refusals.map((problem) => problem ?? REFUSED_THEN);
  return ok({ replayed: true, entries: entriesOf(then, accepted) });
}

/** One wake-up for each lane, when the first of its messages leaves; the sweeper sees to what leaves later. */
async function wake(app: App, going: readonly Candidate[]): Promise<void> {
  await barrier(app.config.faultPlan, "C3");
  const lanes = Map.groupBy(going, ({ message }) => message.mailClass);
  for (const [lane, list] of lanes) {
    const first = Math.min(...list.map(({ message }) => leavesAt(message)));
    const delay = wakeDelay(first, app.now());
    if (delay !== null) await app.wake.lane(lane, delay);
  }
  await barrier(app.config.faultPlan, "C5");
}
