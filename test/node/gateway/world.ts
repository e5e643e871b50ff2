// The world of a gateway test: a gateway in this process, a scripted Worker behind it, a certificate of
// the test CA, and what the gateway logged.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../../../gateway/config.ts";
import { type Gateway, startGateway } from "../../../gateway/gateway.ts";
import { jsonLog } from "../../../gateway/log.ts";
import { GATEWAY_SECRET } from "../gateway-secret.ts";
import { type Certificates, makeCertificates } from "../../peers/certificate.ts";
import {
  type PeerCredential,
  startSubmissionWorker,
  type SubmissionWorker,
  type WorkerScript,
} from "../../peers/submission-worker.ts";

export const SECRET = GATEWAY_SECRET;

export const USER = "mailer@edgepost.test";
export const PASSWORD = "correct-horse-battery-staple-0001";

/** A running gateway and its surroundings. */
export type GatewayWorld = {
  readonly gateway: Gateway;
  readonly worker: SubmissionWorker;
  readonly script: WorkerScript;
  readonly certificates: Certificates;
  readonly folder: string;
  readonly smtp: number;
  readonly smtps: number;
  /** Lines of the log, parsed. */
  readonly log: () => readonly Readonly<Record<string, unknown>>[];
  /** The log as it was written. */
  readonly logText: () => string;
  readonly metrics: () => Promise<string>;
  readonly stop: () => Promise<void>;
};

/** What is particular to a world. */
export type GatewaySetting = {
  readonly env?: Readonly<Record<string, string>>;
  readonly credentials?: Readonly<Record<string, PeerCredential>>;
  readonly auth?: NonNullable<WorkerScript["auth"]>;
  readonly ingest?: NonNullable<WorkerScript["ingest"]>;
};

/** The environment of a gateway with a certificate that allows AUTH in clear and waits for nobody. */
export function gatewayEnv(folder: string): Record<string, string> {
  return {
    SERVER_NAME: "smtp.edgepost.test",
    HOST: "127.0.0.1",
    SMTP_PORT: "0",
    SMTPS_PORT: "0",
    STATUS_PORT: "0",
    TLS_CERT_FILE: join(folder, "cert.pem"),
    TLS_KEY_FILE: join(folder, "key.pem"),
    TENANTS_FILE: join(folder, "tenants.json"),
    ALLOW_CLEARTEXT_AUTH: "true",
    AUTH_DELAY_MS: "1",
    MAX_CONNECTIONS_PER_ADDRESS: "1000",
    STOP_SECONDS: "5",
  };
}

/** Writes what a gateway reads: certificate, key and the tenants file. */
export function writeFiles(folder: string, workerUrl: string, certificates: Certificates): void {
  const { cert, key } = certificates.leaves.trusted;
  writeFileSync(join(folder, "cert.pem"), cert);
  writeFileSync(join(folder, "key.pem"), key);
  writeFileSync(join(folder, "ca.pem"), certificates.ca);
  writeTenants(folder, { "edgepost.test": { worker_url: workerUrl, secret: SECRET } });
}

export function writeTenants(folder: string, tenants: object): void {
  writeFileSync(join(folder, "tenants.json"), JSON.stringify(tenants));
}

/** Starts a world. */
export async function startGatewayWorld(setting: GatewaySetting = {}): Promise<GatewayWorld> {
  const folder = mkdtempSync(join(tmpdir(), "edgepost-gateway-"));
  const certificates = makeCertificates();
  const script: WorkerScript = {
    secret: SECRET,
    credentials: { [USER]: { password: PASSWORD }, ...setting.credentials },
    ...(setting.auth ? { auth: setting.auth } : {}),
    ...(setting.ingest ? { ingest: setting.ingest } : {}),
  };
  const worker = await startSubmissionWorker(script);
  writeFiles(folder, worker.url, certificates);
  const lines: string[] = [];
  const config = readConfig({ ...gatewayEnv(folder), ...setting.env });
  const gateway = await startGateway(
    config,
    jsonLog((line) => lines.push(line)),
  );
  return {
    gateway,
    worker,
    script,
    certificates,
    folder,
    smtp: gateway.smtpPort ?? 0,
    smtps: gateway.smtpsPort ?? 0,
    log: () => lines.map((line) => JSON.parse(line)),
    logText: () => lines.join(""),
    async metrics() {
      return (await fetch(`http://127.0.0.1:${gateway.statusPort}/metrics`)).text();
    },
    async stop() {
      await gateway.stop();
      await worker.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
