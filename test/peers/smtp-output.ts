// What one connection of a scripted SMTP peer writes: replies gathered into groups, and every way to
// say something wrong, late, in pieces, or nothing at all.
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import type { PeerAction } from "./script.ts";

export class PeerOutput {
  /** Replaced when the connection is upgraded to TLS. */
  socket: Socket;
  /** Nothing more will be said. */
  ended = false;
  /** A group of replies left, and nothing was received since. */
  replied = false;
  #waiting: Buffer[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Adds a reply to the group. */
  write(reply: string): void {
    this.#waiting.push(Buffer.from(`${reply}\r\n`, "utf8"));
  }

  /** Sends the group. */
  async flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.replied = true;
    if (this.socket.destroyed) return;
    await new Promise((resolve) => this.socket.write(bytes, resolve));
  }

  /** Does what a rule says; the code of the reply, or null when there will be no more replies. */
  async act(action: PeerAction): Promise<number | null> {
    if (action.delay !== undefined) {
      await this.flush();
      await sleep(action.delay);
    }
    if ("drop" in action) return await this.end(action.drop);
    const text = action.raw === true ? action.reply : `${action.reply}\r\n`;
    const bytes = Buffer.from(text, action.latin1 === true ? "latin1" : "utf8");
    if (action.pieces === undefined) this.#waiting.push(bytes);
    else await this.#trickle(bytes, action.pieces);
    if (action.after !== undefined) return await this.end(action.after);
    return Number.parseInt(action.reply, 10);
  }

  /** Sends the group and then closes, resets, or falls silent. */
  async end(how: "close" | "rst" | "stall"): Promise<null> {
    await this.flush();
    this.ended = true;
    if (how === "close") this.socket.end();
    if (how === "rst") this.socket.resetAndDestroy();
    return null;
  }

  async #trickle(bytes: Buffer, pieces: { bytes: number; every: number }): Promise<void> {
    await this.flush();
    for (let at = 0; at < bytes.length && !this.ended; at += pieces.bytes) {
      this.#waiting.push(bytes.subarray(at, at + pieces.bytes));
      await this.flush();
      await sleep(pieces.every);
    }
  }
}
