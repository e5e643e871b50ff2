// The live feed: what somebody who watches asked for, and where in the log they are.
import type { EventCursor } from "./event.ts";
import type { EventFilter } from "./event-filter.ts";

/** Events told to whoever comes without a cursor (decision D-21). */
export const LATEST_EVENTS = 200;

/** A cursor older than this starts anew: nobody scrolls through what a night brought. */
export const MAX_BEHIND_MS = 60 * 60 * 1000;

/** Who watches at the same time: each is told every event by one object. */
export const MAX_WATCHERS = 100;

/** What somebody asked to watch. */
export type LiveAsk = {
  readonly filter: EventFilter;
  /** Where they were before; null the first time. */
  readonly cursor: EventCursor | null;
  /** The key that they showed, or the session they are signed in with: when it is no longer good, the feed ends. */
  readonly keyId: string;
};

/** A place in the log: everything up to `after` was told, and of the row at `after` + 1 the first `skip` events. */
export type Standing = { readonly after: number; readonly skip: number };

/** Some events as they are told: `reset` means that what was told before is to be forgotten. */
export type Frame = {
  readonly reset: boolean;
  /** Where to go on after these: `cursor` of the next connection, and of /v1/events with order=asc. */
  readonly cursor: string;
  /** Each event in JSON, oldest first. */
  readonly events: readonly string[];
};

/** A frame as it is written; one that asks is to be answered before there is another. */
export function frameText({ reset, cursor, events }: Frame, asks: boolean): string {
  const ask = asks ? '"ask":true,' : "";
  return `{"reset":${reset},${ask}"cursor":"${cursor}","data":[${events.join(",")}]}`;
}

/** Where to go on from a cursor; null when it is too old to, or of no time that has been. */
export function resumed(cursor: EventCursor | null, now: number): Standing | null {
  if (!cursor) return null;
  const time = cursor.position / 1000;
  // Positions that were crowded in one millisecond may be a little ahead of the clock.
  if (time < now - MAX_BEHIND_MS || time > now + MAX_AHEAD_MS) return null;
  return { after: cursor.position - 1, skip: cursor.index };
}

const MAX_AHEAD_MS = 60_000;
