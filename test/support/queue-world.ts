// The world of queue tests: one relay peer, a clock of the test's own, a D1 with faults, a log that is
// kept, and mail to be delivered.
import { env } from "cloudflare:workers";
import type { App } from "../../src/app.ts";
import { uuidv7 } from "../../src/lib/id.ts";
import type { MailClass } from "../../src/model/message.ts";
import type { SmtpScript } from "../peers/script.ts";
import { type SmtpPeer, startSmtpPeer } from "../peers/client.ts";
import { faultyD1, type FaultyD1 } from "./faults.ts";
import { emptyLedger } from "./ledger.ts";
import {
  appWithRelay,
  ask,
  email,
  givenDomain,
  givenKey,
  ownClock,
  type TestApp,
} from "./world.ts";

/** 2026-11-21 10:00 UTC: where the clocks of queue tests start. */
export const START = Date.UTC(2026, 10, 21, 10);
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** A wake-up that the product asked for. */
export type Woken = { readonly lane: MailClass; readonly delaySeconds: number };

/** Everything a queue test acts on. */
export type QueueWorld = {
  readonly app: TestApp;
  readonly peer: SmtpPeer;
  readonly clock: ReturnType<typeof ownClock>;
  readonly d1: FaultyD1;
  /** Names of log events, in order. */
  readonly logged: string[];
  readonly woken: Woken[];
  readonly key: string;
  /** Posts an email to these recipients and answers the message id; throws when it is refused. */
  readonly send: (to: readonly string[], change?: Record<string, unknown>) => Promise<string>;
  /** Posts a whole body. */
  readonly post: (body: unknown, headers?: Record<string, string>) => Promise<Response>;
  readonly stop: () => Promise<void>;
};

/** A fresh world with an empty ledger. The relay behaves as scripted. */
export async function queueWorld(
  script: SmtpScript = {},
  overrides: Partial<App> = {},
): Promise<QueueWorld> {
  await emptyLedger();
  await givenDomain("edgepost.test");
  const { secret } = await givenKey();
  const peer = await startSmtpPeer(script);
  const clock = ownClock(START);
  const d1 = faultyD1(env.DB);
  const logged: string[] = [];
  const woken: Woken[] = [];
  const pending: Promise<unknown>[] = [];
  const world = appWithRelay(peer, {
    now: clock.now,
    // Ids tell the time, and some work goes by the time that they tell.
    newId: () => uuidv7(clock.now()),
    random: () => 0.5,
    db: d1.db,
    log: (_level, event) => void logged.push(event),
    wake: {
      lane: (lane, delaySeconds = 0) => Promise.resolve(void woken.push({ lane, delaySeconds })),
      events: () => Promise.resolve(),
      endpoint: () => Promise.resolve(),
      background: () => Promise.resolve(),
    },
    // As app.ts does it: what fails in the background is logged and harms nobody.
    background: (what, work) => void pending.push(work.catch(() => logged.push(what))),
    ...overrides,
  });
  const app: TestApp = {
    ...world,
    async idle() {
      while (pending.length > 0) await pending.shift();
    },
  };
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    ask(app, "POST", "/v1/send-email", { key: secret, body, headers });
  return {
    app,
    peer,
    clock,
    d1,
    logged,
    woken,
    key: secret,
    post,
    async send(to, change = {}) {
      const { onAmbiguous, metadata, ...rest } = change;
      const answer = await post({ ...email(rest, to), onAmbiguous, metadata });
      const id = answer.headers.get("X-Message-Id");
      if (id === null) throw new Error(`refused: ${await answer.text()}`);
      return id;
    },
    stop: () => peer.stop(),
  };
}

/** Addresses `name0@example.com` to `name<n-1>@example.com`. */
export function people(n: number, name = "p"): readonly string[] {
  return Array.from({ length: n }, (_, index) => `${name}${index}@example.com`);
}
