// Credits (F-017): one for each recipient that is not suppressed. They are counted only once somebody has
// granted some, and the ledger of what changed them is the only place that tells how many are left.

/** Why the balance changed. */
export type CreditChange =
  | "granted"
  /** Taken for a message, in the transaction that accepted it. */
  | "charged"
  /** Given back for recipients that a suppression stopped before the first attempt. */
  | "refunded"
  /** Not counted any more. */
  | "unlimited";

/** One row of the ledger. */
export type CreditEntry = {
  /** Always growing; milliseconds since the epoch × 1000 + n. */
  readonly position: number;
  readonly kind: CreditChange;
  /** What it added to the balance; negative when credits were taken. */
  readonly amount: number;
  /** Afterwards; null from where credits are not counted. */
  readonly balance: number | null;
  /** What was charged or refunded. */
  readonly messageId: string | null;
  /** The API key that granted. */
  readonly keyId: string | null;
  readonly reason: string | null;
};

/** The most that is granted or taken away at once, and that a balance holds: far below where numbers get inexact. */
export const MAX_CREDITS = 1_000_000_000;
