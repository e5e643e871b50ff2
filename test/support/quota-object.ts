// The account's object under a name of the test's own, so that no test spends another's tokens.
import { env } from "cloudflare:workers";
import type { AdmitWorld } from "../../src/check/admit.ts";

/** What admitting asks of it. A stub of an instance that died is dead too: each call takes a new one. */
export function quotaObject(
  name: string = crypto.randomUUID(),
): Pick<AdmitWorld, "lease" | "observe" | "pace"> {
  const stub = () => env.QUOTA.getByName(name);
  return {
    lease: (ask) => stub().lease(ask),
    observe: (news) => stub().observe(news),
    pace: () => stub().pace(),
  };
}
