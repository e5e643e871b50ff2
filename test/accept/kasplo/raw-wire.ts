// What the tests of raw messages share: one key, one sender domain and one relay peer for each test, and what
// reached it.
import { expect } from "vitest";
import { fromUtf8 } from "../../../src/lib/bytes.ts";
import { consume } from "../../../src/queue/consume.ts";
import { bytesOf } from "../../peers/client.ts";
import type { SmtpPeerLog } from "../../peers/script.ts";
import { countOf } from "../../support/ledger.ts";
import { postRaw } from "../../support/raw.ts";
import { sendingGround } from "../../support/sending-ground.ts";
import { ask, type TestApp } from "../../support/world.ts";
import { expectError } from "./native.ts";

type Fields = Readonly<Record<string, string>>;

/** What one test posts with. */
export type RawWire = {
  readonly app: () => TestApp;
  readonly key: () => string;
  readonly post: (body: string | Uint8Array, headers?: Fields) => Promise<Response>;
  /** Asks for a path below the host. */
  readonly ask: (
    method: string,
    path: string,
    body?: string,
    headers?: Fields,
  ) => Promise<Response>;
  /** Judges a refusal that names a field; nothing was stored. Answers its message. */
  readonly refused: (answer: Response, field: string) => Promise<string>;
  /** Delivers what was accepted, and answers what reached the relay. */
  readonly delivered: () => Promise<readonly string[]>;
  readonly log: () => Promise<SmtpPeerLog>;
};

/** Sets up each test of the file. */
export function rawWire(): RawWire {
  const { app, key, peer } = sendingGround();
  return {
    app,
    key,
    post: (body, headers = {}) => postRaw(app(), key(), body, headers),
    ask: (method, path, body, headers = {}) =>
      ask(app(), method, path, { key: key(), headers, ...(body === undefined ? {} : { body }) }),
    async refused(answer, field) {
      expect(await countOf("messages")).toBe(0);
      return expectError(answer, { status: 400, code: "invalid_request", field });
    },
    async delivered() {
      await consume(app());
      await app().idle();
      const log = await peer().log();
      expect([log.bareLf, log.bareCr, log.unfinished]).toEqual([0, 0, []]);
      return log.messages.map(({ content }) => fromUtf8(bytesOf(content)));
    },
    log: () => peer().log(),
  };
}

/** The message without the fields that it was given on its way. */
export function asSent(message: string): string {
  return message.replace(/^(?:Date|Message-ID):.*\r\n(?:[ \t].*\r\n)*/gm, "");
}
