// A real authoritative name server (NSD) on loopback with one zone, and DNS over HTTPS before it: what
// verification asks in production, without the Internet.
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { promises as dns } from "node:dns";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** One record; MX values are `<preference> <host>`. */
export type ZoneRecord = { readonly type: string; readonly name: string; readonly value: string };

/** A running name server. */
export type NameServer = {
  /** Where DNS over HTTPS answers. */
  readonly dohUrl: string;
  /** Replaces what the zone holds, and waits until it is served. */
  readonly publish: (records: readonly ZoneRecord[]) => Promise<void>;
  /** The TXT records of a name, as any resolver gives them. */
  readonly txt: (name: string) => Promise<string[][]>;
  readonly stop: () => Promise<void>;
};

const READY_MS = 10_000;

/** Serves one zone, empty at first. */
export async function startNameServer(zone: string): Promise<NameServer> {
  const folder = mkdtempSync(join(tmpdir(), "edgepost-dns-"));
  const port = await freePort();
  const file = join(folder, "zone");
  writeFileSync(join(folder, "nsd.conf"), configuration({ folder, port, zone, file }));
  const resolver = new dns.Resolver({ timeout: 1_000, tries: 2 });
  resolver.setServers([`127.0.0.1:${port}`]);
  let serial = 1;
  let server: ChildProcess | null = null;

  async function publish(records: readonly ZoneRecord[]): Promise<void> {
    serial += 1;
    writeFileSync(file, zoneText(zone, serial, records));
    await end(server);
    server = spawn("/usr/sbin/nsd", ["-d", "-c", join(folder, "nsd.conf")], { stdio: "ignore" });
    const deadline = Date.now() + READY_MS;
    while ((await resolver.resolveSoa(zone).catch(() => null))?.serial !== serial) {
      if (Date.now() > deadline) throw new Error("NSD does not serve the zone");
      await sleep(20);
    }
  }

  await publish([]);
  const doh = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? "/", "http://localhost");
    void answer(resolver, searchParams.get("name") ?? "", searchParams.get("type") ?? "").then(
      (body) =>
        response.setHeader("content-type", "application/dns-json").end(JSON.stringify(body)),
    );
  });
  await new Promise<void>((resolve) => doh.listen(0, "127.0.0.1", resolve));
  const address = doh.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    dohUrl: `http://127.0.0.1:${address.port}/dns-query`,
    publish,
    txt: (name) => resolver.resolveTxt(name),
    async stop() {
      doh.closeAllConnections();
      doh.close();
      await end(server);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function end(server: ChildProcess | null): Promise<void> {
  if (server === null || server.exitCode !== null) return;
  const gone = new Promise((resolve) => server.once("close", resolve));
  server.kill("SIGTERM");
  await gone;
}

const TYPES: Readonly<Record<string, number>> = {
  A: 1,
  CNAME: 5,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
};

/** An answer in the JSON form that public resolvers give. */
async function answer(resolver: dns.Resolver, name: string, type: string): Promise<object> {
  const entries = await lookUp(resolver, name, type).catch((error: unknown) =>
    error instanceof Error && /ENOTFOUND|ENODATA/.test(error.message) ? [] : null,
  );
  if (entries === null) return { Status: 2 };
  return { Status: 0, Answer: entries.map((data) => ({ name, type: TYPES[type], TTL: 1, data })) };
}

async function lookUp(resolver: dns.Resolver, name: string, type: string): Promise<string[]> {
  switch (type) {
    case "TXT":
      return (await resolver.resolveTxt(name)).map((parts) =>
        parts.map((part) => `"${part.replace(/["\\]/g, String.raw`\$&`)}"`).join(" "),
      );
    case "MX":
      return (await resolver.resolveMx(name)).map((mx) => `${mx.priority} ${mx.exchange}.`);
    case "CNAME":
      return (await resolver.resolveCname(name)).map((host) => `${host}.`);
    case "A":
      return resolver.resolve4(name);
    case "AAAA":
      return resolver.resolve6(name);
    default:
      return [];
  }
}

function zoneText(zone: string, serial: number, records: readonly ZoneRecord[]): string {
  const lines = records.map(
    ({ type, name, value }) => `${name}. 1 IN ${type} ${rdata(type, value)}`,
  );
  const soa = `${zone}. 1 IN SOA ns.${zone}. admin.${zone}. ${serial} 3600 600 86400 1`;
  return [soa, `${zone}. 1 IN NS ns.${zone}.`, `ns.${zone}. 1 IN A 127.0.0.1`, ...lines, ""].join(
    "\n",
  );
}

function rdata(type: string, value: string): string {
  if (type === "TXT")
    return (value.match(/.{1,255}/g) ?? [""]).map((part) => `"${part}"`).join(" ");
  return type === "MX" || type === "CNAME" ? `${value}.` : value;
}

function configuration(about: {
  folder: string;
  port: number;
  zone: string;
  file: string;
}): string {
  const { folder, port, zone, file } = about;
  return `server:
  ip-address: 127.0.0.1
  port: ${port}
  username: ""
  chroot: ""
  zonesdir: "${folder}"
  pidfile: "${folder}/nsd.pid"
  database: ""
  xfrdfile: "${folder}/xfrd.state"
  zonelistfile: "${folder}/zone.list"
  logfile: "${folder}/nsd.log"
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: "${zone}"
  zonefile: "${file}"
`;
}

async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}
