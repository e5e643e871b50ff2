// What is kept of the pace of one pool to one group of recipient domains. Types, and what nothing is known of.
import type { MailClass } from "../model/message.ts";
import type { WarmUp } from "./warm-up.ts";

/** What became of attempts. */
export type Outcomes = {
  readonly attempts: number;
  readonly deferred: number;
  readonly bounced: number;
  /** Replies that ask to slow down: 421, or an enhanced code 4.7.x. */
  readonly throttled: number;
};

/** Something counted by the minute in which it was. */
export type Minute<T> = readonly [minute: number, value: T];

/** A lease of a run. */
export type Lease = {
  readonly id: string;
  readonly lane: MailClass;
  readonly slots: number;
  readonly until: number;
};

/** All that is kept of a pace. */
export type Throttle = {
  readonly leases: readonly Lease[];
  /** Messages that were leased and not given back, of the last hour. */
  readonly granted: readonly Minute<number>[];
  readonly outcomes: readonly Minute<Outcomes>[];
  /** 1 is what the settings say. */
  readonly factor: number;
  /** When the factor or the trouble was seen last. */
  readonly judgedAt: number;
  readonly slowedAt: number | null;
  /** Messages a minute before it slowed down. */
  readonly base: number | null;
  readonly reason: string | null;
  readonly warmUp: WarmUp | null;
};

/** A pace of which nothing is known. */
export const NEW_THROTTLE: Throttle = {
  leases: [],
  granted: [],
  outcomes: [],
  factor: 1,
  judgedAt: 0,
  slowedAt: null,
  base: null,
  reason: null,
  warmUp: null,
};
