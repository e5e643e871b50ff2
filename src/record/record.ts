// What happened, exactly once: outcomes are gathered into windows, and each window is committed as one
// event log row and one update. A commit that fails is repeated; one that fails for good leaves its
// leases to expire, so that nothing is lost.
import type { App } from "../app.ts";
import { barrier } from "../lib/barrier.ts";
import { reasonOf } from "../lib/log.ts";
import { settle, type Settlement } from "../store/delivery-settlement.ts";
import { repeated } from "./repeated.ts";
import { asBadAddress, softBounceOf } from "./settlement.ts";

/** A window is committed when it holds this many outcomes… */
const WINDOW_SIZE = 50;

/** …or when its first outcome is this old: what a kill finds here leaves twice. */
const WINDOW_MS = 50;

/** Commits tried before a window is given up to its leases. */
const COMMIT_TRIES = 4;

/** Wait before a commit is tried again; doubled each time, well inside a lease of 30 s. */
const COMMIT_RETRY_MS = 250;

/** Gathers outcomes and commits them in windows. */
export type Recorder = {
  /** Hands over an outcome; it is committed within about 50 ms. */
  readonly add: (settlement: Settlement) => void;
  /** Waits until everything handed over is committed or given up. */
  readonly drain: () => Promise<void>;
};

/** A recorder for one run of the consumer. `settled` hears what left the run's hands, committed or not. */
export function recorder(app: App, settled: (window: readonly Settlement[]) => void): Recorder {
  let window: Settlement[] = [];
  let timer: ReturnType<typeof setTimeout> | null = null;
  let commits: Promise<void> = Promise.resolve();

  function flush(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const full = window;
    window = [];
    if (full.length === 0) return;
    // One after the other: D1 runs one query at a time anyway, and log positions stay in order.
    commits = commits.then(() => commit(app, full)).then(() => settled(full));
  }

  return {
    add(settlement) {
      window.push(settlement);
      if (window.length >= WINDOW_SIZE) flush();
      else timer ??= setTimeout(flush, WINDOW_MS);
    },
    async drain() {
      flush();
      await commits;
    },
  };
}

/** Commits one window and tells the webhooks that the log grew. Never throws. */
async function commit(app: App, window: readonly Settlement[]): Promise<void> {
  for (let attempt = 1; attempt <= COMMIT_TRIES; attempt++) {
    try {
      await barrier(app.config.faultPlan, "C10");
      const logged = await settle(app.db, await withRepeated(app, window), app.now());
      await barrier(app.config.faultPlan, "C12");
      // A window whose first commit succeeded unseen logs nothing the second time: wake all the same.
      if (logged || attempt > 1) app.background("wake_webhooks_failed", app.wake.events());
      await barrier(app.config.faultPlan, "C11");
      return;
    } catch (error) {
      app.log("error", "record_failed", { attempt, reason: reasonOf(error) });
      if (attempt === COMMIT_TRIES) return;
      await new Promise((resolve) => setTimeout(resolve, COMMIT_RETRY_MS * 2 ** (attempt - 1)));
    }
  }
}

/** The window, where soft bounces that were one too many for their address say so. */
async function withRepeated(
  app: App,
  window: readonly Settlement[],
): Promise<readonly Settlement[]> {
  const bounces = window.flatMap((settlement) => {
    const bounce = softBounceOf(settlement);
    return bounce ? [{ ...bounce, settlement }] : [];
  });
  const bad = new Set([...(await repeated(app, bounces))].map(({ settlement }) => settlement));
  return window.map((one) => (bad.has(one) ? asBadAddress(one, app.newId) : one));
}
