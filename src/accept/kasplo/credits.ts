// /v1/account/credits: how many are left, what changed them, and granting more (F-017). Nobody counts them
// until some were granted.
import * as z from "zod";
import { fail, ok } from "../../lib/result.ts";
import { type CreditEntry, MAX_CREDITS } from "../../model/credit.ts";
import { invalidField } from "../../model/problem.ts";
import { grantCredits, readCredits, stopCounting } from "../../store/credit.ts";
import { twice } from "../../store/db.ts";
import { endpoint } from "../endpoint.ts";
import { idempotencyKeyFault } from "../idempotency-key.ts";
import { dataOf, iso, isoTime, limitParameter, one } from "./native.ts";

const MAX_REASON_LENGTH = 200;

const AMOUNT = `must be a whole number from -${MAX_CREDITS} to ${MAX_CREDITS}, and not 0`;

const grantBody = z.object({
  amount: z
    .number(AMOUNT)
    .int(AMOUNT)
    .min(-MAX_CREDITS, AMOUNT)
    .max(MAX_CREDITS, AMOUNT)
    .refine((amount) => amount !== 0, AMOUNT),
  reason: z.string().trim().max(MAX_REASON_LENGTH).optional(),
});

const cursor = z.string().regex(/^\d{1,16}$/, "must be the next_cursor of an earlier answer");

const entryView = z.object({
  at: isoTime,
  kind: z.string(),
  amount: z.int(),
  balance: z.int().nullable(),
  message_id: z.string().nullable(),
  by: z.string().nullable(),
  reason: z.string().nullable(),
});

const balanceView = z.object({ balance: z.int().nullable(), unlimited: z.boolean() });

const creditsView = dataOf(balanceView.extend({ history: z.array(entryView) })).extend({
  next_cursor: z.string().nullable(),
});

const read = endpoint({
  method: "GET",
  path: "/account/credits",
  summary: "Show how many credits are left and what changed them, newest first",
  scope: "read",
  request: { query: z.object({ limit: limitParameter, cursor: cursor.optional() }) },
  response: { 200: creditsView },
  async handle(app, { query }) {
    const before = query.cursor === undefined ? null : Number(query.cursor);
    const { balance, history } = await readCredits(app.db, { before, limit: query.limit });
    const last = history.length < query.limit ? undefined : history.at(-1);
    const data = { balance, unlimited: balance === null, history: history.map(shown) };
    return ok({ status: 200, json: { data, next_cursor: last ? String(last.position) : null } });
  },
});

const grant = endpoint({
  method: "POST",
  path: "/account/credits",
  summary: "Grant credits, or take some away; from the first grant on they are counted",
  scope: "manage",
  request: { body: grantBody },
  idempotent: true,
  response: { 201: dataOf(entryView) },
  async handle(app, { body, key, idempotencyKey }) {
    const fault = idempotencyKeyFault(idempotencyKey);
    if (fault) return fail(fault);
    const id = idempotencyKey === null ? app.newId() : `${key.id} ${idempotencyKey}`;
    const { amount, reason = null } = body;
    const now = app.now();
    const entry = await twice(() =>
      grantCredits(app.db, { id, now, amount, keyId: key.id, reason }),
    );
    if (!entry) {
      const rule = `must leave a balance from 0 to ${MAX_CREDITS}`;
      return fail(invalidField("amount", rule));
    }
    if (entry.amount !== amount || entry.reason !== reason) {
      return fail({ kind: "idempotency_key_reused" });
    }
    return ok(one(shown(entry), 201));
  },
});

const stop = endpoint({
  method: "DELETE",
  path: "/account/credits",
  summary: "Stop counting credits: sends are unlimited again, the history stays",
  scope: "manage",
  request: {},
  response: { 200: dataOf(balanceView) },
  async handle(app, { key }) {
    await stopCounting(app.db, { now: app.now(), keyId: key.id });
    return ok(one({ balance: null, unlimited: true }));
  },
});

/** The operations of /v1/account/credits. */
export const creditEndpoints = [read, grant, stop];

const POSITIONS_PER_MS = 1_000;

function shown(entry: CreditEntry) {
  return {
    at: iso(Math.floor(entry.position / POSITIONS_PER_MS)),
    kind: entry.kind,
    amount: entry.amount,
    balance: entry.balance,
    message_id: entry.messageId,
    by: entry.keyId,
    reason: entry.reason,
  };
}
