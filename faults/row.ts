// What a row of the fault matrix is (reliability design, 7.2), and what it hands back. Types only.
import type { Ground } from "../test/node/faults/ground.ts";
import type { Edit } from "../test/node/faults/world.ts";
import type { Account } from "./account.ts";

/** One row of the matrix. */
export type Row = {
  /** F01 … F30, or a name of its own. */
  readonly id: string;
  /** What goes wrong, in a few words. */
  readonly fault: string;
  /** Left out of `--quick`: it takes minutes. */
  readonly slow?: true;
  readonly run: (stand: Stand) => Promise<Outcome>;
};

/** What a row stands on. */
export type Stand = {
  readonly ground: Ground;
  /** The volumes of CI, or those of the full run. */
  readonly quick: boolean;
  /** A bug that was planted into the Worker; null: none. Goes beside the row's own edits. */
  readonly planted: Edit | null;
  /** Prints where the row is. */
  readonly tell: (progress: string) => void;
};

/** What a row came to. */
export type Outcome = {
  /** How much was tried: "600 recipients, 10 kills". */
  readonly n: string;
  /** What was measured, in words; "" when the account says it all. */
  readonly figures: string;
  /** Why the goal is missed, in words; none: it is reached. */
  readonly breaches: readonly string[];
  readonly account: Account;
  readonly kills: number;
  /** From each kill to the next attempt of each delivery that it interrupted, in seconds. */
  readonly recovery: readonly number[];
};
