// Durable Objects with their requests counted, by those who call them.
import type { AdmitWorld } from "../check/admit.ts";
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
