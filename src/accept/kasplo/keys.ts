// /v1/keys: create and rotate (the key is shown once), list, revoke (F-015, decisions 2 and 19).
import * as z from "zod";
import { sha256Hex } from "../../lib/digest.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import { parseDomain } from "../../model/address.ts";
import { hintOf, type Key, KEY_FAMILIES, makeKey, SCOPES } from "../../model/key.ts";
import { MAIL_CLASSES, type MailClass } from "../../model/message.ts";
import type { KeyLimits, Plan } from "../../model/plan.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import { findKeyById, insertKey, listKeys, revokeKey, rotateKey } from "../../store/key.ts";
import { forgetKey } from "../authenticate.ts";
import { endpoint } from "../endpoint.ts";
import { accountPlan } from "../plan.ts";
import { dataOf, iso, isoTime, maybeTime, one, page, pageOf, timeParameter } from "./native.ts";

const MAX_NAME_LENGTH = 100;

/** Long enough to give the new secret to every program; as long as a webhook's old secret signs on. */
const DEFAULT_OVERLAP_SECONDS = 86_400;
const MAX_OVERLAP_SECONDS = 7 * 86_400;

const NO_KEY: Problem = { kind: "not_found", what: "this API key" };
const NOT_ALIVE: Problem = {
  kind: "conflict",
  reason: "this API key was revoked or has expired; create another one",
};

const WHOLE = "must be a whole number of at least 1";
const limit = z.number(WHOLE).int(WHOLE).min(1, WHOLE);

const newKey = z.object({
  name: z.string().trim().min(1, "must not be empty").max(MAX_NAME_LENGTH),
  scopes: z.array(z.enum(SCOPES)).min(1, "must name at least one of send, read, manage"),
  family: z.enum(KEY_FAMILIES).default("kasplo"),
  domain: z.string().optional(),
  mailClass: z.enum(MAIL_CLASSES).optional(),
  expires_at: timeParameter.optional(),
  limits: z
    .strictObject(
      { per_second: limit.optional(), burst: limit.optional(), daily: limit.optional() },
      "must be an object of per_second, burst and daily",
    )
    .optional(),
});

const keyView = z.object({
  id: z.string(),
  name: z.string(),
  family: z.enum(KEY_FAMILIES),
  scopes: z.array(z.enum(SCOPES)),
  domain: z.string().nullable(),
  mail_class: z.enum(MAIL_CLASSES).nullable(),
  limits: z.object({
    per_second: z.int().nullable(),
    burst: z.int().nullable(),
    daily: z.int().nullable(),
  }),
  hint: z.string(),
  created_at: isoTime,
  expires_at: maybeTime,
  revoked_at: maybeTime,
  last_used_at: maybeTime,
  previous_until: maybeTime.describe("When the secret before the last rotation stops, or stopped"),
});

const byId = z.object({ id: z.string() });

const OVERLAP = `must be a whole number of seconds from 0 to ${MAX_OVERLAP_SECONDS}`;
const overlap = z
  .int(OVERLAP)
  .min(0, OVERLAP)
  .max(MAX_OVERLAP_SECONDS, OVERLAP)
  .default(DEFAULT_OVERLAP_SECONDS)
  .describe("How long the secret of before works on");

const create = endpoint({
  method: "POST",
  path: "/keys",
  summary: "Create an API key; the answer is the only place that shows it",
  scope: "manage",
  request: { body: newKey },
  response: { 201: dataOf(keyView.extend({ key: z.string() })) },
  problems: ["sender_not_allowed", "mail_class_not_allowed"],
  traced: ({ family, scopes }) => `family=${family} scopes=${scopes.join()}`,
  async handle(app, { body, key: maker }) {
    const missing = body.scopes.find((scope) => !maker.scopes.includes(scope));
    if (missing) return fail({ kind: "insufficient_scope", scope: missing });
    const { domain = null, mailClass = null } = body;
    const bounds = boundBy(maker, { field: "domain", domain, mailClass });
    if (!bounds.ok) return bounds;
    const limits = limitsOf(body, maker, await accountPlan(app));
    if (!limits.ok) return limits;
    if (body.family === "kasapost" && bounds.value.domain === null) {
      return fail(invalidField("domain", "is required for a kasapost key"));
    }
    const now = app.now();
    if (body.expires_at !== undefined && body.expires_at <= now) {
      return fail(invalidField("expires_at", "must be in the future"));
    }
    const secret = makeKey(body.family);
    const key: Key = {
      id: app.newId(),
      name: body.name,
      family: body.family,
      scopes: [...new Set(body.scopes)],
      ...bounds.value,
      limits: limits.value,
      hint: hintOf(secret),
      createdAt: now,
      expiresAt: body.expires_at ?? null,
      revokedAt: null,
      lastUsedAt: null,
      previousUntil: null,
    };
    await insertKey(app.db, await sha256Hex(secret), key);
    return ok(one({ ...shown(key), key: secret }, 201));
  },
});

const list = endpoint({
  method: "GET",
  path: "/keys",
  summary: "List API keys, newest first",
  scope: "manage",
  request: {},
  response: { 200: pageOf(keyView) },
  async handle(app) {
    return ok(page((await listKeys(app.db)).map(shown), null));
  },
});

const rotate = endpoint({
  method: "POST",
  path: "/keys/:id/rotate",
  summary: "Give an API key another secret; the answer is the only place that shows it",
  scope: "manage",
  request: { params: byId, body: z.object({ overlap_seconds: overlap }) },
  response: { 200: dataOf(keyView.extend({ key: z.string() })) },
  problems: ["conflict", "sender_not_allowed", "mail_class_not_allowed"],
  traced: ({ overlap_seconds: seconds }) => `overlap_seconds=${seconds}`,
  async handle(app, { params: { id }, body, key: asker }) {
    const key = await findKeyById(app.db, id);
    if (!key) return fail(NO_KEY);
    const refusal = beyond(asker, key);
    if (refusal) return fail(refusal);
    const secret = makeKey(key.family);
    const now = app.now();
    const rotated = await rotateKey(app.db, {
      id,
      hash: await sha256Hex(secret),
      hint: hintOf(secret),
      now,
      previousUntil: now + body.overlap_seconds * 1_000,
    });
    if (!rotated) return fail(NOT_ALIVE);
    forgetKey(rotated.previousHash);
    return ok(one({ ...shown(rotated.key), key: secret }));
  },
});

const revoke = endpoint({
  method: "DELETE",
  path: "/keys/:id",
  summary: "Revoke an API key; it stops within 30 seconds",
  scope: "manage",
  request: { params: byId },
  response: { 200: dataOf(z.object({ id: z.string(), revoked_at: isoTime })) },
  async handle(app, { params }) {
    const revoked = await revokeKey(app.db, params.id, app.now());
    if (!revoked) return fail(NO_KEY);
    for (const hash of revoked.hashes) forgetKey(hash);
    return ok(one({ id: params.id, revoked_at: iso(revoked.revokedAt) }));
  },
});

/** The operations of /v1/keys. */
export const keyEndpoints = [create, list, rotate, revoke];

/** Why somebody may not be shown a secret of a key: it may more than their own; null: it may not. */
function beyond(asker: Key, { scopes, domain, mailClass, limits }: Key): Problem | null {
  const missing = scopes.find((scope) => !asker.scopes.includes(scope));
  if (missing) return { kind: "insufficient_scope", scope: missing };
  if (asker.domain !== null && domain !== asker.domain) {
    return { kind: "sender_not_allowed", domain: domain ?? "every domain" };
  }
  if (asker.mailClass !== null && mailClass !== asker.mailClass) {
    return { kind: "mail_class_not_allowed", mailClass: mailClass ?? "both" };
  }
  const isHigher = (["perSecond", "burst", "daily"] as const).some((name) => {
    const most = asker.limits[name];
    return most !== null && (limits[name] ?? Number.POSITIVE_INFINITY) > most;
  });
  return isHigher ? HIGHER : null;
}

const HIGHER: Problem = {
  kind: "conflict",
  reason: "the limits of this API key are higher than those of yours; rotate it with another key",
};

/** What was asked for, and the name of its field for the domain. */
type Bounds = {
  readonly field: string;
  readonly domain: string | null;
  readonly mailClass: MailClass | null;
};

/** The domain and class that a new key or credential is bound to: its maker's own, where the maker is bound. */
export function boundBy(
  maker: Key,
  { field, ...wanted }: Bounds,
): Result<Pick<Key, "domain" | "mailClass">, Problem> {
  const domain = wanted.domain === null ? ok(maker.domain) : parseDomain(wanted.domain);
  if (!domain.ok) return fail(invalidField(field, domain.error));
  if (maker.domain !== null && domain.value !== maker.domain) {
    return fail({ kind: "sender_not_allowed", domain: wanted.domain ?? maker.domain });
  }
  const mailClass = wanted.mailClass ?? maker.mailClass;
  if (maker.mailClass !== null && mailClass !== maker.mailClass) {
    return fail({ kind: "mail_class_not_allowed", mailClass: mailClass ?? maker.mailClass });
  }
  return ok({ domain: domain.value, mailClass });
}

/** Limits can only be lower than the account's, and than its maker's. */
function limitsOf(
  { limits = {} }: z.output<typeof newKey>,
  maker: Key,
  plan: Plan,
): Result<KeyLimits, Problem> {
  const asked = [
    ["per_second", "perSecond", limits.per_second],
    ["burst", "burst", limits.burst],
    ["daily", "daily", limits.daily],
  ] as const;
  for (const [name, limit, wanted = 0] of asked) {
    const [own, most] = [maker.limits[limit], plan[limit]];
    const whose = own === null ? `the limit of plan ${plan.name}` : "the limit of your own key";
    const highest = own ?? most;
    if (highest === null || wanted <= highest) continue;
    return fail(invalidField(`limits.${name}`, `must be at most ${highest}, ${whose}`));
  }
  return ok({
    perSecond: limits.per_second ?? maker.limits.perSecond,
    burst: limits.burst ?? maker.limits.burst,
    daily: limits.daily ?? maker.limits.daily,
  });
}

function shown(key: Key) {
  return {
    id: key.id,
    name: key.name,
    family: key.family,
    scopes: key.scopes,
    domain: key.domain,
    mail_class: key.mailClass,
    limits: {
      per_second: key.limits.perSecond,
      burst: key.limits.burst,
      daily: key.limits.daily,
    },
    hint: key.hint,
    created_at: iso(key.createdAt),
    expires_at: iso(key.expiresAt),
    revoked_at: iso(key.revokedAt),
    last_used_at: iso(key.lastUsedAt),
    previous_until: iso(key.previousUntil),
  };
}
