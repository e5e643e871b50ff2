// GET /v1/account/limits: what this key may still send, and whether the account is slowed down (F-018…F-020).
import * as z from "zod";
import { PLAN_NAMES } from "../../model/plan.ts";
import { ok } from "../../lib/result.ts";
import { percentOf } from "../../model/pace.ts";
import { endpoint } from "../endpoint.ts";
import { accountPlan } from "../plan.ts";
import { dataOf, one } from "./native.ts";

const limitsView = z.object({
  plan: z.enum(PLAN_NAMES),
  pace: z.object({ percent: z.number(), reason: z.string().nullable() }).nullable(),
  limits: z.array(
    z.object({
      name: z.string(),
      recipients: z.int(),
      window_seconds: z.int(),
      remaining: z.int().nullable(),
      reset_seconds: z.int().nullable(),
    }),
  ),
});

const read = endpoint({
  method: "GET",
  path: "/account/limits",
  summary: "Show what is left of each limit of this key, and the pace of the account",
  scope: "read",
  request: {},
  response: { 200: dataOf(limitsView) },
  async handle(app, { key }) {
    const plan = await accountPlan(app);
    const [standings, pace] = await Promise.all([
      app.quota.standing({ plan, key }),
      app.quota.pace(),
    ]);
    return ok(
      one({
        plan: plan.name,
        pace: pace && { percent: percentOf(pace.factor), reason: pace.trouble },
        limits: standings.map((limit) => ({
          name: limit.name,
          recipients: limit.quota,
          window_seconds: limit.windowSeconds,
          remaining: limit.remaining,
          reset_seconds: limit.resetSeconds,
        })),
      }),
    );
  },
});

/** The operation that shows the limits. */
export const limitEndpoints = [read];
