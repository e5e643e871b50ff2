// A world in which an address is erased, and what tests of it ask for.
import { afterEach, beforeEach, expect } from "vitest";
import { workOnErasures } from "../../src/queue/erase.ts";
import { sweep } from "../../src/queue/sweep.ts";
import type { SmtpScript } from "../peers/script.ts";
import { CANARY, WRITTEN } from "./canary.ts";
import { emptyBlobs } from "./past.ts";
import { MINUTE, queueWorld, type QueueWorld } from "./queue-world.ts";
import { tracking } from "./tracking.ts";
import { ask } from "./world.ts";

/** A queue world with links, and the facts that were queued. */
export type EraseWorld = QueueWorld & { readonly queue: ReturnType<typeof tracking> };

/** Where /v1/recipients knows an address. */
export function at(address: string): string {
  return `/v1/recipients/${encodeURIComponent(address)}`;
}

/** What the tests of one file act with; every test begins with empty storage and `given`. */
export function eraseWorld() {
  let world: EraseWorld | null = null;

  beforeEach(emptyBlobs);
  afterEach(() => world?.stop());

  function current(): EraseWorld {
    if (!world) throw new Error("nothing was given");
    return world;
  }

  /** A fresh world; the relay behaves as scripted. */
  async function given(script: SmtpScript = {}): Promise<EraseWorld> {
    const queue = tracking();
    const plain = await queueWorld(script, { ...queue, wakeTail: () => Promise.resolve() });
    world = { ...plain, queue };
    return world;
  }

  /** Asks for `data`, with the status named. */
  async function native<T>(method: string, path: string, body?: unknown, status = 200): Promise<T> {
    const { app, key } = current();
    const answer = await ask(app, method, path, { key, ...(body === undefined ? {} : { body }) });
    expect([path, answer.status]).toEqual([path, status]);
    const { data } = await answer.json<{ data: T }>();
    return data;
  }

  /** Asks for an erasure, and lets the background begin. */
  async function erase(address = WRITTEN): Promise<void> {
    await native("DELETE", at(address), undefined, 202);
    await workOnErasures(current().app);
  }

  async function stateOf(address = CANARY): Promise<string> {
    const { state } = await native<{ state: string }>("GET", `${at(address)}/erasure`);
    return state;
  }

  /** Lets the time pass that an erasure waits for what is under way, and does the rest of it. */
  async function finish(): Promise<void> {
    const { app, clock } = current();
    clock.advance(MINUTE);
    await sweep(app);
    await workOnErasures(app);
  }

  /** The deliveries of a message as people see them. */
  async function shown(id: string): Promise<readonly Record<string, unknown>[]> {
    const path = `/v1/messages/${id}`;
    const message = await native<{ deliveries: Record<string, unknown>[] }>("GET", path);
    return message.deliveries;
  }

  return { given, native, erase, stateOf, finish, shown };
}

/** To Bob, with a copy to the canary; answers the message id. */
export function sendToBoth(world: QueueWorld, change: Record<string, unknown> = {}) {
  const to = [{ email: "bob@example.com" }];
  return world.send([], { recipients: { to, cc: [{ email: WRITTEN }] }, ...change });
}
