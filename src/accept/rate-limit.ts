// The limits of a sender as header fields: RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-
// headers-10), and the older X-RateLimit fields for the limit that is nearest. A unit is one recipient.
import type { App } from "../app.ts";
import type { Standing } from "../check/standing.ts";
import { reasonOf } from "../lib/log.ts";
import type { Key } from "../model/key.ts";
import type { AnswerHeaders } from "./endpoint.ts";
import { accountPlan } from "./plan.ts";

/** The limits of a key as header fields; none when not even the plan can be read. */
export async function limitHeaders(app: App, key: Key): Promise<AnswerHeaders> {
  try {
    return rateLimitHeaders(await app.quota.standing({ plan: await accountPlan(app), key }));
  } catch (error) {
    app.log("warn", "limits_unknown", { reason: reasonOf(error) });
    return {};
  }
}

/** The fields of an answer; of what nobody knows only the policy. */
export function rateLimitHeaders(standings: readonly Standing[]): AnswerHeaders {
  const policy = standings.map(({ name, quota, windowSeconds }) => {
    return `"${name}";q=${quota};w=${windowSeconds}`;
  });
  const known = standings.flatMap(({ remaining, resetSeconds, ...rest }) => {
    return remaining === null || resetSeconds === null
      ? []
      : [{ ...rest, remaining, resetSeconds }];
  });
  const headers = { "RateLimit-Policy": policy.join(", ") };
  const [nearest] = known.toSorted((a, b) => a.remaining - b.remaining);
  if (!nearest) return headers;
  const left = known.map(({ name, remaining, resetSeconds }) => {
    return `"${name}";r=${remaining};t=${resetSeconds}`;
  });
  return {
    ...headers,
    RateLimit: left.join(", "),
    "X-RateLimit-Limit": String(nearest.quota),
    "X-RateLimit-Remaining": String(nearest.remaining),
    "X-RateLimit-Reset": String(nearest.resetSeconds),
  };
}
