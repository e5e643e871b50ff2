// What a leg of the benchmark is, and what it hands back. Types only.
import type { Ground } from "./ground.ts";

/** One measurement with its correctness gate. */
export type Leg = {
  readonly name: string;
  /** What its last line is about: a goal's number, or its own name. */
  readonly goal: number | string;
  /** All goals that it measures; `--only` takes these too. */
  readonly goals: readonly (number | string)[];
  /** Runs it; `line` prints one JSON line at once. */
  readonly run: (ground: Ground, line: (content: object) => void) => Promise<LegResult>;
};

/** What a leg came to. */
export type LegResult = {
  /** Its last line. `ratio` is the first figure of the goal. */
  readonly end: LegEnd;
  /** The last lines about its other goals, for `--only` with their numbers. */
  readonly others?: readonly LegEnd[];
  readonly figures: readonly Figure[];
};

/** The last line of a leg; `gate` is true when everything that was counted is correct. */
export type LegEnd = {
  readonly goal: number | string;
  readonly ratio: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly rounds: number;
  readonly gate: boolean;
};

/** One row of the table. */
export type Figure = {
  /** The goal's number, or the name of a leg that has none. */
  readonly number: string;
  readonly what: string;
  readonly measured: string;
  readonly range: string;
  readonly n: string;
  readonly verdict: string;
};
