// The gateway as a whole: makes its world, listens, keeps files current, and stops without losing what
// is being received. Holds no mail: what it has said 250 to is with the Worker.
import type { Server } from "node:net";
import type { Log } from "../src/lib/log.ts";
import { addressLimit } from "./address-limit.ts";
import { type Certificate, checkedCertificate } from "./certificate.ts";
import type { Config } from "./config.ts";
import { lockOut } from "./lock-out.ts";
import { createMetrics } from "./metrics.ts";
import { type Current, keepCurrent } from "./reload.ts";
import { SubmissionServer } from "./server.ts";
import { statusServer } from "./status-http.ts";
import { parseTenants } from "./tenants.ts";
import { verdictCache } from "./verdict-cache.ts";
import { createWorkerClient } from "./worker-client.ts";
import type { World } from "./world.ts";

/** A gateway that listens; ports are null where they are off. */
export type Gateway = {
  readonly smtpPort: number | null;
  readonly smtpsPort: number | null;
  readonly statusPort: number | null;
  /** Looks at certificate and tenants now. */
  readonly reload: () => Promise<void>;
  /** Takes nothing new, lets messages under way be answered within `limits.stopMs`, then ends. */
  readonly stop: () => Promise<void>;
};

/** Starts it; throws when a file or a port is no good. */
export async function startGateway(config: Config, log: Log): Promise<Gateway> {
  const servers: SubmissionServer[] = [];
  const { world, files, certificate } = await openWorld(config, log, servers);
  const addresses = addressLimit(config.limits.connectionsPerAddress);
  const open = async (port: number | null, implicitTls: boolean): Promise<number | null> => {
    if (port === null) return null;
    const own = certificate?.value() ?? null;
    const server = new SubmissionServer({ world, addresses, certificate: own, implicitTls });
    servers.push(server);
    return await listen(server.server, port, config.host);
  };
  let stopping = false;
  const status = statusServer({ metrics: world.metrics, isServing: () => !stopping });
  const { statusPort, statusHost } = config;
  const ports = {
    smtpPort: await open(config.smtpPort, false),
    smtpsPort: await open(config.smtpsPort, true),
    statusPort: statusPort === null ? null : await listen(status, statusPort, statusHost),
  };
  measure(world, servers, certificate);
  log("info", "listening", ports);
  const stop = async (): Promise<void> => {
    stopping = true;
    log("info", "stopping");
    for (const file of files) file.stop();
    await Promise.all(servers.map((server) => server.stop()));
    world.client.close();
    status.closeAllConnections();
    if (status.listening) await new Promise((resolve) => status.close(resolve));
    log("info", "stopped");
  };
  let stopped: Promise<void> | null = null;
  return {
    ...ports,
    reload: async () => void (await Promise.all(files.map((file) => file.look()))),
    stop: () => (stopped ??= stop()),
  };
}

/** The world, and the files that it is kept current from. */
async function openWorld(config: Config, log: Log, servers: readonly SubmissionServer[]) {
  const verdicts = verdictCache();
  const tenants = await keepCurrent({
    files: [config.tenantsFile],
    parse: (text = "") => parseTenants(text),
    changed: verdicts.clear,
    log,
  });
  const certificate = await certificateOf(config, log, ({ cert, key }) => {
    for (const server of servers) server.updateSecureContext({ cert, key });
  });
  const world: World = {
    config,
    log,
    metrics: createMetrics(),
    client: createWorkerClient(),
    verdicts,
    lockOut: lockOut({ delayMs: config.limits.authDelayMs, lockMs: config.limits.authLockMs }),
    tenants: tenants.value,
  };
  return { world, certificate, files: certificate ? [tenants, certificate] : [tenants] };
}

async function certificateOf(
  { certificate }: Config,
  log: Log,
  changed: (value: Certificate) => void,
): Promise<Current<Certificate> | null> {
  if (certificate === null) return null;
  return await keepCurrent({
    files: [certificate.certFile, certificate.keyFile],
    parse: (cert = "", key = "") => checkedCertificate(cert, key),
    changed,
    log,
  });
}

function measure(
  { metrics, tenants }: World,
  servers: readonly SubmissionServer[],
  certificate: Current<Certificate> | null,
): void {
  const sum = (of: (server: SubmissionServer) => number): number =>
    servers.reduce((total, server) => total + of(server), 0);
  metrics.gauge("edgepost_gateway_connections", () => sum((server) => server.connections.size));
  metrics.gauge("edgepost_gateway_uploads", () => sum((server) => server.uploads));
  metrics.gauge("edgepost_gateway_tenants", () => tenants().size);
  metrics.gauge("edgepost_gateway_certificate_expires_seconds", () =>
    Math.floor((certificate?.value().expiresAt ?? 0) / 1000),
  );
  metrics.gauge("edgepost_gateway_resident_bytes", () => process.memoryUsage.rss());
}

async function listen(server: Server, port: number, host: string | null): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, ...(host === null ? {} : { host }) }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not a TCP port");
  return address.port;
}
