// /v1/account: how long things are kept (F-012, F-013, C-24), and how many soft bounces make an address a
// bad one (1.9.3).
import * as z from "zod";
import { fail, ok } from "../../lib/result.ts";
import {
  type Account,
  MAX_RETENTION_DAYS,
  MIN_CONTENT_RETENTION_DAYS,
  MIN_RETENTION_DAYS,
} from "../../model/account.ts";
import { invalidField } from "../../model/problem.ts";
import { MAX_SOFT_BOUNCE_COUNT, MAX_SOFT_BOUNCE_DAYS } from "../../model/soft-bounce.ts";
import { changeAccount, readAccount } from "../../store/account.ts";
import { endpoint } from "../endpoint.ts";
import { one } from "./native.ts";

function whole(least: number, most: number) {
  const reason = `must be a whole number from ${least} to ${most}`;
  return z.number(reason).int(reason).min(least, reason).max(most, reason);
}

const settings = z.object({
  retention_days: whole(MIN_RETENTION_DAYS, MAX_RETENTION_DAYS).optional(),
  content_retention_days: whole(MIN_CONTENT_RETENTION_DAYS, MAX_RETENTION_DAYS).optional(),
  soft_bounce_count: whole(0, MAX_SOFT_BOUNCE_COUNT).optional(),
  soft_bounce_days: whole(0, MAX_SOFT_BOUNCE_DAYS).optional(),
});

const read = endpoint({
  method: "GET",
  path: "/account",
  summary: "Show the settings of the account",
  scope: "read",
  request: {},
  async handle(app) {
    return ok(one(view(await readAccount(app.db))));
  },
});

const change = endpoint({
  method: "PATCH",
  path: "/account",
  summary: "Change settings; what is older than the retention is deleted for good",
  scope: "manage",
  request: { body: settings },
  async handle(app, { body }) {
    const changed = await changeAccount(app.db, {
      retentionDays: body.retention_days ?? null,
      contentRetentionDays: body.content_retention_days ?? null,
      softBounceCount: body.soft_bounce_count ?? null,
      softBounceDays: body.soft_bounce_days ?? null,
    });
    if (changed) return ok(one(view(changed)));
    return fail(invalidField("content_retention_days", "must not be above retention_days"));
  },
});

/** The operations of /v1/account. */
export const accountEndpoints = [read, change];

function view(account: Account) {
  return {
    retention_days: account.retentionDays,
    content_retention_days: account.contentRetentionDays,
    soft_bounce_count: account.softBounces.count,
    soft_bounce_days: account.softBounces.days,
  };
}
