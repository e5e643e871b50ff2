// What hostile sends are judged by: every accepted one must reach the relay as one message of its own.
// One key, one sender domain and one peer for each test.
import PostalMime, { type Email } from "postal-mime";
import { expect } from "vitest";
import { fromUtf8 } from "../../src/lib/bytes.ts";
import { consume } from "../../src/queue/consume.ts";
import { bytesOf, type SmtpPeer } from "../peers/client.ts";
import { countOf } from "../support/ledger.ts";
import { sendingGround } from "../support/sending-ground.ts";
import { ask } from "../support/world.ts";

/** What one test posts with. */
export type Wire = {
  readonly get: (path: string) => Promise<Response>;
  readonly post: (body: unknown, headers?: Record<string, string>) => Promise<Response>;
  /** Posts every body; a 400 stores nothing, everything else must be a 200. Answers the statuses. */
  readonly postAll: (bodies: readonly unknown[]) => Promise<readonly number[]>;
  /** Delivers what was accepted and reads it back; judges the bytes on the way. */
  readonly delivered: () => Promise<readonly Delivered[]>;
};

/** A message as the relay saw it. */
export type Delivered = {
  readonly to: readonly string[];
  readonly raw: string;
  readonly mail: Email;
};

/** Sets up each test of the file. */
export function wire(): Wire {
  const { app, key, peer } = sendingGround();

  const post = (body: unknown, headers: Record<string, string> = {}) =>
    ask(app(), "POST", "/v1/send-email", { key: key(), body, headers });
  return {
    get: (path) => ask(app(), "GET", path, { key: key() }),
    post,
    async postAll(bodies) {
      const statuses: number[] = [];
      for (const body of bodies) {
        const { status } = await post(body);
        expect([200, 400]).toContain(status);
        statuses.push(status);
      }
      expect(await countOf("messages")).toBe(statuses.filter((status) => status === 200).length);
      return statuses;
    },
    async delivered() {
      await consume(app());
      await app().idle();
      return readBack(peer());
    },
  };
}

async function readBack(peer: SmtpPeer): Promise<readonly Delivered[]> {
  const log = await peer.log();
  expect([log.bareLf, log.bareCr, log.unfinished]).toEqual([0, 0, []]);
  expect(log.messages.length).toBe(await countOf("deliveries"));
  const verbs = log.messages.length > 0 ? ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"] : [];
  expect(new Set(log.lines.map(({ text }) => text.split(" ")[0]))).toEqual(new Set(verbs));
  return Promise.all(
    log.messages.map(async ({ to, content }) => {
      expect(to.length).toBe(1);
      const bytes = bytesOf(content);
      return { to, raw: fromUtf8(bytes), mail: await PostalMime.parse(bytes) };
    }),
  );
}
