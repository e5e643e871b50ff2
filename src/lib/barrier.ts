// Named crash points for the fault tests. Production builds define FAULT_BARRIERS as false, so nobody
// calls stopAt and it is left out of the bundle; a test looks for it there.

declare const FAULT_BARRIERS: boolean;

/** Where the fault harness listens; it answers a request by killing this process. */
export type BarrierPlan = { readonly url: string; readonly at: string };

/**
 * Stops here for ever when the plan names this point. Never resolves and never throws then: a throw
 * would run catch and finally, which a killed process does not.
 */
export async function barrier(plan: BarrierPlan | null, name: string): Promise<void> {
  if (FAULT_BARRIERS && plan?.at === name) await stopAt(plan.url, name);
}

/** A function of its own: bundlers leave out what only dead code calls, but may keep dead code. */
async function stopAt(url: string, name: string): Promise<never> {
  await fetch(`${url}/${name}`, { method: "POST" }).catch(() => undefined);
  return new Promise<never>(() => undefined);
}
