// What paces the mail of a pool to a group of recipient domains (D-09): the settings that people make, and the
// names of groups. The arithmetic is deliver/throttle.ts. Pure.
import { domainGroup, GROUP_NAMES } from "./domain-group.ts";

/** Every domain that no provider's group has: they are paced together. */
export const OTHER_GROUP = "other";

/** All groups that mail is paced by. */
export const THROTTLE_GROUPS: readonly string[] = [...GROUP_NAMES, OTHER_GROUP];

/** The group whose pace a recipient domain (A-labels, lower case) has. */
export function throttleGroup(domain: string): string {
  const group = domainGroup(domain);
  return group === domain ? OTHER_GROUP : group;
}

/** How mail is paced. */
export type ThrottleSettings = {
  /** Connections at once, of both lanes together. */
  readonly connections: number;
  /** Messages an hour, or null. */
  readonly perHour: number | null;
  /** Slows down by itself when the other side asks for it. */
  readonly adaptive: boolean;
  /** A daily limit that grows from 50 while all goes well. */
  readonly warmUp: boolean;
};

/** What a new pool has, the local one included. */
export const DEFAULT_THROTTLE: ThrottleSettings = {
  connections: 4,
  perHour: null,
  adaptive: true,
  warmUp: false,
};

export const MAX_CONNECTIONS = 100;
export const MAX_PER_HOUR = 10_000_000;

/** The settings of a whole pool stand under this name. */
export const ALL_GROUPS = "*";

/** What somebody set; what is left out is the pool's, or the default. */
export type ThrottleChange = {
  readonly poolId: string;
  readonly group: string;
  readonly settings: Partial<ThrottleSettings>;
};

/** The settings that hold for a group of a pool. */
export function settingsFor(
  changes: readonly ThrottleChange[],
  poolId: string,
  group: string,
): ThrottleSettings {
  const of = (name: string) =>
    changes.find((one) => one.poolId === poolId && one.group === name)?.settings ?? {};
  return { ...DEFAULT_THROTTLE, ...of(ALL_GROUPS), ...of(group) };
}

/** Why mail waits though a relay would take it. */
export type FullReason = "connections" | "hour" | "day" | "pace";

/** The words of an attempt that was not made (contract 3, connmaxout). */
export const FULL_TEXTS: Readonly<Record<FullReason, string>> = {
  connections: "All connection backlog slots full due to max concurrent connections.",
  hour: "All connection backlog slots full due to max delivery attempts per hour.",
  day: "All connection backlog slots full due to max delivery attempts per day (warm-up).",
  pace: "All connection backlog slots full due to a pace that was slowed down.",
};
