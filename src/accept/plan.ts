// Which plan the account is on, remembered for a short while, so that an accept costs one D1 round trip.
import type { App } from "../app.ts";
import { ttlCache } from "../lib/ttl-cache.ts";
import type { Account } from "../model/account.ts";
import { type Plan, planOf } from "../model/plan.ts";
import { readAccount } from "../store/account.ts";

/** A changed plan holds everywhere within 30 s, by the time of a slow read. */
const PLAN_TTL_MS = 25_000;

const accounts = ttlCache<Account>({ ttlMs: PLAN_TTL_MS, maxEntries: 1 });

/** The plan that the account is on. */
export async function accountPlan(app: App): Promise<Plan> {
  const { plan } = await accounts.get("account", app.now(), () => readAccount(app.db));
  return planOf(plan, app.config.localDev);
}

/** Makes a plan that was just changed hold at once, here. */
export function forgetPlan(): void {
  accounts.delete("account");
}
