// A real Postfix on loopback that passes everything on to one sink: what happens to mail on its way.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SMTPServer } from "smtp-server";
import { freePort } from "../../peers/free-port.ts";

const POSTFIX = "/usr/sbin/postfix";
const READY_MS = 15_000;

/** A running Postfix and its sink. */
export type Postfix = {
  readonly port: number;
  /** The messages that arrived, whole. */
  readonly arrived: readonly Buffer[];
  readonly stop: () => Promise<void>;
};

/** A running Postfix that passes everything on to somebody else's port. */
export type PostfixRelay = Pick<Postfix, "port"> & { readonly stop: () => void };

/** Starts it before a sink of its own; only root may. */
export async function startPostfix(): Promise<Postfix> {
  const arrived: Buffer[] = [];
  const sink = new SMTPServer({
    authOptional: true,
    disabledCommands: ["AUTH", "STARTTLS"],
    onData(stream, _session, callback) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        arrived.push(Buffer.concat(chunks));
        callback();
      });
    },
  });
  await new Promise<void>((resolve) => sink.listen(0, "127.0.0.1", resolve));
  const relay = await startPostfixRelay(portOf(sink.server), {});
  return {
    port: relay.port,
    arrived,
    async stop() {
      relay.stop();
      await new Promise<void>((resolve) => sink.close(resolve));
    },
  };
}

/** Starts it before this port, with more lines for its main.cf; only root may. */
export async function startPostfixRelay(
  sinkPort: number,
  settings: Readonly<Record<string, string>>,
): Promise<PostfixRelay> {
  const folder = mkdtempSync("/tmp/edgepost-postfix-");
  const port = await freePort();
  configure(folder, { port, sinkPort, settings });
  const config = join(folder, "config");
  const started = spawnSync(POSTFIX, ["-c", config, "start"], { encoding: "utf8" });
  if (started.status !== 0) throw new Error(`Postfix does not start: ${started.stderr}`);
  const stop = (): void => {
    process.off("exit", stop);
    spawnSync(POSTFIX, ["-c", config, "stop"]);
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", stop);
  await answers(port);
  return { port, stop };
}

function configure(
  folder: string,
  given: {
    readonly port: number;
    readonly sinkPort: number;
    readonly settings: Readonly<Record<string, string>>;
  },
): void {
  const { port, sinkPort, settings } = given;
  for (const name of ["config", "queue", "data"]) mkdirSync(join(folder, name));
  spawnSync("chmod", ["755", folder]);
  spawnSync("chown", ["postfix", join(folder, "data")]);
  const main = {
    compatibility_level: "3.6",
    queue_directory: join(folder, "queue"),
    data_directory: join(folder, "data"),
    maillog_file: join(folder, "log"),
    maillog_file_prefixes: folder,
    inet_interfaces: "127.0.0.1",
    inet_protocols: "ipv4",
    myhostname: "postfix.test",
    mydestination: "",
    mynetworks: "127.0.0.0/8",
    relayhost: `[127.0.0.1]:${sinkPort}`,
    smtpd_relay_restrictions: "permit_mynetworks,reject",
    alias_maps: "",
    alias_database: "",
    smtputf8_enable: "yes",
    disable_dns_lookups: "yes",
    smtp_host_lookup: "native",
    default_process_limit: "10",
    ...settings,
  };
  const lines = Object.entries(main).map(([name, value]) => `${name} = ${value}`);
  writeFileSync(join(folder, "config", "main.cf"), `${lines.join("\n")}\n`);
  const services = [
    `127.0.0.1:${port} inet n - n - - smtpd`,
    "pickup unix n - n 60 1 pickup",
    "cleanup unix n - n - 0 cleanup",
    "qmgr unix n - n 300 1 qmgr",
    "rewrite unix - - n - - trivial-rewrite",
    "bounce unix - - n - 0 bounce",
    "defer unix - - n - 0 bounce",
    "trace unix - - n - 0 bounce",
    "smtp unix - - n - - smtp",
    "relay unix - - n - - smtp",
    "showq unix n - n - - showq",
    "error unix - - n - - error",
    "retry unix - - n - - error",
    "discard unix - - n - - discard",
    "anvil unix - - n - 1 anvil",
    "scache unix - - n - 1 scache",
    "proxymap unix - - n - - proxymap",
    "tlsmgr unix - - n 1000? 1 tlsmgr",
    "postlog unix-dgram n - n - 1 postlogd",
  ];
  writeFileSync(join(folder, "config", "master.cf"), `${services.join("\n")}\n`);
}

async function answers(port: number): Promise<void> {
  const { connect } = await import("node:net");
  const deadline = Date.now() + READY_MS;
  for (;;) {
    const up = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true));
      socket.once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (up) return;
    if (Date.now() > deadline) throw new Error("Postfix does not answer");
    await sleep(50);
  }
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
