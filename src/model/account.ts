// The settings of the account that this deployment belongs to.

/** How long things are kept, in days of 24 h, counted from the last delivery's terminal state (C-24). */
export type Account = {
  /** Messages, deliveries and events. */
  readonly retentionDays: number;
  /** What a message was made from; never longer than the rest. */
  readonly contentRetentionDays: number;
};

/** Bounds of `retention_days` (decision 18). */
export const MIN_RETENTION_DAYS = 7;
export const MAX_RETENTION_DAYS = 730;

/** At least as old as contents must be before orphans among them are collected. */
export const MIN_CONTENT_RETENTION_DAYS = 1;

/** What holds until somebody changes it (F-012). */
export const DEFAULT_ACCOUNT: Account = { retentionDays: 60, contentRetentionDays: 7 };
