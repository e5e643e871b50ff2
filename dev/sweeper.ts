// Triggers the Worker's cron handler, which nothing does on its own in local development.
import { setTimeout as sleep } from "node:timers/promises";

/** Locally more often than the one minute of production, so that retries are soon seen. */
const SWEEP_EVERY_MS = 10_000;
const SWEEP_DEADLINE_MS = 30_000;

/** Starts sweeping; returns how to stop. A sweep that begins to fail is said once. */
export function startSweeper(baseUrl: string, say: (line: string) => void): () => void {
  const stopping = new AbortController();
  void sweepForEver(baseUrl, say, stopping.signal);
  return () => stopping.abort();
}

async function sweepForEver(
  baseUrl: string,
  say: (line: string) => void,
  stop: AbortSignal,
): Promise<void> {
  let failing = false;
  for (;;) {
    await sleep(SWEEP_EVERY_MS, undefined, { signal: stop }).catch(() => undefined);
    if (stop.aborted) return;
    const failed = await sweep(baseUrl);
    if (failed && !failing) say("The sweeper's run failed; see worker.log.");
    failing = failed;
  }
}

/** Whether the handler ran and failed. A Worker that does not answer is its supervisor's concern. */
async function sweep(baseUrl: string): Promise<boolean> {
  try {
    const response = await fetch(`${baseUrl}/cdn-cgi/handler/scheduled`, {
      signal: AbortSignal.timeout(SWEEP_DEADLINE_MS),
    });
    await response.body?.cancel();
    return !response.ok;
  } catch {
    return false;
  }
}
