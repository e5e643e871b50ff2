// The gateway asks who may log in (contract 1.6, D-02; reliability §5.1): the right password does, nothing
// else does, and nobody learns from the answer which part was wrong.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { faultyD1 } from "../../support/faults.ts";
import { gatewayApp, GATEWAY_SECRET, givenCredential, logIn } from "../../support/raw.ts";
import { ask, givenKey, ownClock, testApp } from "../../support/world.ts";
import { expectError } from "../kasplo/native.ts";

const WRONG = { status: 401, code: "invalid_credentials" };
const START = Date.UTC(2026, 10, 21, 10);

/** An address that no other test of the file is locked out with. */
let peers = 0;
const peer = (): string => `198.51.100.${++peers}`;

describe("the door of the gateway", () => {
  const body = { username: "u", password: "p", peer_ip: "192.0.2.1", tls: true };

  it("is not there without a secret", async () => {
    for (const [method, path] of [
      ["POST", "/internal/smtp/auth"],
      ["POST", "/internal/smtp/ingest"],
      ["GET", "/internal/smtp/auth"],
    ] as const) {
      const answer = await ask(testApp(), method, path, { key: GATEWAY_SECRET });
      await expectError(answer, { status: 404, code: "not_found" });
    }
  });

  it("opens to each of its secrets and to nothing else", async () => {
    const app = gatewayApp();
    const old = btoa("another secret of thirty-two bytes");
    for (const key of [GATEWAY_SECRET, old]) {
      const answer = await ask(app, "POST", "/internal/smtp/auth", { key, body });
      await expectError(answer, WRONG);
    }
    const { secret } = await givenKey();
    for (const key of ["", "x", "AAAA", secret, `new:${GATEWAY_SECRET}`, GATEWAY_SECRET.slice(1)]) {
      const answer = await ask(app, "POST", "/internal/smtp/auth", { key, body });
      await expectError(answer, { status: 401, code: "unauthorized" });
    }
  });
});

describe("a login", () => {
  it("with the right password is answered with what the gateway must know", async () => {
    const app = gatewayApp();
    const { credential, username, password } = await givenCredential(app, {
      mailClass: "marketing",
    });
    for (const name of [username, username.toUpperCase()]) {
      const answer = await logIn(app, { username: name, password });
      expect(answer.status).toBe(200);
      expect(await answer.json()).toEqual({
        data: {
          credential_id: credential.id,
          max_size: 40 * 1024 * 1024,
          mail_class: "marketing",
          require_tls: false,
        },
      });
    }
  });

  it("that is wrong in any way gets one answer (A-036)", async () => {
    const app = gatewayApp();
    const { username, password } = await givenCredential(app);
    const other = await givenCredential(app, { domain: "other.test" });
    const revoked = await givenCredential(app, { revokedAt: 1 });
    const expired = await givenCredential(app, { expiresAt: 1 });
    const texts = [];
    for (const login of [
      { username, password: `${password}x` },
      { username, password: "" },
      { username: "user-name", password },
      { username: other.username.replace("other.test", "edgepost.test"), password: other.password },
      { username, password: other.password },
      { username: revoked.username, password: revoked.password },
      { username: expired.username, password: expired.password },
      { username: "' or 1=1 --", password },
    ]) {
      texts.push(await expectError(await logIn(app, { ...login, peer_ip: peer() }), WRONG));
    }
    expect(new Set(texts).size).toBe(1);
  });

  it("takes the same one read for an unknown user as for a known one", async () => {
    const d1 = faultyD1(env.DB);
    const app = gatewayApp({ db: d1.db });
    const { username } = await givenCredential(gatewayApp());
    const calls = [];
    for (const name of [username, "nobody", username.replace("@edgepost", "@edgeposs")]) {
      const before = d1.calls().length;
      await logIn(app, { username: name, password: "x", peer_ip: peer() });
      calls.push(
        d1
          .calls()
          .slice(before)
          .map(({ kind, sql }) => [kind, sql]),
      );
    }
    expect(calls[0]).toHaveLength(1);
    expect(calls[1]).toEqual(calls[0]);
    expect(calls[2]).toEqual(calls[0]);
  });

  it("in clear is refused when the credential demands TLS, but only to who knows the password", async () => {
    const app = gatewayApp();
    const { username, password } = await givenCredential(app, { requireTls: true });
    const refused = await logIn(app, { username, password, tls: false });
    await expectError(refused, { status: 403, code: "tls_required" });
    const wrong = await logIn(app, { username, password: "x", tls: false, peer_ip: peer() });
    await expectError(wrong, WRONG);
    expect((await logIn(app, { username, password })).status).toBe(200);
  });

  it("is answered with 503 while the database does not answer, and counts as no failure", async () => {
    const d1 = faultyD1(env.DB);
    const app = gatewayApp({ db: d1.db, log() {} });
    const { username, password } = await givenCredential(gatewayApp());
    const login = { username, password, peer_ip: peer() };
    d1.plan({ on: () => true, mode: "before" });
    for (let n = 0; n < 25; n++) {
      await expectError(await logIn(app, login), { status: 503, code: "unavailable" });
    }
    d1.plan(null);
    expect((await logIn(app, login)).status).toBe(200);
  });

  it("names the field that is wrong, and never repeats the password", async () => {
    const body = { username: "u", password: "canary", peer_ip: "nowhere" };
    const answer = await logIn(gatewayApp(), body);
    const text = await answer.clone().text();
    await expectError(answer, { status: 400, code: "invalid_request", field: "peer_ip" });
    expect(text).not.toContain("canary");
  });
});

describe("guessing", () => {
  it("makes a user name wait longer and longer, its owner too", async () => {
    const clock = ownClock(START);
    const app = gatewayApp({ now: clock.now });
    const { username, password } = await givenCredential(app);
    const waits: (string | null)[] = [];
    for (let n = 0; n < 16; n++) {
      const answer = await logIn(app, { username, password: "x", peer_ip: peer() });
      const after = answer.headers.get("Retry-After");
      if (answer.status === 429) {
        waits.push(after);
        clock.advance(Number(after) * 1_000);
      }
    }
    expect(waits).toEqual(["1", "2", "4", "8", "16"]);
    await logIn(app, { username, password: "x", peer_ip: peer() });
    const locked = await logIn(app, { username, password, peer_ip: peer() });
    await expectError(locked, { status: 429, code: "too_many_attempts" });
    clock.advance(60_000);
    expect((await logIn(app, { username, password, peer_ip: peer() })).status).toBe(200);
    expect((await logIn(app, { username, password: "x", peer_ip: peer() })).status).toBe(401);
  });

  it("makes an address wait, whatever user names it tries; an IPv6 network is one address", async () => {
    const clock = ownClock(START);
    const app = gatewayApp({ now: clock.now });
    const { username, password } = await givenCredential(app);
    for (const network of ["203.0.113.9", "2001:db8:1:2::"]) {
      const address = (n: number) => (network.includes(":") ? `${network}${n}` : network);
      for (let n = 0; n < 21; n++) {
        const login = { username: `u${network}${n}`, password: "x", peer_ip: address(n) };
        expect((await logIn(app, login)).status).toBe(401);
      }
      const locked = await logIn(app, { username, password, peer_ip: address(99) });
      await expectError(locked, { status: 429, code: "too_many_attempts" });
    }
    expect((await logIn(app, { username, password, peer_ip: "203.0.113.10" })).status).toBe(200);
    expect((await logIn(app, { username, password, peer_ip: "2001:db8:1:3::1" })).status).toBe(200);
  });

  it("is not helped by logging in with a credential of one's own in between", async () => {
    const app = gatewayApp({ now: ownClock(START).now });
    const { username, password } = await givenCredential(app);
    const statuses = [];
    for (let n = 0; n < 22; n++) {
      await logIn(app, { username: `v${n}`, password: "x", peer_ip: "203.0.113.77" });
      statuses.push((await logIn(app, { username, password, peer_ip: "203.0.113.77" })).status);
    }
    expect(statuses.at(-1)).toBe(429);
  });
});

describe("when a credential was used last", () => {
  it("is written once an hour", async () => {
    const clock = ownClock(START);
    const d1 = faultyD1(env.DB);
    const app = gatewayApp({ now: clock.now, db: d1.db });
    const { credential, username, password } = await givenCredential(gatewayApp());
    const written = async () => {
      expect((await logIn(app, { username, password })).status).toBe(200);
      await app.idle();
      const row = await env.DB.prepare(
        "select last_used_at as at from smtp_credentials where id = ?1",
      )
        .bind(credential.id)
        .first<{ at: number | null }>();
      return row?.at;
    };
    expect(await written()).toBe(START);
    clock.advance(3_599_000);
    const before = d1.calls().length;
    expect(await written()).toBe(START);
    expect(d1.calls().length - before).toBe(1);
    clock.advance(1_000);
    expect(await written()).toBe(START + 3_600_000);
  });
});
