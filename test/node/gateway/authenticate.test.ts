// AUTH against a Worker that says what the real one may say, and against one that says nothing.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WorkerAct } from "../../peers/submission-worker.ts";
import { connectRaw, plain, submit } from "./smtp-client.ts";
import {
  type GatewayWorld,
  PASSWORD,
  SECRET,
  startGatewayWorld,
  USER,
  writeTenants,
} from "./world.ts";

const MAIL = { to: ["you@example.com"], content: "From: hello@edgepost.test\r\n\r\nHi" };

let world: GatewayWorld;
const acts = new Map<string, WorkerAct>();

beforeAll(async () => {
  world = await startGatewayWorld({
    auth: ({ username }) => acts.get(username) ?? null,
    ingest: (headers) =>
      headers["x-credential-id"] === "id-of-revoked@edgepost.test"
        ? { status: 401, code: "invalid_credentials", message: "this credential was revoked" }
        : null,
    credentials: Object.fromEntries(
      ["remembered", "revoked", "moved"].map((name) => [
        `${name}@edgepost.test`,
        { password: PASSWORD },
      ]),
    ),
  });
});
afterAll(() => world.stop());

async function auth(username: string, password = PASSWORD, from = "127.0.0.1"): Promise<string> {
  const client = await connectRaw({ port: world.smtp, from });
  await client.reply();
  await client.ask("EHLO client.test");
  const reply = await client.ask(`AUTH PLAIN ${plain(username, password)}`);
  client.close();
  return reply;
}

function askedAbout(username: string): number {
  return world.worker.asked.filter((one) => one.username === username).length;
}

describe("the Worker", () => {
  it("is told the client's address and whether there was TLS, and asked once a minute", async () => {
    expect(await auth("remembered@edgepost.test")).toMatch(/^235 /);
    expect(await auth("remembered@edgepost.test")).toMatch(/^235 /);
    expect(await auth("remembered@edgepost.test", "wrong", "127.0.0.9")).toMatch(/^535 /);
    const asked = world.worker.asked.filter((one) => one.username.startsWith("remembered"));
    expect(asked.map(({ peer_ip, tls }) => [peer_ip, tls])).toEqual([
      ["127.0.0.1", false],
      ["127.0.0.9", false],
    ]);
  });

  it.each<readonly [string, WorkerAct, string]>([
    ["busy", { status: 503, code: "unavailable" }, "454 4.7.0 Temporary authentication failure"],
    ["broken", { status: 500 }, "454 4.7.0 Temporary authentication failure"],
    ["stranger", { status: 401, code: "unauthorized" }, "454 4.7.0 Temporary authentication"],
    ["without gateways", { status: 404, code: "not_found" }, "454 4.7.0 Temporary authentication"],
    ["cut off", { drop: "reset" }, "454 4.7.0 Temporary authentication failure"],
    ["moved away", { status: 301, headers: { location: "/" } }, "454 4.7.0 Temporary"],
    ["odd", { status: 200 }, "454 4.7.0 Temporary authentication failure"],
    [
      "locking",
      { status: 429, code: "too_many_attempts", headers: { "retry-after": "42" } },
      "454 4.7.0 Too many failed attempts; try again in 42 s",
    ],
    ["strict", { status: 403, code: "tls_required" }, "538 5.7.11 Encryption required"],
  ])("that is %s", async (name, act, reply) => {
    const username = `${name.replaceAll(" ", "-")}@edgepost.test`;
    acts.set(username, act);
    const replies = await Promise.all(Array.from({ length: 6 }, () => auth(username)));
    for (const one of replies) expect(one).toContain(reply);
    // Nothing of it counts as a wrong password.
    expect(askedAbout(username)).toBe(6);
  });

  it("refuses a revoked credential at the message, and AUTH asks again then", async () => {
    const client = await connectRaw({ port: world.smtp });
    await client.reply();
    await client.ask("EHLO client.test");
    await client.ask(`AUTH PLAIN ${plain("revoked@edgepost.test", PASSWORD)}`);
    expect(await submit(client, MAIL)).toBe("550 5.7.1 this credential was revoked");
    client.close();
    acts.set("revoked@edgepost.test", { status: 401, code: "invalid_credentials" });
    expect(await auth("revoked@edgepost.test")).toMatch(/^535 5\.7\.8 /);
  });
});

describe("guessing", () => {
  it("is stopped after five tries for this user from this address, and asks nobody then", async () => {
    const username = "guessed@edgepost.test";
    for (let n = 0; n < 5; n++) {
      expect(await auth(username, `guess ${n}`, "127.0.0.2")).toMatch(/^535 /);
    }
    expect(await auth(username, "guess 5", "127.0.0.2")).toMatch(
      /^454 4\.7\.0 Too many failed attempts; try again in \d+ s$/,
    );
    expect(askedAbout(username)).toBe(5);
    expect(await auth(USER, PASSWORD, "127.0.0.2")).toMatch(/^235 /);
  });

  it("of many users from one address locks the address, and nobody else", async () => {
    const names = Array.from({ length: 20 }, (_, n) => `many${n}@edgepost.test`);
    await Promise.all(names.map((name) => auth(name, "x", "127.0.0.3")));
    expect(await auth("one-more@edgepost.test", "x", "127.0.0.3")).toMatch(/^454 4\.7\.0 /);
    expect(await auth(USER, PASSWORD, "127.0.0.4")).toMatch(/^235 /);
  });

  it("takes longer each time", async () => {
    const slow = await startGatewayWorld({ env: { AUTH_DELAY_MS: "60" } });
    const client = await connectRaw({ port: slow.smtp });
    await client.reply();
    await client.ask("EHLO client.test");
    const times: number[] = [];
    for (let n = 0; n < 3; n++) {
      const since = performance.now();
      await client.ask(`AUTH PLAIN ${plain(USER, "wrong")}`);
      times.push(performance.now() - since);
    }
    expect(times.map((ms, n) => ms >= 60 * 2 ** n - 2)).toEqual([true, true, true]);
    client.close();
    await slow.stop();
  });
});

describe("the log and the metrics", () => {
  it("hold no password, no secret and no recipient", async () => {
    const text = world.logText() + (await world.metrics());
    for (const secret of [PASSWORD, SECRET, "guess 0", "you@example.com"]) {
      expect(text).not.toContain(secret);
    }
    for (const secret of [PASSWORD, plain(USER, PASSWORD)]) {
      expect(text).not.toContain(Buffer.from(secret).toString("base64"));
    }
    expect(text).toContain('edgepost_gateway_auth_total{result="locked"}');
  });
});

describe("the tenants file", () => {
  it("is read again when it changes, forgets verdicts then, and a wrong one changes nothing", async () => {
    const own = await startGatewayWorld();
    const signIn = async (): Promise<string> => {
      const client = await connectRaw({ port: own.smtp });
      await client.reply();
      await client.ask("EHLO client.test");
      const reply = await client.ask(`AUTH PLAIN ${plain(USER, PASSWORD)}`);
      client.close();
      return reply;
    };
    expect(await signIn()).toMatch(/^235 /);
    writeTenants(own.folder, { "edgepost.test": { worker_url: "no", secret: SECRET } });
    await own.gateway.reload();
    expect(own.log().at(-1)).toMatchObject({ level: "error", event: "reload_failed" });
    expect(await signIn()).toMatch(/^235 /);
    writeTenants(own.folder, { "other.test": { worker_url: own.worker.url, secret: SECRET } });
    await own.gateway.reload();
    expect(own.log().at(-1)).toMatchObject({ level: "info", event: "reloaded" });
    expect(await signIn()).toMatch(/^535 /);
    await own.stop();
  });
});
