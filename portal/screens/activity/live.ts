// The live feed of GET /v1/activity/live: a WebSocket, or server-sent events where a network lets none through. Comes
// back with the last cursor, so nothing is missed.
import { useEffect, useState } from "preact/hooks";
import { ApiError, openStream } from "../../lib/api.ts";
import { readSocket } from "../../lib/socket.ts";
import { eventsIn, readParts } from "../../lib/stream.ts";
import { type ActivityEvent, MAX_ROWS } from "./event.ts";

/** A stream that ended is opened again soon, then less often: a Worker that restarts needs seconds. */
const AGAIN_MS = [500, 2_000, 10_000] as const;

const PATH = "/v1/activity/live";

/** `reset`: forget what was told before. */
type Told = {
  readonly reset: boolean;
  readonly cursor: string;
  readonly data: readonly ActivityEvent[];
};

export type Live = {
  readonly events: readonly ActivityEvent[];
  readonly isOn: boolean;
  /** Why it is not on. */
  readonly reason: string;
};

const OFF: Live = {
  events: [],
  isOn: false,
  reason: "This range has ended: nothing new can come.",
};

/** The events that came since the component appeared. */
export function useLive(query: Readonly<Record<string, string>>, isWanted: boolean): Live {
  const [live, setLive] = useState<Live>(OFF);
  useEffect(() => {
    if (!isWanted) return undefined;
    const end = new AbortController();
    void watch(query, end.signal, setLive);
    return () => end.abort();
  }, []);
  return live;
}

type Change = (change: (live: Live) => Live) => void;

async function watch(
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
  change: Change,
): Promise<void> {
  // What is watched is what comes from now on.
  const { from: _from, to: _to, ...filter } = query;
  let cursor: string | null = null;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const ask = { ...filter, cursor };
      const open = (): void => {
        failures = 0;
        change((live) => ({ ...live, isOn: true }));
      };
      const message = (data: string): void => {
        const told: Told = JSON.parse(data);
        cursor = told.cursor;
        const isBefore = (live: Live): readonly ActivityEvent[] => (told.reset ? [] : live.events);
        change((live) => ({
          ...live,
          events: [...told.data.toReversed(), ...isBefore(live)].slice(0, MAX_ROWS),
        }));
      };
      if (!(await readSocket(PATH, ask, signal, { open, message }))) {
        const response = await openStream(PATH, ask, signal);
        open();
        if (response.body) await readParts(response.body, eventsIn, message);
      }
    } catch (error) {
      if (signal.aborted) return;
      const isFinal = error instanceof ApiError && error.status >= 400 && error.status < 500;
      const reason = isFinal ? error.message : "The live feed is interrupted; connecting again …";
      change((live) => ({ ...live, isOn: false, reason }));
      if (isFinal) return;
    }
    const wait = AGAIN_MS[Math.min(failures, AGAIN_MS.length - 1)];
    failures += 1;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}
