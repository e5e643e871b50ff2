// Watching the live feed in a test: connections through the front door, and what came over them.
import { expect } from "vitest";
import type { App } from "../../src/app.ts";
import { ask } from "../support/world.ts";

export const PATH = "/v1/activity/live";

/** A message of the feed. */
export type Told = {
  readonly reset: boolean;
  readonly ask?: true;
  readonly cursor: string;
  readonly data: readonly {
    readonly id: string;
    readonly event: string;
    readonly machine: boolean;
  }[];
};

/** What a connection was told, and how it ended. */
export type Watching = {
  readonly told: Told[];
  readonly ids: () => readonly string[];
  readonly cursor: () => string;
  /** Waits until so many events came, at most `ms`. */
  readonly until: (events: number, ms?: number) => Promise<void>;
  /** Waits until something holds, at most `ms`. */
  readonly untilThat: (holds: () => boolean, ms?: number) => Promise<void>;
};

export type WatchingSocket = Watching & {
  readonly socket: WebSocket;
  readonly closed: () => { readonly code: number; readonly reason: string } | null;
};

const POLL_MS = 10;

function watching(told: Told[]): Watching {
  const ids = () => told.flatMap(({ data }) => data.map(({ id }) => id));
  async function untilThat(holds: () => boolean, ms = 5_000): Promise<void> {
    const end = Date.now() + ms;
    while (!holds() && Date.now() < end) await new Promise((done) => setTimeout(done, POLL_MS));
  }
  return {
    told,
    ids,
    cursor: () => told.at(-1)?.cursor ?? "",
    untilThat,
    until: (events, ms) => untilThat(() => told.length > 0 && ids().length >= events, ms),
  };
}

/** Opens a WebSocket; answers when the first message came. */
export async function openSocket(
  app: App,
  key: string,
  options: { query?: string; answers?: boolean } = {},
): Promise<WatchingSocket> {
  const { query = "", answers = true } = options;
  const answer = await ask(app, "GET", PATH + query, { key, headers: { Upgrade: "websocket" } });
  expect([answer.status, answer.webSocket === null]).toEqual([101, false]);
  const socket = answer.webSocket;
  if (!socket) throw new Error("no WebSocket");
  const told: Told[] = [];
  let end: { code: number; reason: string } | null = null;
  socket.addEventListener("message", ({ data }) => {
    if (typeof data !== "string" || data === "pong") return;
    const one: Told = JSON.parse(data);
    told.push(one);
    if (one.ask && answers) socket.send("ok");
  });
  socket.addEventListener("close", ({ code, reason }) => void (end = { code, reason }));
  socket.accept();
  const seen = watching(told);
  await seen.untilThat(() => told.length > 0);
  return { ...seen, socket, closed: () => end };
}

/** Opens a stream of server-sent events; answers when the first message came. */
export async function openStream(
  app: App,
  key: string,
  options: { query?: string; lastEventId?: string | undefined } = {},
): Promise<
  Watching & { readonly ids: () => readonly string[]; readonly close: () => Promise<void> }
> {
  const { query = "", lastEventId } = options;
  const headers = {
    Accept: "text/event-stream",
    ...(lastEventId === undefined ? {} : { "Last-Event-ID": lastEventId }),
  };
  const answer = await ask(app, "GET", PATH + query, { key, headers });
  expect([answer.status, answer.headers.get("Content-Type")]).toEqual([200, "text/event-stream"]);
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) throw new Error("no stream");
  const told: Told[] = [];
  void read(reader, told);
  const seen = watching(told);
  await seen.untilThat(() => told.length > 0);
  return { ...seen, close: () => reader.cancel() };
}

/** Reads messages as HTML §9.2.6 says, as far as the feed uses it. */
async function read(reader: ReadableStreamDefaultReader<string>, told: Told[]): Promise<void> {
  let text = "";
  for (;;) {
    const { done, value } = await reader.read().catch(() => ({ done: true, value: "" }));
    if (done) return;
    text += value;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = new Map(
        block.split("\n").map((line) => {
          const at = line.indexOf(": ");
          return [line.slice(0, at), line.slice(at + 2)] as const;
        }),
      );
      const data = fields.get("data");
      if (data === undefined) continue;
      const one: Told = JSON.parse(data);
      expect(fields.get("id")).toBe(one.cursor);
      told.push(one);
    }
  }
}
