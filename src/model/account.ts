// The settings of the account that this deployment belongs to.
import type { PlanName } from "./plan.ts";
import type { SoftBounceRule } from "./soft-bounce.ts";

/**
 * How long things are kept, in days of 24 h, counted from the last delivery's terminal state (C-24), and
 * what makes an address a bad one, and the plan.
 */
export type Account = {
  /** Messages, deliveries and events. */
  readonly retentionDays: number;
  /** What a message was made from; never longer than the rest. */
  readonly contentRetentionDays: number;
  readonly softBounces: SoftBounceRule;
  /** null until somebody chose one: model/plan.ts says which holds then. */
  readonly plan: PlanName | null;
};

/** Bounds of `retention_days` (decision 18). */
export const MIN_RETENTION_DAYS = 7;
export const MAX_RETENTION_DAYS = 730;

/** At least as old as contents must be before orphans among them are collected. */
export const MIN_CONTENT_RETENTION_DAYS = 1;

/** What holds until somebody changes it (F-012, 1.9.3). */
export const DEFAULT_ACCOUNT: Account = {
  retentionDays: 60,
  contentRetentionDays: 7,
  softBounces: { count: 3, days: 3 },
  plan: null,
};
