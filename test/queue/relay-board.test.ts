// The relays of one run: their order and logins, and what it learns of them and writes down.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { seal } from "../../src/lib/seal.ts";
import type { UsableRelay } from "../../src/model/relay.ts";
import { relayBoard } from "../../src/queue/relay-board.ts";
import { insertRelay } from "../../src/store/relay.ts";
import { emptyLedger } from "../support/ledger.ts";
import { faultyD1 } from "../support/faults.ts";
import { ownClock, testApp, type TestApp } from "../support/world.ts";

const START = Date.UTC(2026, 10, 21, 10);
const SECOND = 1_000;

beforeEach(emptyLedger);

const LOGIN = {
  host: "default.example.com",
  port: 465,
  tls: "implicit",
  username: "u",
  password: "p",
  allowCleartextAuth: false,
} as const;

/** An app with a clock and a log of its own; the default relay only where it is asked for. */
function given(options: { withDefault?: boolean; localDev?: boolean } = {}) {
  const clock = ownClock(START);
  const logged: unknown[] = [];
  const { config } = testApp();
  const app = testApp({
    now: clock.now,
    log: (...line) => void logged.push(line),
    config: {
      ...config,
      localDev: options.localDev ?? false,
      defaultRelay: options.withDefault ? LOGIN : null,
    },
  });
  return { app, clock, logged };
}

async function givenRelay(
  app: TestApp,
  id: string,
  change: { password?: string; sealedPassword?: string; tls?: "none" } = {},
): Promise<void> {
  const { password, sealedPassword, tls = "starttls" } = change;
  const sealed =
    password === undefined ? null : await seal(app.config.encryptionKey, `relay:${id}`, password);
  await insertRelay(env.DB, {
    id,
    name: id,
    host: `${id}.example.com`,
    port: 587,
    tls,
    username: password === undefined && sealedPassword === undefined ? null : "user",
    verp: true,
    createdAt: Number(id.slice(1)),
    sealedPassword: sealedPassword ?? sealed,
  });
}

async function health(): Promise<readonly unknown[]> {
  const sql = "select relay_id, failures, aside_until, reason from relay_health order by relay_id";
  return (await env.DB.prepare(sql).all()).results;
}

function chosen(board: Awaited<ReturnType<typeof relayBoard>>): UsableRelay {
  const relay = board.take("default");
  if (!relay) throw new Error("there is no relay");
  return relay;
}

describe("the relays of a run", () => {
  it("come in the order they were made, RELAY_URL last, with their passwords opened", async () => {
    const { app } = given({ withDefault: true });
    await givenRelay(app, "r2");
    await givenRelay(app, "r1", { password: "geheim" });
    const board = await relayBoard(app);
    const first = chosen(board);
    expect(first.login).toEqual({
      host: "r1.example.com",
      port: 587,
      tls: "starttls",
      username: "user",
      password: "geheim",
      allowCleartextAuth: false,
    });
    const after = (...ids: string[]) => board.take("default", { tried: new Set(ids) });
    expect([first.id, after("r1")?.id]).toEqual(["r1", "r2"]);
    expect(after("r1", "r2")).toMatchObject({ id: "default", login: LOGIN });
    expect(after("r1", "r2", "default")).toBeNull();
  });

  it.each([
    [true, true],
    [false, false],
  ])("log in without TLS only in local development: %s", async (localDev, allowed) => {
    const { app } = given({ localDev });
    await givenRelay(app, "r1", { tls: "none" });
    expect(chosen(await relayBoard(app)).login.allowCleartextAuth).toBe(allowed);
  });

  it("cost one round trip", async () => {
    const { app } = given();
    const d1 = faultyD1(env.DB);
    await relayBoard({ ...app, db: d1.db });
    expect(d1.calls().length).toBe(1);
  });

  it("are none when none is configured", async () => {
    const board = await relayBoard(given().app);
    expect([board.route("default"), board.take("default")]).toEqual([{ kind: "none" }, null]);
  });

  it("do not include one whose password does not open; the others go on", async () => {
    const { app, logged } = given();
    await givenRelay(app, "r1", { sealedPassword: "moved from another deployment" });
    await givenRelay(app, "r2", { password: "geheim" });
    const board = await relayBoard(app);
    expect(chosen(board).id).toBe("r2");
    expect(board.take("default", { tried: new Set(["r2"]) })).toBeNull();
    expect(logged).toEqual([
      ["error", "relay_password_unreadable", { relay: "r1", reason: expect.any(String) }],
    ]);
  });
});

describe("a relay that fails", () => {
  it("stays in use twice, is put aside the third time, and longer each time after", async () => {
    const { app, clock, logged } = given();
    await givenRelay(app, "r1");
    const board = await relayBoard(app);
    const relay = chosen(board);
    const seen = [];
    for (let failures = 1; failures <= 5; failures++) {
      board.failed(relay, `reason ${failures}`);
      const route = board.route("default");
      seen.push(route.kind === "wait" ? (route.until - clock.now()) / SECOND : route.kind);
      if (route.kind === "wait") clock.advance(route.until - clock.now());
    }
    expect(seen).toEqual(["open", "open", 30, 60, 120]);
    await app.idle();
    expect(await health()).toEqual([
      { relay_id: "r1", failures: 5, aside_until: clock.now(), reason: "reason 5" },
    ]);
    expect(logged.length).toBe(5);
  });

  it("is not put aside for longer by connects that were under way", async () => {
    const { app, clock } = given();
    await givenRelay(app, "r1");
    const board = await relayBoard(app);
    const relay = chosen(board);
    for (let n = 0; n < 7; n++) board.failed(relay, "refused");
    expect(board.route("default")).toEqual({ kind: "wait", until: clock.now() + 30 * SECOND });
    await app.idle();
    expect(await health()).toMatchObject([{ failures: 3 }]);
  });

  it("is known to the next run, which probes it when its time is over", async () => {
    const { app, clock } = given();
    await givenRelay(app, "r1");
    await givenRelay(app, "r2");
    const board = await relayBoard(app);
    for (let n = 0; n < 3; n++) board.failed(chosen(board), "refused");
    expect(chosen(board).id).toBe("r2");
    await app.idle();
    const next = await relayBoard(app);
    expect(chosen(next).id).toBe("r2");
    clock.advance(30 * SECOND);
    expect(next.route("default")).toMatchObject({ kind: "open", probe: { id: "r1" } });
    expect([chosen(next).id, chosen(next).id]).toEqual(["r1", "r2"]);
  });

  it("is forgiven as soon as it works, with one write", async () => {
    const { app } = given();
    await givenRelay(app, "r1");
    const board = await relayBoard(app);
    const relay = chosen(board);
    board.failed(relay, "refused");
    await app.idle();
    const d1 = faultyD1(env.DB);
    const again = await relayBoard({ ...app, db: d1.db });
    d1.reset();
    for (let n = 0; n < 3; n++) again.works(relay);
    await app.idle();
    expect([d1.calls().length, await health()]).toEqual([1, []]);
    expect(chosen(again).health).toBeNull();
  });
});
