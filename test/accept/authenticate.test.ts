// From an Authorization header to a key record: which forms are read, and what a known key costs. Who
// gets in where is in auth.test.ts and http.test.ts.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { authenticate } from "../../src/accept/authenticate.ts";
import { makeKey } from "../../src/model/key.ts";
import { faultyD1 } from "../support/faults.ts";
import { givenKey, ownClock, testApp } from "../support/world.ts";

const START = Date.UTC(2026, 10, 21, 10);

function given() {
  const clock = ownClock(START);
  const d1 = faultyD1(env.DB);
  return { clock, d1, app: testApp({ now: clock.now, db: d1.db }) };
}

function shown(authorization: string | null) {
  return { headers: new Headers(authorization === null ? {} : { Authorization: authorization }) };
}

describe("authenticate", () => {
  it.each(["Bearer ", "bearer ", "BEARER    "])("reads %j and the key", async (scheme) => {
    const { secret, key } = await givenKey();
    const found = await authenticate(given().app, shown(scheme + secret), "kasplo");
    expect(found).toEqual({ ok: true, value: key });
  });

  it.each([
    ["no header", () => null],
    ["an empty one", () => ""],
    ["another scheme", (secret: string) => `Token ${secret}`],
    ["a tab after the scheme", (secret: string) => `Bearer\t${secret}`],
    ["something before", (secret: string) => `x Bearer ${secret}`],
    ["something behind", (secret: string) => `Bearer ${secret} x`],
    ["quotes", (secret: string) => `Bearer "${secret}"`],
    ["a comma", (secret: string) => `Bearer ${secret},`],
    ["a long text", () => `Bearer ${"x".repeat(100_000)}`],
  ])("refuses %s without asking the database", async (_name, header) => {
    const { app, d1 } = given();
    const { secret } = await givenKey();
    const found = await authenticate(app, shown(header(secret)), "kasplo");
    expect(found).toMatchObject({ ok: false, error: { kind: "unauthorized" } });
    expect(JSON.stringify(found).includes(secret)).toBe(false);
    expect(d1.calls()).toEqual([]);
  });

  it("says what is wrong: unknown, revoked, expired, of another family", async () => {
    const { app } = given();
    const reasonOf = async (secret: string) => {
      const found = await authenticate(app, shown(`Bearer ${secret}`), "kasplo");
      return found.ok || found.error.kind !== "unauthorized" ? "" : found.error.reason;
    };
    const revoked = await givenKey();
    await env.DB.prepare("update keys set revoked_at = 1 where id = ?1").bind(revoked.key.id).run();
    expect(await reasonOf(makeKey("kasplo"))).toContain("does not exist");
    expect(await reasonOf(revoked.secret)).toContain("was revoked");
    expect(await reasonOf((await givenKey({ expiresAt: START })).secret)).toContain("has expired");
    expect(await reasonOf((await givenKey({}, "kasapost")).secret)).toContain("for this API");
  });

  it("asks the database once in 25 s for a key, and for one that does not exist", async () => {
    const { app, d1, clock } = given();
    for (const secret of [(await givenKey()).secret, makeKey("kasplo")]) {
      d1.reset();
      const ask = () => authenticate(app, shown(`Bearer ${secret}`), "kasplo");
      await ask();
      clock.advance(24_999);
      await ask();
      expect(d1.calls().length).toBe(1);
      clock.advance(1);
      await ask();
      expect(d1.calls().length).toBe(2);
    }
  });

  it("does not remember that the database was down", async () => {
    const { app, d1 } = given();
    const { secret } = await givenKey();
    d1.plan({ on: () => true, mode: "before" });
    await expect(authenticate(app, shown(`Bearer ${secret}`), "kasplo")).rejects.toThrow(
      "injected",
    );
    d1.plan(null);
    expect((await authenticate(app, shown(`Bearer ${secret}`), "kasplo")).ok).toBe(true);
  });
});
