// The pace of one run: no delivery is attempted without a slot of its pool and its group of recipient domains.
// Slots and messages are leased from the object of both, many at a time, and given back at the end.
import type { App } from "../app.ts";
import { NO_OUTCOMES, summed } from "../deliver/slow-down.ts";
import { LEASE_MS, SLOT_RETRY_MS, type ThrottleGrant } from "../deliver/throttle.ts";
import type { Outcomes } from "../deliver/throttle-state.ts";
import { reasonOf } from "../lib/log.ts";
import type { MailClass } from "../model/message.ts";
import {
  type FullReason,
  settingsFor,
  type ThrottleChange,
  type ThrottleSettings,
} from "../model/throttle.ts";
import { MAX_WORKERS } from "./crew.ts";

/** A lease is renewed when it has less left than this. */
const RENEW_MS = 8_000;

/** The object answers in milliseconds; its restart takes seconds at most. */
const DEADLINE_MS = 3_000;

/** Messages that a run asks for where they are limited. */
const MESSAGES = 100;

/**
 * An object that cannot be reached must not stop mail, and nobody may send without limits meanwhile: one connection,
 * and as many messages in a lease's time as a small relay takes.
 */
const WITHOUT_OBJECT = { slots: 1, messages: 20 } as const;

/** What is paced together. */
export type Place = { readonly poolId: string; readonly group: string };

/** The right to attempt; an attempt that follows over the same connection may share it. */
export type Slot = {
  readonly place: Place;
  /** For another attempt over the same connection, if there is a message left for it. */
  readonly share: () => boolean;
  /** An attempt is over; without outcomes it was none, and its message is given back. */
  readonly leave: (outcomes: Outcomes | null) => void;
};

/** What asking for a slot came to. */
export type Entry =
  | { readonly kind: "slot"; readonly slot: Slot }
  /** All of the run's own slots are in use just now. */
  | { readonly kind: "busy" }
  | { readonly kind: "full"; readonly reason: FullReason; readonly until: number };

/** The slots of one run. */
export type Gate = {
  /** Asks for a slot. */
  readonly enter: (place: Place, lane: MailClass) => Promise<Entry>;
  /** Gives everything back. */
  readonly close: () => Promise<void>;
};

type Full = Extract<ThrottleGrant, { kind: "full" }>;

/** One place's lease, and who uses it. */
type Door = {
  readonly place: Place;
  readonly settings: ThrottleSettings;
  slots: number;
  messages: number | null;
  until: number;
  inUse: number;
  outcomes: Outcomes;
  full: Full | null;
  /** The object could not be reached: what it has is not leased. */
  blind: boolean;
  /** How many were told to wait in this run. */
  waiting: number;
  asking: Promise<void> | null;
};

/** The gate of a run. Its lease has an id of its own: two runs never share one. */
export function gate(app: App, changes: readonly ThrottleChange[]): Gate {
  const id = app.newId();
  const doors = new Map<string, Door>();

  function doorOf(place: Place): Door {
    const key = `${place.poolId} ${place.group}`;
    const known = doors.get(key);
    if (known) return known;
    const door: Door = {
      place,
      settings: settingsFor(changes, place.poolId, place.group),
      slots: 0,
      messages: 0,
      until: 0,
      inUse: 0,
      outcomes: NO_OUTCOMES,
      full: null,
      blind: false,
      waiting: 0,
      asking: null,
    };
    doors.set(key, door);
    return door;
  }

  async function ask(door: Door, lane: MailClass): Promise<void> {
    const { outcomes, messages } = door;
    door.outcomes = NO_OUTCOMES;
    const now = app.now();
    const wish = { id, lane, slots: MAX_WORKERS, messages: MESSAGES, unspent: messages ?? 0 };
    try {
      const asked = { ...wish, outcomes };
      const grant = await inTime(app.throttle.lease(door.place, door.settings, asked, now));
      door.full = grant.kind === "full" ? grant : null;
      door.blind = false;
      door.slots = grant.kind === "full" ? 0 : grant.slots;
      door.messages = grant.kind === "full" ? 0 : grant.messages;
      door.until = grant.until;
    } catch (error) {
      app.log("error", "throttle_unreachable", { ...door.place, reason: reasonOf(error) });
      door.outcomes = summed(outcomes, door.outcomes);
      door.full = null;
      door.blind = true;
      Object.assign(door, WITHOUT_OBJECT);
      door.until = now + LEASE_MS;
    }
  }

  /** Whether the lease must be asked for anew: it is used up or soon over, and nobody said to wait. */
  function isStale(door: Door): boolean {
    const now = app.now();
    if (door.full) return now >= door.full.until;
    if (door.blind) return now >= door.until;
    return now >= door.until - RENEW_MS || door.messages === 0;
  }

  function slotOf(door: Door): Slot {
    let users = 1;
    spend(door);
    return {
      place: door.place,
      share() {
        if (isStale(door) || door.messages === 0) return false;
        users += 1;
        spend(door);
        return true;
      },
      leave(outcomes) {
        if (outcomes) door.outcomes = summed(door.outcomes, outcomes);
        else if (door.messages !== null) door.messages += 1;
        users -= 1;
        if (users === 0) door.inUse -= 1;
      },
    };
  }

  return {
    async enter(place, lane) {
      const door = doorOf(place);
      if (isStale(door)) {
        door.asking ??= ask(door, lane).finally(() => {
          door.asking = null;
        });
        await door.asking;
      }
      const full = door.full ?? (door.messages === 0 ? blindlyFull(door) : null);
      if (full) return { kind: "full", ...waitOf(app, door, full) };
      if (door.inUse >= door.slots) return { kind: "busy" };
      door.inUse += 1;
      return { kind: "slot", slot: slotOf(door) };
    },
    async close() {
      const now = app.now();
      // Who was told to wait has nothing; what became of attempts is told all the same.
      const leased = [...doors.values()].filter(
        ({ full, outcomes }) => !full || outcomes.attempts > 0,
      );
      const ending = leased.map(({ place, settings, messages, outcomes, blind }) => {
        const unspent = blind ? 0 : (messages ?? 0);
        return inTime(app.throttle.end(place, settings, { id, unspent, outcomes }, now));
      });
      for (const ended of await Promise.allSettled(ending)) {
        if (ended.status === "fulfilled") continue;
        // What it had is free again when its lease is over.
        app.log("warn", "throttle_not_ended", { reason: reasonOf(ended.reason) });
      }
    },
  };
}

/** The answer of an object, if it comes in time. */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer in time")), DEADLINE_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function blindlyFull({ until }: Door): Full {
  return { kind: "full", reason: "pace", until, spacing: 0 };
}

function spend(door: Door): void {
  if (door.messages !== null) door.messages -= 1;
}

/** Nobody waits longer for a turn than this: limits grow and others leave, so it looks again. */
const MAX_TURN_MS = 4 * 60 * 60 * 1000;

/** Until when one more waits: one after the other, so that they do not come back as a herd. */
function waitOf(app: App, door: Door, { reason, until, spacing }: Full) {
  door.waiting += 1;
  const after = door.waiting * spacing;
  const turn =
    Math.max(until, app.now() + 1) + (after > MAX_TURN_MS ? app.random() * MAX_TURN_MS : after);
  return { reason, until: Math.ceil(turn + app.random() * SLOT_RETRY_MS) };
}
