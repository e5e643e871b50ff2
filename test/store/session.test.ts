// Which sessions are good. Tries to sign in: counted one by one, locked for longer each time, forgotten after a day.
import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import {
  FORGET_MS,
  FREE_OF_ACCOUNT,
  FREE_OF_ADDRESS,
  MAX_LOCK_MS,
} from "../../src/model/log-in.ts";
import { IDLE_MS, ABSOLUTE_MS } from "../../src/model/session.ts";
import { countTry, goodSessions } from "../../src/store/session.ts";
import { givenPerson } from "../support/people.ts";

const START = Date.UTC(2026, 10, 21, 10);
const ACCOUNT = { hash: "account", free: FREE_OF_ACCOUNT };
const NETWORK = { hash: "network", free: FREE_OF_ADDRESS };

beforeEach(() => env.DB.prepare("delete from log_in_tries").run());

it("locks an account for longer with each try, at most a quarter of an hour", async () => {
  let now = START;
  for (let n = 0; n < FREE_OF_ACCOUNT; n++) expect(await countTry(env.DB, [ACCOUNT], now)).toBe(0);
  const locks: number[] = [];
  for (let n = 0; n < 12; n++) {
    expect(await countTry(env.DB, [ACCOUNT], now)).toBe(0);
    const wait = await countTry(env.DB, [ACCOUNT], now);
    locks.push(wait);
    now += wait;
  }
  expect(locks.slice(0, 4)).toEqual([2_000, 4_000, 8_000, 16_000]);
  expect(locks.slice(-2)).toEqual([MAX_LOCK_MS, MAX_LOCK_MS]);
});

it("counts a try that is locked out for nobody", async () => {
  for (let n = 0; n <= FREE_OF_ACCOUNT; n++) await countTry(env.DB, [ACCOUNT], START);
  expect(await countTry(env.DB, [ACCOUNT, NETWORK], START)).toBe(2_000);
  const { results } = await env.DB.prepare("select subject, tries from log_in_tries").all();
  expect(results).toEqual([{ subject: "account", tries: FREE_OF_ACCOUNT + 1 }]);
});

it("counts tries that come at the same moment one by one", async () => {
  const waits = await Promise.all(
    Array.from({ length: 12 }, () => countTry(env.DB, [ACCOUNT, NETWORK], START)),
  );
  expect(waits.filter((wait) => wait === 0).length).toBe(FREE_OF_ACCOUNT + 1);
});

it("forgets a day after the last one", async () => {
  for (let n = 0; n <= FREE_OF_ACCOUNT; n++) await countTry(env.DB, [ACCOUNT], START);
  const later = START + FORGET_MS + 1;
  for (let n = 0; n < FREE_OF_ACCOUNT; n++)
    expect(await countTry(env.DB, [ACCOUNT], later)).toBe(0);
  expect(await countTry(env.DB, [ACCOUNT], later)).toBe(0);
  expect(await countTry(env.DB, [ACCOUNT], later)).toBe(2_000);
});

it.each([
  ["while it is used", "update sessions set seen_at = seen_at", 0, true],
  ["not when it was ended", "delete from sessions", 0, false],
  ["not when its user is disabled", "update users set disabled_at = 1", 0, false],
  ["not when nobody used it for long", "update sessions set ip = ip", IDLE_MS, false],
  [
    "not when it is old",
    `update sessions set seen_at = ${START + ABSOLUTE_MS}`,
    ABSOLUTE_MS,
    false,
  ],
] as const)("lets the live feed of a session go on %s", async (_when, change, after, goesOn) => {
  const { sessionId } = await givenPerson({ role: "analyst", now: START });
  await env.DB.prepare(change).run();
  const good = await goodSessions(env.DB, [sessionId, "a key's id"], START + after);
  expect([...good]).toEqual(goesOn ? [sessionId] : []);
});
