// Named crash points for the fault tests. Production builds define FAULT_BARRIERS as false, so the
// body is compiled away; a test looks for it in the bundle.

declare const FAULT_BARRIERS: boolean;

/** Where the fault harness listens; it answers a request by killing this process. */
export type BarrierPlan = { readonly url: string; readonly at: string };

/**
 * Stops here for ever when the plan names this point. Never resolves and never throws then: a throw
 * would run catch and finally, which a killed process does not.
 */
export async function barrier(plan: BarrierPlan | null, name: string): Promise<void> {
  if (!FAULT_BARRIERS) return;
  if (plan?.at !== name) return;
  await fetch(`${plan.url}/${name}`, { method: "POST" }).catch(() => undefined);
  await new Promise<never>(() => undefined);
}
