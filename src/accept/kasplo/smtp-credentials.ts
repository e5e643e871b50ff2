// /v1/smtp-credentials: create (the password is shown once), list, revoke (F-002).
import * as z from "zod";
import { sha256Hex } from "../../lib/digest.ts";
import { fail, ok } from "../../lib/result.ts";
import { parseDomain } from "../../model/address.ts";
import { MAIL_CLASSES } from "../../model/message.ts";
import { keyBucket } from "../../model/plan.ts";
import { invalidField } from "../../model/problem.ts";
import {
  makeCredentialId,
  makePassword,
  type SmtpCredential,
  usernameOf,
} from "../../model/smtp-credential.ts";
import { findSenderDomain } from "../../store/sender-domain.ts";
import {
  insertCredential,
  listCredentials,
  revokeCredential,
} from "../../store/smtp-credential.ts";
import { endpoint } from "../endpoint.ts";
import { accountPlan } from "../plan.ts";
import { boundBy } from "./keys.ts";
import { dataOf, iso, isoTime, maybeTime, one, page, pageOf, timeParameter } from "./native.ts";

const MAX_NAME_LENGTH = 100;

const newCredential = z.object({
  name: z.string().trim().min(1, "must not be empty").max(MAX_NAME_LENGTH),
  domain: z
    .string("is required: what stands behind the @ of the user name")
    .meta({ examples: ["example.com"] }),
  sender_domain: z.string().nullish(),
  require_tls: z.boolean().default(false),
  mailClass: z.enum(MAIL_CLASSES).optional(),
  expires_at: timeParameter.optional(),
});

const credentialView = z.object({
  id: z.string(),
  username: z.string(),
  name: z.string(),
  domain: z.string(),
  sender_domain: z.string().nullable(),
  mail_class: z.enum(MAIL_CLASSES).nullable(),
  require_tls: z.boolean(),
  created_at: isoTime,
  expires_at: maybeTime,
  revoked_at: maybeTime,
  last_used_at: maybeTime,
});

const create = endpoint({
  method: "POST",
  path: "/smtp-credentials",
  summary: "Create an SMTP credential; the answer is the only place that shows its password",
  scope: "manage",
  request: { body: newCredential },
  response: { 201: dataOf(credentialView.extend({ password: z.string() })) },
  problems: ["conflict", "sender_not_allowed", "mail_class_not_allowed"],
  async handle(app, { body, key: maker }) {
    if (!maker.scopes.includes("send")) return fail({ kind: "insufficient_scope", scope: "send" });
    // It would not be bound by them: credentials have no limits of their own.
    if (keyBucket(maker.limits, await accountPlan(app))) {
      const reason = "a key with limits of its own cannot make SMTP credentials; use one without";
      return fail({ kind: "conflict", reason });
    }
    const domain = parseDomain(body.domain);
    if (!domain.ok) return fail(invalidField("domain", domain.error));
    const bounds = boundBy(maker, {
      field: "sender_domain",
      domain: body.sender_domain ?? null,
      mailClass: body.mailClass ?? null,
    });
    if (!bounds.ok) return bounds;
    const senderDomain = bounds.value.domain;
    if (senderDomain !== null) {
      const known = await findSenderDomain(app.db, senderDomain);
      if (!known?.verified) return fail({ kind: "sender_not_allowed", domain: senderDomain });
    }
    const now = app.now();
    if (body.expires_at !== undefined && body.expires_at <= now) {
      return fail(invalidField("expires_at", "must be in the future"));
    }
    const credential: SmtpCredential = {
      id: makeCredentialId(),
      name: body.name,
      domain: domain.value,
      senderDomain,
      mailClass: bounds.value.mailClass,
      requireTls: body.require_tls,
      createdAt: now,
      expiresAt: body.expires_at ?? null,
      revokedAt: null,
      lastUsedAt: null,
    };
    const password = makePassword();
    await insertCredential(app.db, await sha256Hex(password), credential);
    return ok(one({ ...shown(credential), password }, 201));
  },
});

const list = endpoint({
  method: "GET",
  path: "/smtp-credentials",
  summary: "List SMTP credentials, newest first",
  scope: "manage",
  request: {},
  response: { 200: pageOf(credentialView) },
  async handle(app) {
    return ok(page((await listCredentials(app.db)).map(shown), null));
  },
});

const revoke = endpoint({
  method: "DELETE",
  path: "/smtp-credentials/:id",
  summary: "Revoke an SMTP credential; it stops within 30 seconds",
  scope: "manage",
  request: { params: z.object({ id: z.string() }) },
  response: { 200: dataOf(z.object({ id: z.string(), revoked_at: isoTime })) },
  async handle(app, { params }) {
    const revokedAt = await revokeCredential(app.db, params.id, app.now());
    if (revokedAt === null) return fail({ kind: "not_found", what: "this SMTP credential" });
    return ok(one({ id: params.id, revoked_at: iso(revokedAt) }));
  },
});

/** The operations of /v1/smtp-credentials. */
export const smtpCredentialEndpoints = [create, list, revoke];

function shown(credential: SmtpCredential) {
  return {
    id: credential.id,
    username: usernameOf(credential),
    name: credential.name,
    domain: credential.domain,
    sender_domain: credential.senderDomain,
    mail_class: credential.mailClass,
    require_tls: credential.requireTls,
    created_at: iso(credential.createdAt),
    expires_at: iso(credential.expiresAt),
    revoked_at: iso(credential.revokedAt),
    last_used_at: iso(credential.lastUsedAt),
  };
}
