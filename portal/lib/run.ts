// Work that somebody started: why it failed, and whether it still runs.
import { useState } from "preact/hooks";

export type Run = {
  /** Why the last work failed; null when it did not, or still runs. */
  readonly error: unknown;
  readonly start: (work: () => Promise<unknown>) => void;
};

/** Runs what a button, a box or a select asks for; nothing is drawn anew until it is over, so that they stay as chosen. */
export function useRun(): Run {
  const [error, setError] = useState<unknown>(null);
  const start = (work: () => Promise<unknown>): void => {
    setError(null);
    work().catch(setError);
  };
  return { error, start };
}

/** The same for what shows that it runs. */
export function useTask(): Run & { readonly isBusy: boolean } {
  const { error, start } = useRun();
  const [running, setRunning] = useState(0);
  const startTask = (work: () => Promise<unknown>): void => {
    setRunning((count) => count + 1);
    start(() => work().finally(() => setRunning((count) => count - 1)));
  };
  return { error, isBusy: running > 0, start: startTask };
}
