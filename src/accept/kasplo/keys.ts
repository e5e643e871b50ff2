// /v1/keys: create (the key is shown once), list, revoke (decisions 2 and 19).
import * as z from "zod";
import { sha256Hex } from "../../lib/digest.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import { parseDomain } from "../../model/address.ts";
import { hintOf, type Key, KEY_FAMILIES, makeKey, SCOPES } from "../../model/key.ts";
import { MAIL_CLASSES, type MailClass } from "../../model/message.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import { insertKey, listKeys, revokeKey } from "../../store/key.ts";
import { endpoint } from "../endpoint.ts";
import { iso, one, page, timeParameter } from "./native.ts";

const MAX_NAME_LENGTH = 100;

const newKey = z.object({
  name: z.string().trim().min(1, "must not be empty").max(MAX_NAME_LENGTH),
  scopes: z.array(z.enum(SCOPES)).min(1, "must name at least one of send, read, manage"),
  family: z.enum(KEY_FAMILIES).default("kasplo"),
  domain: z.string().optional(),
  mailClass: z.enum(MAIL_CLASSES).optional(),
  expires_at: timeParameter.optional(),
  limits: z.undefined("limits of a key are not available yet; leave it out").optional(),
});

const create = endpoint({
  method: "POST",
  path: "/keys",
  summary: "Create an API key; the answer is the only place that shows it",
  scope: "manage",
  request: { body: newKey },
  async handle(app, { body, key: maker }) {
    const missing = body.scopes.find((scope) => !maker.scopes.includes(scope));
    if (missing) return fail({ kind: "insufficient_scope", scope: missing });
    const { domain = null, mailClass = null } = body;
    const limits = boundBy(maker, { field: "domain", domain, mailClass });
    if (!limits.ok) return limits;
    if (body.family === "kasapost" && limits.value.domain === null) {
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
      ...limits.value,
      hint: hintOf(secret),
      createdAt: now,
      expiresAt: body.expires_at ?? null,
      revokedAt: null,
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
  async handle(app) {
    return ok(page((await listKeys(app.db)).map(shown), null));
  },
});

const revoke = endpoint({
  method: "DELETE",
  path: "/keys/:id",
  summary: "Revoke an API key; it stops within 30 seconds",
  scope: "manage",
  request: { params: z.object({ id: z.string() }) },
  async handle(app, { params }) {
    const revokedAt = await revokeKey(app.db, params.id, app.now());
    if (revokedAt === null) return fail({ kind: "not_found", what: "this API key" });
    return ok(one({ id: params.id, revoked_at: iso(revokedAt) }));
  },
});

/** The operations of /v1/keys. */
export const keyEndpoints = [create, list, revoke];

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

function shown(key: Key) {
  return {
    id: key.id,
    name: key.name,
    family: key.family,
    scopes: key.scopes,
    domain: key.domain,
    mail_class: key.mailClass,
    hint: key.hint,
    created_at: iso(key.createdAt),
    expires_at: iso(key.expiresAt),
    revoked_at: iso(key.revokedAt),
  };
}
