// The object of one pool and one group of recipient domains: it leases connections and messages to the runs of
// both lanes. A thin shell: the arithmetic is in throttle.ts.
import { DurableObject } from "cloudflare:workers";
import type { Env } from "../app.ts";
import type { ThrottleSettings } from "../model/throttle.ts";
import {
  ended,
  lease,
  type ThrottleAsk,
  type ThrottleGrant,
  type ThrottleView,
  viewOf,
} from "./throttle.ts";
import { NEW_THROTTLE, type Throttle } from "./throttle-state.ts";

const KEY = "throttle";

/** Keeps the pace. */
export class Pace extends DurableObject<Env> {
  /**
   * Leases what there is. Nothing is awaited between reading and writing, and the platform holds the answer
   * back until what was written is durable: a lease that anybody has seen is never forgotten.
   */
  lease(settings: ThrottleSettings, ask: ThrottleAsk, now: number): ThrottleGrant {
    const { throttle, grant } = lease(this.#kept(), settings, ask, now);
    this.ctx.storage.kv.put(KEY, throttle);
    return grant;
  }

  /** Ends the lease of a run. */
  end(
    settings: ThrottleSettings,
    run: Pick<ThrottleAsk, "id" | "unspent" | "outcomes">,
    now: number,
  ): void {
    this.ctx.storage.kv.put(KEY, ended(this.#kept(), settings, run, now));
  }

  /** How it stands. */
  view(settings: ThrottleSettings, now: number): ThrottleView {
    return viewOf(this.#kept(), settings, now);
  }

  /** Forgets what slowed it down: the pace is that of the settings again. Leases, counts and warm-up stay. */
  reset(): void {
    const { leases, granted, warmUp } = this.#kept();
    this.ctx.storage.kv.put(KEY, { ...NEW_THROTTLE, leases, granted, warmUp });
  }

  #kept(): Throttle {
    return this.ctx.storage.kv.get<Throttle>(KEY) ?? NEW_THROTTLE;
  }
}
