// Somebody who watches the live feed, over a WebSocket or as a stream of server-sent events: what they asked
// for, where in the log they are, and whether they keep up. What is not taken is not sent: a slow one falls
// behind in the log, not in memory.
import { type Frame, frameText, type LiveAsk, type Standing } from "../model/live-feed.ts";

/** Bytes sent before a WebSocket is asked whether it has read them; it tells no other way. */
const BYTES_BEFORE_ASKING = 256 * 1024;

/** Bytes that wait in a stream before nothing more is written to it. */
const MAX_WAITING_BYTES = 256 * 1024;

/** Whoever takes nothing for so long is let go; the cursor brings them back. */
const PATIENCE_MS = 30_000;

/** What is known of a watcher. Survives the object's sleep with its WebSocket. */
export type WatcherState = Pick<LiveAsk, "filter" | "keyId"> & { readonly standing: Standing };

/** Somebody who watches. */
export type Watcher = {
  readonly state: () => WatcherState;
  readonly moveTo: (standing: Standing) => void;
  /** Whether they take another frame now. */
  readonly takes: () => boolean;
  readonly send: (frame: Frame, now: number) => void;
  /** Whether they have taken nothing for too long. */
  readonly isSlow: (now: number) => boolean;
  /** Shows those on the way that somebody is still there. */
  readonly keepAlive: () => void;
  readonly end: (why: Ending) => void;
};

/** Why a feed ends, and the code that a WebSocket is closed with (RFC 6455 §7.4.2). */
export const ENDINGS = {
  left: { code: 1000, reason: "" },
  slow: { code: 4008, reason: "read too slowly; connect again with the last cursor" },
  key: { code: 4001, reason: "the key is no longer good" },
  long: { code: 1009, reason: "send nothing but ping and short answers" },
} as const;
export type Ending = keyof typeof ENDINGS;

/** The state of a WebSocket, with what it was sent since it answered last. */
type SocketState = WatcherState & {
  readonly unasked: number;
  /** When it was asked, epoch milliseconds; null when nothing is open. */
  readonly askedAt: number | null;
};

/** Takes a WebSocket as a watcher's. */
export function seat(socket: WebSocket, state: WatcherState): Watcher {
  socket.serializeAttachment({ ...state, unasked: 0, askedAt: null } satisfies SocketState);
  return socketWatcher(socket);
}

/** The watcher of a WebSocket that has a seat. */
export function socketWatcher(socket: WebSocket): Watcher {
  const state = () => stateOf(socket);
  const change = (part: Partial<SocketState>) =>
    socket.serializeAttachment({ ...state(), ...part });
  return {
    state,
    moveTo: (standing) => change({ standing }),
    takes: () => state().askedAt === null && socket.readyState === WebSocket.OPEN,
    send(frame, now) {
      const unasked = state().unasked + sizeOf(frame);
      const asks = unasked >= BYTES_BEFORE_ASKING;
      socket.send(frameText(frame, asks));
      change(asks ? { unasked: 0, askedAt: now } : { unasked });
    },
    isSlow: (now) => now - (state().askedAt ?? now) > PATIENCE_MS,
    // The client sends `ping` when it likes to; the platform answers without waking anybody.
    keepAlive() {},
    end: (why) => socket.close(ENDINGS[why].code, ENDINGS[why].reason),
  };
}

/** A WebSocket said something: what was sent before is read. */
export function answered(socket: WebSocket): void {
  socket.serializeAttachment({ ...stateOf(socket), askedAt: null } satisfies SocketState);
}

function stateOf(socket: WebSocket): SocketState {
  const state: SocketState = socket.deserializeAttachment();
  return state;
}

const encoder = new TextEncoder();

/** A stream of server-sent events (HTML §9.2), and its watcher. `wants` hears that more can be written. */
export function streamWatcher(
  start: WatcherState,
  heard: { readonly wants: () => void; readonly gone: (watcher: Watcher) => void },
): { readonly watcher: Watcher; readonly body: ReadableStream<Uint8Array> } {
  let state = start;
  let fullSince: number | null = null;
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  const write = (text: string) => controller?.enqueue(encoder.encode(text));
  const takes = () => (controller?.desiredSize ?? 0) > 0;
  const watcher: Watcher = {
    state: () => state,
    moveTo(standing) {
      state = { ...state, standing };
    },
    takes,
    send(frame, now) {
      write(`id: ${frame.cursor}\ndata: ${frameText(frame, false)}\n\n`);
      fullSince = takes() ? null : now;
    },
    isSlow: (now) => !takes() && now - (fullSince ?? now) > PATIENCE_MS,
    keepAlive: () => takes() && write(": still here\n\n"),
    end(why) {
      // What a slow one has not taken is dropped.
      if (why === "slow") controller?.error(new Error(ENDINGS[why].reason));
      else controller?.close();
      controller = null;
    },
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start(given) {
        controller = given;
        write(`retry: ${RECONNECT_MS}\n\n`);
      },
      pull() {
        if (fullSince === null) return;
        fullSince = null;
        heard.wants();
      },
      cancel() {
        controller = null;
        heard.gone(watcher);
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: MAX_WAITING_BYTES }),
  );
  return { watcher, body };
}

/** A browser comes back after so long. */
const RECONNECT_MS = 1_000;

function sizeOf({ events }: Frame): number {
  return events.reduce((sum, event) => sum + event.length, 0);
}
