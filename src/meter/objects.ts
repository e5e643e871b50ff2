// Durable Objects with their requests counted, by those who call them.
import type { AdmitWorld } from "../check/admit.ts";
import type { ThrottleAsk, ThrottleGrant, ThrottleView } from "../deliver/throttle.ts";
import type { ThrottleSettings } from "../model/throttle.ts";
import type { Meter } from "./meter.ts";

type QuotaObject = Pick<AdmitWorld, "lease" | "observe" | "pace">;

/** The object of the quota, counted; what it writes follows from what it answers. */
export function meteredQuota(object: () => QuotaObject, meter: Meter): QuotaObject {
  const called = (): QuotaObject => {
    meter.count("object_requests");
    return object();
  };
  return {
    async lease(ask) {
      const grant = await called().lease(ask);
      // A row for each bucket that something was taken from.
      const leased = grant.asked + grant.surplus > 0;
      meter.count("object_rows_written", leased ? 1 + ask.others.length : 0);
      return grant;
    },
    async observe(news) {
      const pace = await called().observe(news);
      meter.count("object_rows_written");
      return pace;
    },
    pace: () => called().pace(),
  };
}

/** Where mail is paced: a pool, and a group of recipient domains. */
type PacePlace = { readonly poolId: string; readonly group: string };

/** What is asked of the object of a place. Times are epoch milliseconds. */
type PaceObject = {
  readonly lease: (
    settings: ThrottleSettings,
    ask: ThrottleAsk,
    now: number,
  ) => Promise<ThrottleGrant>;
  readonly end: (
    settings: ThrottleSettings,
    run: Pick<ThrottleAsk, "id" | "unspent" | "outcomes">,
    now: number,
  ) => Promise<void>;
  readonly view: (settings: ThrottleSettings, now: number) => Promise<ThrottleView>;
  readonly reset: () => Promise<void>;
};

type AtPlace<Call> = Call extends (...args: infer Args) => infer Answer
  ? (place: PacePlace, ...args: Args) => Answer
  : never;

/** The paces of all places. */
export type PaceDoor = { readonly [Name in keyof PaceObject]: AtPlace<PaceObject[Name]> };

/** The objects of all places, counted; each call but a look writes one row. */
export function meteredPace(object: (place: PacePlace) => PaceObject, meter: Meter): PaceDoor {
  const at = (place: PacePlace, rowsWritten: number): PaceObject => {
    meter.count("object_requests");
    meter.count("object_rows_written", rowsWritten);
    return object(place);
  };
  return {
    lease: (place, ...rest) => at(place, 1).lease(...rest),
    end: (place, ...rest) => at(place, 1).end(...rest),
    view: (place, ...rest) => at(place, 0).view(...rest),
    reset: (place) => at(place, 1).reset(),
  };
}
