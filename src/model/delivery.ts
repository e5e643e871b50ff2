// The life of one recipient's delivery: its states, which may follow which, and its history.
import type { ReportKind } from "./report.ts";

/** Every state of a delivery. */
export const DELIVERY_STATES = [
  "queued",
  "sending",
  "deferred",
  "delivered",
  "bounced",
  "expired",
  "suppressed",
  "cancelled",
  "held",
] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** The only legal moves. Guarded in SQL by what each statement asks for; a test walks every pair. */
export const TRANSITIONS: Readonly<Record<DeliveryState, readonly DeliveryState[]>> = {
  // queued or deferred → delivered: a relay said 250 to a run that had given its lease back.
  // → suppressed: a suppression was committed after the accept; seen when the lease is asked for.
  // → held: after a restore, because it may have left since the copy was made.
  queued: ["sending", "cancelled", "delivered", "suppressed", "held"],
  // sending → sending: an expired lease is taken over. → queued or deferred: given back unstarted.
  // → cancelled: its lease expired, and its address is being erased.
  sending: [
    "sending",
    "queued",
    "delivered",
    "deferred",
    "bounced",
    "expired",
    "held",
    "suppressed",
    "cancelled",
  ],
  deferred: ["sending", "cancelled", "delivered", "suppressed", "held"],
  // A late bounce: the relay accepted, a later server refused.
  delivered: ["bounced"],
  bounced: [],
  expired: [],
  suppressed: [],
  cancelled: [],
  held: [],
};

/** States that nothing leaves by itself. */
export const TERMINAL_STATES = [
  "delivered",
  "bounced",
  "expired",
  "suppressed",
  "cancelled",
  "held",
] as const satisfies readonly DeliveryState[];

/** Whether a delivery may go from one state to another. */
export function mayFollow(from: DeliveryState, to: DeliveryState): boolean {
  return TRANSITIONS[from].includes(to);
}

/** One attempt in a delivery's history, oldest first. Wire keys: contract decision 19. */
export type Attempt = {
  /** Epoch milliseconds. */
  readonly at: number;
  /** The relay's host as configured, "" when the process died before it was recorded. */
  readonly relay: string;
  /** `unknown`: the content may have reached the relay, but no reply was recorded. */
  readonly result: "success" | "failure" | "deferral" | "unknown";
  /** Bounce code of 3.7, null for a success. */
  readonly code: number | null;
  /** The relay's words, one line; for a failure without a reply, what happened. */
  readonly reply: string;
  readonly tls: boolean | null;
  /** Position of the event log row that names this attempt, null when there is none. */
  readonly log: number | null;
};

/** One thing that happened after an attempt, oldest first; the event log holds the rest of it. */
export type Activity = ReaderTrace | ReportTrace;

/** What the reader did, or that it waited for room (connmaxout). */
export type ReaderTrace = {
  /** The event's id: the same fact twice stands here once. */
  readonly id: string;
  readonly kind: "open" | "click" | "unsubscribe" | "connmaxout";
  /** Epoch milliseconds. */
  readonly at: number;
  /** Not a person. */
  readonly machine: boolean;
  /** Which link of the message was clicked. */
  readonly index?: number;
  /** Position of the event log row that names this. */
  readonly log: number | null;
};

/** What others said later (model/report.ts); one of each kind at most. */
export type ReportTrace = {
  readonly id: string;
  readonly kind: ReportKind;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Bounce code of 3.7; null when nothing bounced. */
  readonly code: number | null;
  /** What was said, one line. */
  readonly reply: string;
  /** Position of the event log row that names this; null when no event tells it. */
  readonly log: number | null;
};

/** Whether others said it, not the reader. */
export function isReport(activity: Activity): activity is ReportTrace {
  return "reply" in activity;
}

/** A delivery's row stays small: what is read more often than this is not recorded any more. Reports always are. */
export const MAX_ACTIVITY = 500;

/** The queue lifetime: after this a deferred delivery expires (decision 10). */
export const QUEUE_LIFETIME_MS = 72 * 60 * 60 * 1000;
