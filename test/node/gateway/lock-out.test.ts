// Who guesses is slowed down and stopped; who knows the password is not.
import { describe, expect, it } from "vitest";
import { lockOut, networkOf } from "../../../gateway/lock-out.ts";

const LIMITS = { delayMs: 100, lockMs: 900_000 };
const MINUTE = 60_000;

const ada = { username: "ada@example.com", address: "192.0.2.1" };

function fail(lock: ReturnType<typeof lockOut>, times: number, attempt = ada, now = 0): number[] {
  return Array.from({ length: times }, () => lock.failed(attempt, now));
}

describe("the lock", () => {
  it("delays longer with each failure and closes for this user and address after five", () => {
    const lock = lockOut(LIMITS);
    expect(fail(lock, 4)).toEqual([100, 200, 400, 800]);
    expect(lock.lockedFor(ada, 0)).toBe(0);
    expect(fail(lock, 1)).toEqual([800]);
    expect(lock.lockedFor(ada, 1_000)).toBe(899_000);
    expect(lock.lockedFor({ ...ada, username: "ADA@example.com" }, 1_000)).toBe(899_000);
    expect(lock.lockedFor({ ...ada, username: "bob@example.com" }, 1_000)).toBe(0);
    expect(lock.lockedFor({ ...ada, address: "192.0.2.2" }, 1_000)).toBe(0);
  });

  it("opens again when its time is over, and starts from nothing", () => {
    const lock = lockOut(LIMITS);
    fail(lock, 5);
    expect(lock.lockedFor(ada, 900_000)).toBe(0);
    expect(lock.failed(ada, 900_000)).toBe(100);
    expect(lock.lockedFor(ada, 900_000)).toBe(0);
  });

  it("forgets failures of long ago, and those before a success", () => {
    const lock = lockOut(LIMITS);
    fail(lock, 4);
    expect(lock.failed(ada, 11 * MINUTE)).toBe(100);
    fail(lock, 3, ada, 11 * MINUTE);
    lock.succeeded(ada, 11 * MINUTE);
    expect(lock.failed(ada, 11 * MINUTE)).toBe(100);
  });

  it("closes an address that tries many users", () => {
    const lock = lockOut(LIMITS);
    for (let n = 0; n < 20; n++) lock.failed({ ...ada, username: `u${n}@example.com` }, 0);
    expect(lock.lockedFor({ ...ada, username: "new@example.com" }, 0)).toBe(900_000);
    expect(lock.lockedFor({ ...ada, address: "192.0.2.2" }, 0)).toBe(0);
  });

  it("closes a user whom many addresses try, but not to whoever signed in from there lately", () => {
    const lock = lockOut(LIMITS);
    lock.succeeded(ada, 0);
    for (let n = 0; n < 50; n++) lock.failed({ ...ada, address: `198.51.100.${n}` }, MINUTE);
    expect(lock.lockedFor({ ...ada, address: "203.0.113.9" }, MINUTE)).toBe(900_000);
    expect(lock.lockedFor(ada, MINUTE)).toBe(0);
    expect(lock.lockedFor(ada, 25 * 60 * MINUTE)).toBe(0);
  });

  it("counts a /64 of IPv6 as one address, and mapped IPv4 as IPv4", () => {
    expect(networkOf("2001:db8:1:2:3::4")).toBe(networkOf("2001:db8:1:2:ffff::1"));
    expect(networkOf("2001:db8:1:2::1")).not.toBe(networkOf("2001:db8:1:3::1"));
    expect(networkOf("::ffff:192.0.2.1")).toBe("192.0.2.1");
    expect(networkOf("")).toBe("");
  });

  it("remembers a bounded number of strangers", () => {
    const lock = lockOut(LIMITS);
    for (let n = 0; n < 25_000; n++) lock.failed({ username: `u${n}`, address: `a${n}` }, 0);
    fail(lock, 5);
    expect(lock.lockedFor(ada, 0)).toBe(900_000);
  });
});
