// /v1/account: how long things are kept (F-012, F-013, C-24), how many soft bounces make an address a bad
// one (1.9.3), and the plan (decision 11).
import * as z from "zod";
import type { App } from "../../app.ts";
import { fail, ok } from "../../lib/result.ts";
import {
  type Account,
  MAX_RETENTION_DAYS,
  MIN_CONTENT_RETENTION_DAYS,
  MIN_RETENTION_DAYS,
} from "../../model/account.ts";
import { orgIdOf, sidOf } from "../../model/account-id.ts";
import { PLAN_NAMES, planOf } from "../../model/plan.ts";
import { invalidField } from "../../model/problem.ts";
import { MAX_SOFT_BOUNCE_COUNT, MAX_SOFT_BOUNCE_DAYS } from "../../model/soft-bounce.ts";
import { changeAccount, readAccount } from "../../store/account.ts";
import { findDefaultSender } from "../../store/sender-domain.ts";
import { endpoint } from "../endpoint.ts";
import { forgetPlan } from "../plan.ts";
import { dataOf, one } from "./native.ts";

function whole(least: number, most: number) {
  const reason = `must be a whole number from ${least} to ${most}`;
  return z.number(reason).int(reason).min(least, reason).max(most, reason);
}

const settings = z.object({
  retention_days: whole(MIN_RETENTION_DAYS, MAX_RETENTION_DAYS).optional(),
  content_retention_days: whole(MIN_CONTENT_RETENTION_DAYS, MAX_RETENTION_DAYS).optional(),
  soft_bounce_count: whole(0, MAX_SOFT_BOUNCE_COUNT).optional(),
  soft_bounce_days: whole(0, MAX_SOFT_BOUNCE_DAYS).optional(),
  plan: z.enum(PLAN_NAMES, `must be one of ${PLAN_NAMES.join(", ")}`).optional(),
});

const accountView = dataOf(
  z.object({
    sid: z.string(),
    org_id: z.string(),
    retention_days: z.int(),
    content_retention_days: z.int(),
    soft_bounce_count: z.int(),
    soft_bounce_days: z.int(),
    plan: z.enum(PLAN_NAMES),
    limits: z.object({
      attachment_bytes: z.int(),
      recipients: z.int(),
      per_second: z.int(),
      burst: z.int(),
      daily: z.int().nullable(),
    }),
    /** Of requests that name no sender: the default of the oldest verified domain that has one. */
    default_sender: z.object({ address: z.string(), name: z.string() }).nullable(),
    /** Where mail programs sign in; null where SMTP_GATEWAY is not set. */
    smtp: z
      .object({
        host: z.string(),
        port: z.int(),
        tls: z.enum(["implicit", "starttls", "none"]),
      })
      .nullable(),
  }),
);

const read = endpoint({
  method: "GET",
  path: "/account",
  summary: "Show the settings of the account",
  scope: "read",
  request: {},
  response: { 200: accountView },
  async handle(app) {
    return ok(one(await view(app, await readAccount(app.db))));
  },
});

const change = endpoint({
  method: "PATCH",
  path: "/account",
  summary: "Change settings; what is older than the retention is deleted for good",
  scope: "manage",
  request: { body: settings },
  response: { 200: accountView },
  traced: (body) =>
    Object.entries(body)
      .map(([name, value]) => `${name}=${value}`)
      .join(" "),
  async handle(app, { body }) {
    const { localDev } = app.config;
    if (body.plan === "local" && !localDev) {
      return fail(invalidField("plan", "local is the plan of `npm start`; choose another one"));
    }
    const changed = await changeAccount(app.db, {
      retentionDays: body.retention_days ?? null,
      contentRetentionDays: body.content_retention_days ?? null,
      softBounceCount: body.soft_bounce_count ?? null,
      softBounceDays: body.soft_bounce_days ?? null,
      plan: body.plan ?? null,
    });
    if (!changed) {
      return fail(invalidField("content_retention_days", "must not be above retention_days"));
    }
    forgetPlan();
    return ok(one(await view(app, changed)));
  },
});

/** The operations of /v1/account. */
export const accountEndpoints = [read, change];

async function view({ config, db }: App, account: Account) {
  const plan = planOf(account.plan, config.localDev);
  return {
    sid: await sidOf(config.encryptionKey),
    org_id: await orgIdOf(config.encryptionKey),
    retention_days: account.retentionDays,
    content_retention_days: account.contentRetentionDays,
    soft_bounce_count: account.softBounces.count,
    soft_bounce_days: account.softBounces.days,
    plan: plan.name,
    limits: {
      attachment_bytes: plan.attachmentBytes,
      recipients: plan.recipients,
      per_second: plan.perSecond,
      burst: plan.burst,
      daily: plan.daily,
    },
    default_sender: await findDefaultSender(db, null),
    smtp: config.smtpGateway,
  };
}
