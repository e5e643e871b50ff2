// The object of the live feed (decision D-21), one in a deployment. Its WebSockets hibernate: while nothing
// happens it sleeps, and while nobody watches nobody calls it. A thin shell: connections and when to look are
// kept here, what is told is in live.ts. It keeps nothing of its own: a watcher's cursor brings everything back.
import { DurableObject } from "cloudflare:workers";
import { type App, type Env, makeApp } from "../app.ts";
import { reasonOf } from "../lib/log.ts";
import { type LiveAsk, MAX_WATCHERS } from "../model/live-feed.ts";
import { stored } from "../store/db.ts";
import { goodKeys } from "../store/key.ts";
import { goodSessions } from "../store/session.ts";
import { noteUnwatched, noteWatched } from "../store/live-feed.ts";
import { begin, feed } from "./live.ts";
import {
  answered,
  ENDINGS,
  seat,
  socketWatcher,
  streamWatcher,
  type Watcher,
} from "./live-watcher.ts";

/** So often keys are asked for again, the slow let go, and lost wake-ups made up for. */
const ROUND_MS = 25_000;

/** The note that somebody watches outlives the next round; a killed object is called in vain for so long. */
const WATCHED_MS = 4 * ROUND_MS;

/** Before another look after one that failed. */
const RETRY_MS = 1_000;

/** Characters of an answer; it says nothing but that it came. */
const MAX_ANSWER_LENGTH = 256;

/** Tells whoever watches what happens. */
export class LiveFeed extends DurableObject<Env> {
  readonly #app: App;
  readonly #streams = new Set<Watcher>();
  /** Coming and going take turns, so that the note in the database is always about those who are there. */
  #turn: Promise<unknown> = Promise.resolve();
  #looking = false;
  #again = false;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#app = makeApp(env, state);
    state.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
  }

  /** Takes a watcher: `ask` of the URL is a LiveAsk. Answers a WebSocket, a stream, or 503 when it is full. */
  override async fetch(request: Request): Promise<Response> {
    const ask = stored<LiveAsk>(new URL(request.url).searchParams.get("ask") ?? "");
    return this.#inTurn(() => this.#join(ask, request.headers.get("Upgrade") !== null));
  }

  /** Asks for a look at the log; answers before it happens. */
  async wake(): Promise<void> {
    if (this.#watchers().length === 0) await this.#inTurn(() => this.#rest());
    else this.#look();
  }

  override async alarm(): Promise<void> {
    const { db, now: clock } = this.#app;
    const now = clock();
    // First: what fails below is tried again.
    this.#app.meter.count("object_requests");
    await this.#setAlarm(now + ROUND_MS);
    const keyIds = new Set(this.#watchers().map((one) => one.state().keyId));
    const ids = [...keyIds];
    const good = new Set([
      ...(await goodKeys(db, ids, now)),
      ...(await goodSessions(db, ids, now)),
    ]);
    for (const one of this.#watchers()) {
      const { keyId } = one.state();
      if (keyIds.has(keyId) && !good.has(keyId)) this.#end(one, "key");
      else if (one.isSlow(now)) this.#end(one, "slow");
      else one.keepAlive();
    }
    await this.#inTurn(() =>
      this.#watchers().length > 0 ? noteWatched(db, now + WATCHED_MS) : this.#rest(),
    );
    this.#look();
    this.#app.keepUsage();
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    if (typeof message !== "string" || message.length > MAX_ANSWER_LENGTH) {
      socket.close(ENDINGS.long.code, ENDINGS.long.reason);
      return;
    }
    this.#app.meter.count("object_requests");
    answered(socket);
    this.#look();
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    // RFC 6455 §5.5.1: a close is answered with one.
    socket.close(ENDINGS.left.code, ENDINGS.left.reason);
    await this.#inTurn(() => this.#rest());
  }

  override async webSocketError(): Promise<void> {
    await this.#inTurn(() => this.#rest());
  }

  #watchers(): readonly Watcher[] {
    const open = this.ctx.getWebSockets().filter((one) => one.readyState === WebSocket.OPEN);
    return [...open.map(socketWatcher), ...this.#streams];
  }

  async #join(ask: LiveAsk, upgrade: boolean): Promise<Response> {
    if (this.#watchers().length >= MAX_WATCHERS) return new Response(null, { status: 503 });
    const now = this.#app.now();
    const start = await begin(this.#app.db, ask, { now, until: now + WATCHED_MS });
    if ((await this.ctx.storage.getAlarm()) === null) {
      await this.#setAlarm(now + ROUND_MS);
    }
    const state = { filter: ask.filter, keyId: ask.keyId, standing: start.standing };
    const { watcher, response } = upgrade ? this.#socket(state) : this.#stream(state);
    for (const frame of start.frames) watcher.send(frame, now);
    // What was committed since `begin` looked.
    this.#look();
    return response;
  }

  #socket(state: Parameters<typeof seat>[1]) {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    const response = new Response(null, { status: 101, webSocket: client });
    return { watcher: seat(server, state), response };
  }

  #stream(state: Parameters<typeof streamWatcher>[0]) {
    const { watcher, body } = streamWatcher(state, {
      wants: () => this.#look(),
      gone: (one) => this.#leave(one),
    });
    this.#streams.add(watcher);
    return { watcher, response: new Response(body) };
  }

  #leave(stream: Watcher): void {
    this.#streams.delete(stream);
    this.#app.background(
      "live_feed_rest_failed",
      this.#inTurn(() => this.#rest()),
    );
  }

  #end(watcher: Watcher, why: keyof typeof ENDINGS): void {
    watcher.end(why);
    this.#streams.delete(watcher);
  }

  /** Sleeps for good when nobody is left. */
  async #rest(): Promise<void> {
    if (this.#watchers().length > 0) return;
    await noteUnwatched(this.#app.db);
    await this.ctx.storage.deleteAlarm();
  }

  async #setAlarm(time: number): Promise<void> {
    await this.ctx.storage.setAlarm(time);
    this.#app.meter.count("object_rows_written");
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  /** Looks at the log until there is nothing more to tell; one look at a time. */
  #look(): void {
    this.#again = true;
    if (this.#looking) return;
    this.#looking = true;
    this.#app.background("live_feed_failed", this.#lookOn());
  }

  async #lookOn(): Promise<void> {
    try {
      while (this.#again) {
        this.#again = false;
        const more = await feed(this.#app.db, () => this.#watchers(), this.#app.now());
        this.#again ||= more;
      }
    } catch (error) {
      this.#app.log("warn", "live_feed_failed", { reason: reasonOf(error) });
      await this.#setAlarm(this.#app.now() + RETRY_MS);
    } finally {
      this.#looking = false;
    }
  }
}
