// The world of a test from end to end: the real Worker in workerd, a relay behind it, and a gateway before
// it, in this process or in one of its own that can be killed.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readConfig } from "../../../gateway/config.ts";
import { type Gateway, startGateway } from "../../../gateway/gateway.ts";
import { jsonLog } from "../../../gateway/log.ts";
import { type Certificates, makeCertificates } from "../../peers/certificate.ts";
import type { PeerMessage } from "../../peers/script.ts";
import type { Ground } from "../faults/ground.ts";
import { World } from "../faults/world.ts";
import { type GatewayProcess, startGatewayProcess } from "./gateway-process.ts";
import { gatewayEnv, SECRET, writeFiles, writeTenants } from "./world.ts";

/** A running Worker with its relay, and gateways as they are asked for. */
export type RealWorld = {
  readonly world: World;
  readonly certificates: Certificates;
  readonly folder: string;
  /** A gateway in this process; ends with the world. */
  readonly open: (env?: Readonly<Record<string, string>>) => Promise<OpenGateway>;
  /** A gateway in a process of its own; whoever started it ends it. */
  readonly spawn: (env?: Readonly<Record<string, string>>) => Promise<GatewayProcess>;
  /** Tells every gateway where the Worker is, such as after it was started again. */
  readonly follow: (workerUrl?: string) => Promise<void>;
  /** What the relay took for a recipient, waited for. */
  readonly delivered: (recipient: string) => Promise<Delivered>;
  readonly stop: () => Promise<void>;
};

/** A gateway of this process and what it logged. */
export type OpenGateway = Gateway & {
  readonly smtp: number;
  readonly smtps: number;
  readonly log: () => readonly Readonly<Record<string, unknown>>[];
};

/** A message at the relay. */
export type Delivered = PeerMessage & { readonly bytes: Buffer };

const DELIVERY_DEADLINE_MS = 30_000;
const LOOK_EVERY_MS = 50;

/** Starts the Worker over a copy of the ground. */
export async function startRealWorld(ground: Ground): Promise<RealWorld> {
  const world = new World(ground, {});
  await world.start();
  const folder = mkdtempSync(join(tmpdir(), "edgepost-real-"));
  const certificates = makeCertificates();
  writeFiles(folder, world.url, certificates);
  const follow = async (workerUrl = world.url): Promise<void> => {
    writeTenants(folder, { "edgepost.test": { worker_url: workerUrl, secret: SECRET } });
    await Promise.all(gateways.map((gateway) => gateway.reload()));
  };
  const gateways: Gateway[] = [];
  return {
    world,
    certificates,
    folder,
    follow,
    async open(env = {}) {
      const lines: string[] = [];
      const config = readConfig({ ...gatewayEnv(folder), ...env });
      const gateway = await startGateway(
        config,
        jsonLog((line) => lines.push(line)),
      );
      gateways.push(gateway);
      return {
        ...gateway,
        smtp: gateway.smtpPort ?? 0,
        smtps: gateway.smtpsPort ?? 0,
        log: () => lines.map((line) => JSON.parse(line)),
      };
    },
    spawn: (env = {}) => startGatewayProcess({ ...gatewayEnv(folder), ...env }),
    async delivered(recipient) {
      const deadline = Date.now() + DELIVERY_DEADLINE_MS;
      while (Date.now() < deadline) {
        const found = world.peer.log().messages.find(({ to }) => to.includes(recipient));
        if (found) return { ...found, bytes: Buffer.from(found.content, "base64") };
        await sleep(LOOK_EVERY_MS);
      }
      throw new Error(`nothing was delivered to ${recipient}:\n${world.output}`);
    },
    async stop() {
      await Promise.all(gateways.map((gateway) => gateway.stop()));
      await world.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
