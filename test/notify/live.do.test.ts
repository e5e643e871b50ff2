// The live feed through the front door (F-182, D-21, A-127): what is told, when, and to whom; sleep, kills and
// coming back.
import {
  abortAllDurableObjects,
  createExecutionContext,
  evictAllDurableObjects,
  evictDurableObject,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type App, makeApp } from "../../src/app.ts";
import { LATEST_EVENTS, MAX_WATCHERS } from "../../src/model/live-feed.ts";
import { revokeKey } from "../../src/store/key.ts";
import { consume } from "../../src/queue/consume.ts";
import { startSmtpPeer } from "../peers/client.ts";
import { faultyD1 } from "../support/faults.ts";
import { emptyLedger, events } from "../support/ledger.ts";
import { appWithRelay, ask, email, givenDomain, givenKey, testApp } from "../support/world.ts";
import { wakeFollowers } from "../../src/notify/wake.ts";
import { openSocket, openStream, PATH, type WatchingSocket } from "./watching.ts";
import { anEvent, logEvents } from "./world.ts";

const object = () => env.LIVE_FEED.getByName("account");
const alarmOf = () => runInDurableObject(object(), (_one, state) => state.storage.getAlarm());
const ids = (list: readonly { readonly id: string }[]) => list.map(({ id }) => id);

async function noted(): Promise<boolean> {
  return (await env.DB.prepare("select 1 from live_feed").first()) !== null;
}

/** Commits events and tells as record does. */
async function happened(app: App, count: number, name?: "bounce_all") {
  const some = Array.from({ length: count }, () => anEvent(Date.now(), name));
  await logEvents(some);
  await wakeFollowers(app, [{ kind: "events" }]);
  return ids(some);
}

let app: App;
let key = "";
let keyId = "";
let open: WebSocket[];

async function watch(options: Parameters<typeof openSocket>[2] = {}): Promise<WatchingSocket> {
  const one = await openSocket(app, key, options);
  open.push(one.socket);
  return one;
}

beforeEach(async () => {
  await emptyLedger();
  await env.DB.prepare("delete from live_feed").run();
  app = testApp({ log() {} });
  const given = await givenKey();
  key = given.secret;
  keyId = given.key.id;
  open = [];
});
afterEach(async () => {
  for (const socket of open) if (socket.readyState === WebSocket.OPEN) socket.close(1000);
  await expect.poll(noted).toBe(false);
});

describe("the live feed", () => {
  it("begins with the latest 200, oldest first, as /v1/events tells them", async () => {
    const all: string[] = [];
    for (let row = 0; row < 25; row++) {
      const some = Array.from({ length: 10 }, () => anEvent(Date.now()));
      await logEvents(some);
      all.push(...ids(some));
    }
    const { told, ids: seen } = await watch();
    expect(seen()).toEqual(all.slice(-LATEST_EVENTS));
    expect(told.map(({ reset }) => reset).indexOf(true)).toBe(0);
    const page = await ask(app, "GET", "/v1/events?limit=1", { key });
    const { data } = await page.json<{ data: object[] }>();
    expect(told.at(-1)?.data.at(-1)).toEqual(data[0]);
  });

  it("begins empty where nothing has happened yet, and says where it is", async () => {
    const { told } = await watch();
    expect(told).toEqual([{ reset: true, cursor: "0.0", data: [] }]);
  });

  it("tells of a real send within 2 s of the event (A-127)", async () => {
    await givenDomain("edgepost.test");
    const peer = await startSmtpPeer();
    // With the real queue, whose consumer is the Worker.
    const { wake } = makeApp(env, createExecutionContext());
    const sending = appWithRelay(peer, { log() {}, wake: { ...app.wake, events: wake.events } });
    const seen = await watch();
    await ask(sending, "POST", "/v1/send-email", { key, body: email() });
    await consume(sending);
    const [event] = await events();
    await seen.until(1, 2_000 - (Date.now() - (event?.at ?? 0)));
    expect(seen.told.at(-1)?.data).toMatchObject([
      { id: event?.id, event: "delivery_attempt", status: "success", machine: false },
    ]);
    await sending.idle();
    await peer.stop();
  });

  it("tells each what they asked for", async () => {
    const bounces = await watch({ query: "?event=bounce_all,open" });
    const others = await watch({
      query: "?recipient=ADA@example.com&tag=Order-7&event=delivery_attempt",
    });
    const nobody = await watch({ query: "?mail_class=marketing" });
    const delivered = await watch({ query: "?state=delivered" });
    const all = await watch();
    const good = await happened(app, 3);
    const bad = await happened(app, 2, "bounce_all");
    await all.until(5);
    await Promise.all([bounces.until(2), others.until(3), delivered.until(3)]);
    expect(bounces.ids()).toEqual(bad);
    expect(others.ids()).toEqual(good);
    expect(delivered.ids()).toEqual(good);
    expect(all.ids()).toEqual([...good, ...bad]);
    expect(nobody.ids()).toEqual([]);
  });

  it("costs nothing while nobody watches, and one read of the log for all while somebody does", async () => {
    const d1 = faultyD1(env.DB);
    let calls = 0;
    const counted: App = {
      ...app,
      db: d1.db,
      wakeFeed: () => Promise.resolve(void (calls += 1)),
    };
    await happened(counted, 1);
    expect([d1.rowsWritten(), calls, await noted()]).toEqual([0, 0, false]);
    const one = await watch();
    await happened(counted, 1);
    expect([d1.rowsWritten(), calls, await noted()]).toEqual([0, 1, true]);
    one.socket.close(1000);
    await one.untilThat(() => one.closed() !== null);
    expect(one.closed()?.code).toBe(1000);
    await expect.poll(noted).toBe(false);
    expect(await alarmOf()).toBeNull();
    await happened(counted, 1);
    expect(calls).toBe(1);
  });

  it("goes on after its object slept, with the sockets that are there", async () => {
    const first = await watch();
    const second = await watch({ query: "?event=bounce_all" });
    const before = await happened(app, 1);
    await first.until(1);
    await evictDurableObject(object());
    const after = [...(await happened(app, 2)), ...(await happened(app, 1, "bounce_all"))];
    await Promise.all([first.until(4), second.until(1)]);
    expect(first.ids()).toEqual([...before, ...after]);
    expect(second.ids()).toEqual(after.slice(-1));
  });

  it("answers ping without waking its object", async () => {
    const { socket } = await watch();
    await evictDurableObject(object());
    const pong = new Promise<unknown>((done) => {
      socket.addEventListener("message", ({ data }) => done(data));
    });
    socket.send("ping");
    expect(await pong).toBe("pong");
    // Only one that runs can be put to sleep.
    await expect(evictDurableObject(object())).rejects.toThrow(/not currently running/);
  });

  it("makes up for a wake-up that was lost when its alarm rings", async () => {
    const one = await watch();
    await logEvents([anEvent(Date.now())]);
    expect(await runDurableObjectAlarm(object())).toBe(true);
    await one.until(1);
    expect(one.ids()).toHaveLength(1);
    expect(await alarmOf()).toBeGreaterThan(Date.now());
  });

  const step = fc.oneof(
    fc.record({ log: fc.integer({ min: 1, max: 5 }) }),
    fc.constantFrom("sleep" as const, "drop" as const, "kill" as const),
  );

  it("comes back by its cursor without gaps or repeats, whatever happens between", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 2, maxLength: 12 }),
        fc.boolean(),
        async (steps, isStream) => {
          await logEvents([anEvent(Date.now())]);
          let cursor = "";
          let from = 0;
          const seen: string[] = [];
          const expected: string[] = [];
          const connect = async () => {
            const query = cursor === "" ? "" : `?cursor=${cursor}`;
            if (isStream) {
              const stream = await openStream(app, key, { lastEventId: cursor || undefined });
              return { ...stream, leave: stream.close };
            }
            const socket = await watch({ query });
            return { ...socket, leave: () => Promise.resolve(socket.socket.close(1000)) };
          };
          let current = await connect();
          from = current.ids().length;
          const take = () => {
            seen.push(...current.ids().slice(from));
            cursor = current.cursor();
            from = 0;
          };
          for (const one of steps) {
            if (typeof one === "object") expected.push(...(await happened(app, one.log)));
            else if (one === "sleep" && !isStream) await evictAllDurableObjects();
            else {
              if (one === "kill") await abortAllDurableObjects();
              take();
              await current.leave();
              current = await connect();
            }
          }
          await current.until(expected.length - seen.length + from);
          take();
          await current.leave();
          expect(seen).toEqual(expected);
        },
      ),
      { numRuns: 20, seed: 20_261_126 },
    );
  });

  it("has the cursors of /v1/events, oldest first", async () => {
    const one = await watch();
    await happened(app, 2);
    await one.until(2);
    const cursor = one.cursor();
    const later = await happened(app, 3);
    const page = await ask(app, "GET", `/v1/events?order=asc&cursor=${cursor}`, { key });
    const { data } = await page.json<{ data: { id: string }[] }>();
    expect(ids(data)).toEqual(later);
  });

  it("starts anew from a cursor that is too old, or of a time that has not been", async () => {
    const [last] = await happened(app, 1);
    for (const time of [Date.now() - 2 * 3_600_000, Date.now() + 3_600_000]) {
      const { told } = await watch({ query: `?cursor=${time * 1000}.1` });
      expect(told.map(({ reset, data }) => [reset, ids(data)])).toEqual([[true, [last]]]);
    }
  });

  it("streams server-sent events: the same messages, resumed by Last-Event-ID", async () => {
    const before = await happened(app, 2);
    const first = await openStream(app, key);
    expect(first.ids()).toEqual(before);
    const after = await happened(app, 3);
    await first.until(5);
    expect(first.ids()).toEqual([...before, ...after]);
    const cursor = first.cursor();
    await first.close();
    await expect.poll(noted).toBe(false);
    const missed = await happened(app, 1);
    const second = await openStream(app, key, { query: "?cursor=1.1", lastEventId: cursor });
    await second.until(1);
    expect([second.told[0]?.reset, second.ids()]).toEqual([false, missed]);
    await second.close();
  });

  it("asks a socket that was sent much whether it reads, and lets go of one that does not", async () => {
    const slow = await watch({ answers: false });
    const fast = await watch();
    const sent: string[] = [];
    for (let row = 0; row < 40; row++) {
      const some = Array.from({ length: 50 }, () => anEvent(Date.now()));
      await logEvents(some);
      sent.push(...ids(some));
    }
    await object().wake();
    await fast.until(sent.length, 10_000);
    expect(fast.ids()).toEqual(sent);
    const { length } = slow.ids();
    expect(length).toBeLessThan(sent.length);
    expect(slow.told.at(-1)?.ask).toBe(true);
    // 64 KB of events in a message, and one event more.
    const lengths = fast.told.map((one) => JSON.stringify(one).length);
    expect(Math.max(...lengths)).toBeLessThan(66 * 1024);
    await runInDurableObject(object(), (_one, state) => {
      for (const socket of state.getWebSockets()) {
        const before: { askedAt: number | null } = socket.deserializeAttachment();
        const askedAt = before.askedAt === null ? null : before.askedAt - 31_000;
        socket.serializeAttachment({ ...before, askedAt });
      }
    });
    await runDurableObjectAlarm(object());
    await slow.untilThat(() => slow.closed() !== null);
    expect(slow.closed()?.code).toBe(4008);
    expect(fast.closed()).toBeNull();
    // It comes back and lacks nothing.
    const again = await watch({ query: `?cursor=${slow.cursor()}` });
    await again.until(sent.length - length, 10_000);
    expect([...slow.ids(), ...again.ids()]).toEqual(sent);
  });

  it("closes a socket that says too much", async () => {
    const one = await watch();
    one.socket.send("x".repeat(257));
    await one.untilThat(() => one.closed() !== null);
    expect(one.closed()?.code).toBe(1009);
    await expect.poll(noted).toBe(false);
  });

  it("ends with its key", async () => {
    const gone = await watch();
    const other = await givenKey();
    const stays = await openSocket(app, other.secret);
    open.push(stays.socket);
    await revokeKey(env.DB, keyId, Date.now());
    await runDurableObjectAlarm(object());
    await gone.untilThat(() => gone.closed() !== null);
    expect([gone.closed()?.code, stays.closed()]).toEqual([4001, null]);
  });

  it("takes as many as it can serve, and says so to the next", async () => {
    const sockets = await Promise.all(Array.from({ length: MAX_WATCHERS }, () => watch()));
    const full = await ask(app, "GET", PATH, { key, headers: { Upgrade: "websocket" } });
    expect([full.status, full.headers.get("Retry-After")]).toEqual([503, "60"]);
    sockets[0]?.socket.close(1000);
    const opened = async () => {
      const answer = await ask(app, "GET", PATH, { key, headers: { Upgrade: "websocket" } });
      if (answer.webSocket) {
        answer.webSocket.accept();
        open.push(answer.webSocket);
      }
      return answer.status;
    };
    await expect.poll(opened).toBe(101);
  });

  it("is not called for long by a note that a killed object left", async () => {
    await watch();
    await abortAllDurableObjects();
    expect(await noted()).toBe(true);
    await happened(app, 1);
    expect(await noted()).toBe(false);
  });
});
