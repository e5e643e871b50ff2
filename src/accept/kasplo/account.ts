// /v1/account: how long things are kept (F-012, F-013, C-24).
import * as z from "zod";
import { fail, ok } from "../../lib/result.ts";
import {
  type Account,
  MAX_RETENTION_DAYS,
  MIN_CONTENT_RETENTION_DAYS,
  MIN_RETENTION_DAYS,
} from "../../model/account.ts";
import { invalidField } from "../../model/problem.ts";
import { changeAccount, readAccount } from "../../store/account.ts";
import { endpoint } from "../endpoint.ts";
import { one } from "./native.ts";

function days(least: number) {
  const reason = `must be a whole number from ${least} to ${MAX_RETENTION_DAYS}`;
  return z.number(reason).int(reason).min(least, reason).max(MAX_RETENTION_DAYS, reason);
}

const settings = z.object({
  retention_days: days(MIN_RETENTION_DAYS).optional(),
  content_retention_days: days(MIN_CONTENT_RETENTION_DAYS).optional(),
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
  summary: "Change how long messages and their content are kept; what is older is deleted for good",
  scope: "manage",
  request: { body: settings },
  async handle(app, { body }) {
    const changed = await changeAccount(app.db, {
      retentionDays: body.retention_days ?? null,
      contentRetentionDays: body.content_retention_days ?? null,
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
  };
}
