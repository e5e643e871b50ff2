// The gateway as a whole: its status port, its files, its limits, and its end.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { describe, expect, it } from "vitest";
import { makeCertificates } from "../../peers/certificate.ts";
import { startGatewayProcess } from "./gateway-process.ts";
import { connectRaw, signIn, submit } from "./smtp-client.ts";
import { type GatewayWorld, gatewayEnv, PASSWORD, startGatewayWorld, USER } from "./world.ts";

const MAIL = { to: ["you@example.com"], content: "From: hello@edgepost.test\r\n\r\nHi" };

describe("the status port", () => {
  it("tells health and metrics, and nothing else", async () => {
    const world = await startGatewayWorld();
    const base = `http://127.0.0.1:${world.gateway.statusPort}`;
    const client = await signIn({ port: world.smtp }, USER, PASSWORD);
    await submit(client, MAIL);
    const health = await fetch(`${base}/health`);
    expect([health.status, await health.json()]).toEqual([200, { status: "ok" }]);
    const metrics = await (await fetch(`${base}/metrics`)).text();
    for (const line of [
      'edgepost_gateway_connections_total{tls="false"} 1',
      'edgepost_gateway_auth_total{result="accepted"} 1',
      'edgepost_gateway_messages_total{code="250"} 1',
      'edgepost_gateway_replies_total{code="354"} 1',
      "edgepost_gateway_connections 1",
      "edgepost_gateway_uploads 0",
      "edgepost_gateway_tenants 1",
      "edgepost_gateway_message_bytes_total 33",
      "edgepost_gateway_worker_wait_seconds_count 1",
      'edgepost_gateway_worker_wait_seconds_bucket{le="+Inf"} 1',
    ]) {
      expect(metrics.split("\n")).toContain(line);
    }
    const names = [...metrics.matchAll(/^# TYPE (\S+)/gm)].map((line) => line[1]);
    expect(new Set(names).size).toBe(names.length);
    expect((await fetch(`${base}/`)).status).toBe(404);
    expect((await fetch(`${base}/metrics`, { method: "POST" })).status).toBe(405);
    client.close();
    await world.stop();
  });
});

describe("the certificate", () => {
  it("is read again when it changes; a wrong pair changes nothing", async () => {
    const world = await startGatewayWorld();
    const files = (cert: string, key: string): void => {
      writeFileSync(join(world.folder, "cert.pem"), cert);
      writeFileSync(join(world.folder, "key.pem"), key);
    };
    const seen = (): Promise<readonly string[]> =>
      Promise.all([onTlsPort(world), byStartTls(world)]);
    const [first] = await seen();
    const next = makeCertificates().leaves.trusted;
    files(next.cert, world.certificates.leaves.trusted.key);
    await world.gateway.reload();
    expect(world.log().at(-1)).toMatchObject({ level: "error", event: "reload_failed" });
    expect(await seen()).toEqual([first, first]);
    files(next.cert, next.key);
    await world.gateway.reload();
    expect(world.log().at(-1)).toMatchObject({ event: "reloaded" });
    const [second, other] = await seen();
    expect(second).toBe(other);
    expect(second).not.toBe(first);
    await world.stop();
  });

  it("is never shown over less than TLS 1.2", async () => {
    const world = await startGatewayWorld();
    const old = connectTls({
      port: world.smtps,
      host: "127.0.0.1",
      servername: "localhost",
      ca: world.certificates.ca,
      minVersion: "TLSv1",
      maxVersion: "TLSv1.1",
      ciphers: "DEFAULT@SECLEVEL=0",
    });
    const error = await new Promise<Error>((resolve) => old.once("error", resolve));
    expect(error.message).toMatch(/version|protocol|alert|reset|disconnected/i);
    await world.stop();
  });
});

async function onTlsPort({ smtps }: GatewayWorld): Promise<string> {
  const socket = connectTls({ port: smtps, host: "127.0.0.1", rejectUnauthorized: false });
  await new Promise((resolve) => socket.once("secureConnect", resolve));
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

async function byStartTls({ smtp }: GatewayWorld): Promise<string> {
  const client = await connectRaw({ port: smtp });
  await client.reply();
  await client.ask("EHLO x");
  await client.ask("STARTTLS");
  const socket = connectTls({ socket: client.socket(), rejectUnauthorized: false });
  await new Promise((resolve) => socket.once("secureConnect", resolve));
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

describe("connections", () => {
  it("are limited for each address, and a place that is left can be taken again", async () => {
    const world = await startGatewayWorld({ env: { MAX_CONNECTIONS_PER_ADDRESS: "2" } });
    const open = (from: string) => connectRaw({ port: world.smtp, from });
    const [first, second] = [await open("127.0.0.2"), await open("127.0.0.2")];
    const third = await open("127.0.0.2");
    expect(await third.reply()).toBe("421 4.7.0 Too many connections from your address");
    await third.ended;
    const tls = connectRaw({ port: world.smtps, ca: world.certificates.ca, from: "127.0.0.2" });
    await expect(tls).rejects.toThrow(/disconnected|reset/);
    const other = await open("127.0.0.3");
    expect(await other.reply()).toMatch(/^220 /);
    first.close();
    await first.ended;
    await sleep(50);
    const again = await open("127.0.0.2");
    expect(await again.reply()).toMatch(/^220 /);
    for (const one of [second, other, again]) one.close();
    expect(await world.metrics()).toContain('connections_refused_total{reason="address"} 2');
    await world.stop();
  });

  it("give their place back however they end, TLS or not", async () => {
    const world = await startGatewayWorld({ env: { MAX_CONNECTIONS_PER_ADDRESS: "1" } });
    const ca = world.certificates.ca;
    const open = async (way: { port: number; ca?: string }) => {
      const client = await connectRaw(way);
      expect(await client.reply()).toMatch(/^220 /);
      await client.ask("EHLO client.test");
      return client;
    };
    const ends = [
      async () => (await open({ port: world.smtp })).ask("QUIT"),
      async () => (await open({ port: world.smtp })).socket().resetAndDestroy(),
      async () => (await open({ port: world.smtps, ca })).close(),
      async () => {
        const client = await open({ port: world.smtp });
        await client.startTls(ca);
        client.close();
      },
      async () => {
        const client = await open({ port: world.smtp });
        await client.ask("STARTTLS");
        client.write("this is no handshake\r\n");
        await client.ended;
      },
      async () => {
        const client = await connectRaw({ port: world.smtps });
        client.write("neither is this\r\n");
        await client.ended;
      },
    ];
    for (const end of ends) {
      await end();
      await sleep(50);
    }
    (await open({ port: world.smtp })).close();
    await world.stop();
  });

  it("are limited in all", async () => {
    const world = await startGatewayWorld({ env: { MAX_CONNECTIONS: "2" } });
    const clients = [];
    for (let n = 0; n < 3; n++) clients.push(await connectRaw({ port: world.smtp }));
    expect(await clients[2]?.reply()).toMatch(/^421 .*Too many connected clients/);
    for (const one of clients) one.close();
    await world.stop();
  });

  it("end when nothing is said for too long, and when nobody signs in", async () => {
    const world = await startGatewayWorld({ env: { IDLE_SECONDS: "0.5" } });
    const idle = await signIn({ port: world.smtp }, USER, PASSWORD);
    const stranger = await connectRaw({ port: world.smtp });
    await stranger.reply();
    const noise = setInterval(() => stranger.write("N"), 100);
    const since = Date.now();
    expect(await idle.reply()).toMatch(/^421 4\.4\.2 /);
    expect(await stranger.reply()).toBe("421 4.4.2 You did not sign in in time");
    expect(Date.now() - since).toBeLessThan(4_000);
    await Promise.all([idle.ended, stranger.ended]);
    clearInterval(noise);
    await world.stop();
  });
});

describe("told to stop, it", () => {
  it("answers the message under way, says goodbye to the others, takes nobody new, and ends", async () => {
    const world = await startGatewayWorld({ ingest: () => ({ delay: 400 }) });
    const gateway = await startGatewayProcess(gatewayEnv(world.folder));
    const way = { port: gateway.smtpPort };
    const idle = await signIn(way, USER, PASSWORD);
    const silent = await connectRaw(way);
    await silent.reply();
    const busy = await signIn(way, USER, PASSWORD);
    const half = await signIn(way, USER, PASSWORD);
    for (const one of [half]) {
      for (const line of ["MAIL FROM:<a@b.test>", "RCPT TO:<c@example.com>", "DATA"]) {
        await one.ask(line);
      }
      one.write("Subject: half\r\n");
    }
    const reply = submit(busy, MAIL);
    await sleep(100);
    gateway.signal("SIGTERM");
    for (const one of [idle, silent]) {
      expect(await one.reply()).toBe("421 4.3.2 Shutting down");
      await one.ended;
    }
    await expect(connectRaw(way)).rejects.toThrow(/ECONNREFUSED/);
    const health = await fetch(`http://127.0.0.1:${gateway.statusPort}/health`);
    expect([health.status, await health.json()]).toEqual([503, { status: "stopping" }]);
    expect(await reply).toMatch(/^250 2\.0\.0 /);
    half.write("\r\nthe other half\r\n.\r\n");
    expect(await half.reply()).toMatch(/^250 2\.0\.0 /);
    expect(await gateway.ended).toBe(0);
    expect(world.worker.stored).toHaveLength(2);
    await world.stop();
  });

  it("waits no longer than it may, and a second signal ends it at once", async () => {
    const world = await startGatewayWorld({ ingest: () => ({ drop: "hang" }) });
    for (const [seconds, signals] of [
      ["0.5", 1],
      ["20", 2],
    ] as const) {
      const gateway = await startGatewayProcess({
        ...gatewayEnv(world.folder),
        STOP_SECONDS: seconds,
      });
      const client = await signIn({ port: gateway.smtpPort }, USER, PASSWORD);
      const reply = submit(client, MAIL).catch((error: unknown) => error);
      await sleep(100);
      const since = Date.now();
      for (let n = 0; n < signals; n++) {
        gateway.signal("SIGTERM");
        await sleep(50);
      }
      expect(await gateway.ended).toBe(signals - 1);
      expect(Date.now() - since).toBeLessThan(3_000);
      expect(String(await reply)).not.toContain("250 ");
    }
    await world.stop();
  });
});

describe("a start that cannot be", () => {
  it("because a port is taken ends, also when another port was free", async () => {
    const world = await startGatewayWorld();
    const env = { ...gatewayEnv(world.folder), STATUS_PORT: String(world.gateway.statusPort) };
    const since = Date.now();
    await expect(startGatewayProcess(env)).rejects.toThrow(/EADDRINUSE/);
    expect(Date.now() - since).toBeLessThan(15_000);
    await world.stop();
  });

  it.each([
    [{ SMTP_PORT: "x" }, /SMTP_PORT/],
    [{ TENANTS_FILE: "/nowhere/tenants.json" }, /ENOENT.*\/nowhere\/tenants\.json/],
    [{ TLS_KEY_FILE: "/dev/null" }, /DECODER|unsupported/],
  ])("with %j says why and ends", async (env, message) => {
    const world = await startGatewayWorld();
    const start = startGatewayProcess({ ...gatewayEnv(world.folder), ...env });
    await expect(start).rejects.toThrow(message);
    await world.stop();
  });
});
